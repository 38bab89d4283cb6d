//! Two servers under the same load, in turns, in one run: requests per second, failures, and what a
//! request costs the server in CPU time. Linux.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Kernel ticks in a second, as `/proc` counts CPU time.
const TICKS_PER_SECOND: f64 = 100.0;

/// One measurement, or the medians of several.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Requests answered in a second.
    pub requests_per_second: f64,
    /// User and system time of the server, in microseconds per request.
    pub cpu_us_per_request: f64,
    /// Whether any request failed.
    pub failed: bool,
}

/// A server process; it is ended when this is dropped.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    process: Child,
    address: String,
}

impl Server {
    /// Starts a program that tells its address, `http://HOST:PORT`, on a line of its output.
    ///
    /// # Errors
    /// When it cannot be started, or ends without saying where it listens.
    pub fn start(
        name: &'static str,
        program: &Path,
        arguments: &[&str],
    ) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}; build it first", program.display()))?;
        let output = process.stdout.take().ok_or("the server's output is not to be had")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("http://") {
                let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
                let address = rest[..end.unwrap_or(rest.len())].to_owned();
                return Ok(Self { name, process, address });
            }
        }
        process.kill().ok();
        process.wait().ok();
        Err(format!("{} does not say where it listens", program.display()).into())
    }

    /// User and system time of the server so far.
    fn cpu_ticks(&self) -> Result<u64, Box<dyn Error>> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
    }

    /// Runs a load program to its end. `arguments` are followed by the server's URL; `read` finds
    /// requests, requests per second and failures in what it says.
    fn under(
        &self,
        program: &str,
        arguments: &[&str],
        read: impl FnOnce(&str) -> Option<(f64, f64, bool)>,
    ) -> Result<Load, Box<dyn Error>> {
        let before = self.cpu_ticks()?;
        let output = Command::new(program)
            .args(arguments)
            .arg(format!("http://{}/", self.address))
            .output()
            .map_err(|error| format!("{program}: {error}; `cargo xtask setup` installs it"))?;
        let ticks = self.cpu_ticks()? - before;
        let said = String::from_utf8_lossy(&output.stdout);
        let (requests, requests_per_second, failed) =
            read(&said).ok_or_else(|| format!("{program} said: {said}"))?;
        let cpu_us_per_request = ticks as f64 / TICKS_PER_SECOND * 1e6 / requests;
        Ok(Load { requests_per_second, cpu_us_per_request, failed })
    }

    /// Under `wrk`: HTTP/1.1, each connection sends its next request when it has its answer. `more`
    /// are further arguments.
    ///
    /// # Errors
    /// When `wrk` is not there, or says something else than it used to.
    pub fn under_wrk(
        &self,
        connections: usize,
        seconds: u32,
        more: &[&str],
    ) -> Result<Load, Box<dyn Error>> {
        let (connections, seconds) = (format!("-c{connections}"), format!("-d{seconds}s"));
        let arguments = [&["-t1", &connections, &seconds], more].concat();
        self.under("wrk", &arguments, |said| {
            let failed = said.contains("Socket errors") || said.contains("Non-2xx");
            Some((number(said, "requests in")?, number(said, "Requests/sec")?, failed))
        })
    }

    /// Under `h2load`: HTTP/2, with ten streams on each connection.
    ///
    /// # Errors
    /// When `h2load` is not there, or says something else than it used to.
    pub fn under_h2load(&self, connections: usize, seconds: u32) -> Result<Load, Box<dyn Error>> {
        let (connections, seconds) = (format!("-c{connections}"), format!("-D{seconds}"));
        self.under("h2load", &["-t1", "-m10", &connections, &seconds], |said| {
            let line = said.lines().find(|line| line.starts_with("requests:"))?;
            let count = |what: &str| -> Option<f64> {
                let before = line.split(what).next()?.trim();
                before.rsplit(' ').next()?.parse().ok()
            };
            let rate = said.lines().find(|line| line.starts_with("finished in"))?;
            let rate = rate.split(',').nth(1)?.trim().strip_suffix(" req/s")?.parse().ok()?;
            let failed = count(" failed")? + count(" errored")? > 0.0;
            Some((count(" succeeded")?, rate, failed))
        })
    }
}

/// The first number on the line that has this text.
fn number(said: &str, text: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains(text))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Measures the servers in turns, `rounds` times each, and prints every figure; the medians in the
/// servers' order.
///
/// # Errors
/// The first of `measure`.
pub fn in_turns<const N: usize>(
    servers: &[Server; N],
    what: &str,
    rounds: usize,
    measure: impl Fn(&Server) -> Result<Load, Box<dyn Error>>,
) -> Result<[Load; N], Box<dyn Error>> {
    let mut loads = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (server, loads) in servers.iter().zip(&mut loads) {
            let load = measure(server)?;
            println!(
                "{:6} {what:22} {:9.0} requests/s  {:6.2} µs CPU each{}",
                server.name,
                load.requests_per_second,
                load.cpu_us_per_request,
                if load.failed { "  FAILED REQUESTS" } else { "" },
            );
            loads.push(load);
        }
    }
    Ok(loads.map(|loads| Load {
        requests_per_second: median(&loads, |load| load.requests_per_second),
        cpu_us_per_request: median(&loads, |load| load.cpu_us_per_request),
        failed: loads.iter().any(|load| load.failed),
    }))
}

fn median(loads: &[Load], figure: impl Fn(&Load) -> f64) -> f64 {
    let mut values: Vec<f64> = loads.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
