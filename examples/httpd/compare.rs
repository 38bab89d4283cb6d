//! httpd on Qi beside the same handler code on Tokio, in one run: requests per second, failures, and
//! what a request costs the server in CPU time. Linux, and `wrk` as the client.
//!
//! ```text
//! cargo build --release -p qi-examples --example httpd
//! cargo run --release -p qi-examples --features tokio-compare --bin httpd_compare -- [SECONDS]
//! ```
#![forbid(unsafe_code)]

use qi_examples::contest::{Server, in_turns};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Folders and files in each: thousands of small files, as a site has.
const FOLDERS: usize = 40;
const FILES: usize = 100;

/// Connections of the two loads.
const CONNECTIONS: [usize; 2] = [64, 1000];

/// Each server is measured so many times, in turns.
const ROUNDS: usize = 3;

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

fn compare(seconds: u32) -> Result<bool, Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("qi-httpd-compare-{}", std::process::id()));
    let script = make_site(&folder)?;
    let result = compare_on(&folder, &script, seconds);
    fs::remove_dir_all(&folder)?;
    result
}

fn compare_on(folder: &Path, script: &Path, seconds: u32) -> Result<bool, Box<dyn Error>> {
    let site = text(&folder.join("site"))?;
    let script = text(script)?;
    let beside = std::env::current_exe()?;
    let release = beside.parent().ok_or("this program lies in no folder")?;
    let arguments = [&*site, "--addr", "127.0.0.1:0", "--workers", "2"];
    let servers = [
        Server::start("qi", &release.join("examples/httpd"), &arguments)?,
        Server::start("tokio", &release.join("httpd_tokio"), &arguments)?,
    ];
    let mut good = true;
    for connections in CONNECTIONS {
        let what = format!("{connections} connections");
        let [qi, tokio] = in_turns(&servers, &what, ROUNDS, |server| {
            server.under_wrk(connections, seconds, &["-s", &script])
        })?;
        let cost = qi.cpu_us_per_request / tokio.cpu_us_per_request;
        println!("{what}: CPU per request, qi ÷ tokio: {cost:.2}");
        good &= !qi.failed && !tokio.failed && cost <= 1.1;
    }
    Ok(good)
}

fn text(path: &Path) -> Result<String, Box<dyn Error>> {
    Ok(path.to_str().ok_or("the folder for temporary files has an odd name")?.to_owned())
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
