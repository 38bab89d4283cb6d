//! httpd on Qi beside the same handler code on Tokio, in one run: requests per second, failures, and
//! what a request costs the server in CPU time. Linux, and `wrk` as the client.
//!
//! ```text
//! cargo build --release -p qi-examples --example httpd
//! cargo run --release -p qi-examples --features tokio-compare --bin httpd_compare -- [SECONDS]
//! ```
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

/// Folders and files in each: thousands of small files, as a site has.
const FOLDERS: usize = 40;
const FILES: usize = 100;

/// Connections of the two loads.
const CONNECTIONS: [usize; 2] = [64, 1000];

/// Each server is measured so many times, in turns.
const ROUNDS: usize = 3;

/// Kernel ticks in a second, as `/proc` counts CPU time.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).map_or(Some(30), |text| text.parse().ok());
    let Some(seconds) = seconds.filter(|seconds| (1..=600).contains(seconds)) else {
        eprintln!("usage: httpd_compare [SECONDS], from 1 to 600");
        return ExitCode::from(2);
    };
    match compare(seconds) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a request failed, or a bar was missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("httpd_compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One measurement.
struct Load {
    requests_per_second: f64,
    cpu_us_per_request: f64,
    failed: bool,
}

fn compare(seconds: u32) -> Result<bool, Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("qi-httpd-compare-{}", std::process::id()));
    let script = make_site(&folder)?;
    let result = compare_on(&folder, &script, seconds);
    fs::remove_dir_all(&folder)?;
    result
}

fn compare_on(folder: &Path, script: &Path, seconds: u32) -> Result<bool, Box<dyn Error>> {
    let site = folder.join("site");
    let beside = std::env::current_exe()?;
    let release = beside.parent().ok_or("this program lies in no folder")?;
    let servers = [
        ("qi", Server::start(&release.join("examples/httpd"), &site)?),
        ("tokio", Server::start(&release.join("httpd_tokio"), &site)?),
    ];
    let mut good = true;
    for connections in CONNECTIONS {
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for ((name, server), costs) in servers.iter().zip(&mut costs) {
                let load = server.load(connections, seconds, script)?;
                println!(
                    "{name:6} {connections:5} connections  {:9.0} requests/s  {:6.2} µs CPU each{}",
                    load.requests_per_second,
                    load.cpu_us_per_request,
                    if load.failed { "  FAILED REQUESTS" } else { "" },
                );
                good &= !load.failed;
                costs.push(load.cpu_us_per_request);
            }
        }
        let [qi, tokio] = costs.map(median);
        println!("{connections} connections: CPU per request, qi ÷ tokio: {:.2}", qi / tokio);
        good &= qi <= 1.1 * tokio;
    }
    Ok(good)
}

/// A server process; it is ended when this is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(program: &Path, site: &Path) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(program)
            .arg(site)
            .args(["--addr", "127.0.0.1:0", "--workers", "2"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}; build it first", program.display()))?;
        let output = process.stdout.take().ok_or("the server's output is not to be had")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("http://") {
                let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
                let address = rest[..end.unwrap_or(rest.len())].to_owned();
                return Ok(Self { process, address });
            }
        }
        let _ = process.kill();
        Err(format!("{} does not say where it listens", program.display()).into())
    }

    fn load(
        &self,
        connections: usize,
        seconds: u32,
        script: &Path,
    ) -> Result<Load, Box<dyn Error>> {
        let before = self.cpu_ticks()?;
        let output = Command::new("wrk")
            .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"])
            .arg(script)
            .arg(format!("http://{}/", self.address))
            .output()
            .map_err(|error| format!("wrk: {error}; on Debian: apt-get install wrk"))?;
        let ticks = self.cpu_ticks()? - before;
        let said = String::from_utf8_lossy(&output.stdout);
        let number = |after: &str| -> Option<f64> {
            let line = said.lines().find(|line| line.contains(after))?;
            line.split_whitespace().find_map(|word| word.parse().ok())
        };
        let requests = number("requests in").ok_or_else(|| format!("wrk said: {said}"))?;
        Ok(Load {
            requests_per_second: number("Requests/sec").unwrap_or(0.0),
            cpu_us_per_request: ticks as f64 / TICKS_PER_SECOND * 1e6 / requests,
            failed: said.contains("Socket errors") || said.contains("Non-2xx"),
        })
    }

    /// User and system time of the server so far.
    fn cpu_ticks(&self) -> Result<u64, Box<dyn Error>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes the files, and a script that has wrk ask for all of them in turn.
fn make_site(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    for d in 0..FOLDERS {
        let inner = folder.join(format!("site/d{d}"));
        fs::create_dir_all(&inner)?;
        for f in 0..FILES {
            let length = [200, 1_000, 4_000, 12_000][(d + f) % 4];
            fs::write(inner.join(format!("f{f}.txt")), "x".repeat(length))?;
        }
    }
    let script = folder.join("files.lua");
    let all = FOLDERS * FILES;
    let next = format!(
        "local i = 0\nrequest = function()\n  i = (i + 1) % {all}\n  return wrk.format('GET', \
         '/d' .. (i % {FOLDERS}) .. '/f' .. math.floor(i / {FOLDERS}) .. '.txt')\nend\n"
    );
    fs::write(&script, next)?;
    Ok(script)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
