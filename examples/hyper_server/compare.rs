//! hyper on Qi beside hyper on Tokio, with the same answers, in one run. Linux, with `wrk` as the client
//! for HTTP/1.1 and `h2load` for HTTP/2.
//!
//! ```text
//! cargo build --release -p qi-examples --features hyper --example hyper_server
//! cargo run --release -p qi-examples --features tokio-compare --bin hyper_compare -- [SECONDS] [ROUNDS]
//! ```
#![forbid(unsafe_code)]

use qi_examples::contest::{Load, Server, in_turns};
use std::error::Error;
use std::process::ExitCode;

/// Connections of the loads.
const CONNECTIONS: [usize; 2] = [64, 512];

/// What is measured may differ by so much from one run to the next.
const NOISE: f64 = 0.05;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let (seconds, rounds) = (numbers.next().unwrap_or(Ok(10)), numbers.next().unwrap_or(Ok(3)));
    let (Ok(seconds @ 1..=600), Ok(rounds @ 1..=99), None) = (seconds, rounds, numbers.next())
    else {
        eprintln!("usage: hyper_compare [SECONDS [ROUNDS]], 10 s and 3 if not said");
        return ExitCode::from(2);
    };
    match compare(seconds, rounds as usize) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a request failed, or a bar was missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("hyper_compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(seconds: u32, rounds: usize) -> Result<bool, Box<dyn Error>> {
    let beside = std::env::current_exe()?;
    let release = beside.parent().ok_or("this program lies in no folder")?;
    let arguments = ["--addr", "127.0.0.1:0", "--workers", "2"];
    let servers = [
        Server::start("qi", &release.join("examples/hyper_server"), &arguments)?,
        Server::start("tokio", &release.join("hyper_tokio"), &arguments)?,
    ];
    let mut good = true;
    for connections in CONNECTIONS {
        let what = format!("HTTP/1.1, {connections} conns");
        let loads = in_turns(&servers, &what, rounds, |server| {
            server.under_wrk(connections, seconds, &[])
        })?;
        good &= judge(&what, loads);
    }
    for connections in CONNECTIONS {
        let what = format!("HTTP/2, {connections} conns");
        let loads =
            in_turns(&servers, &what, rounds, |server| server.under_h2load(connections, seconds))?;
        good &= judge(&what, loads);
    }
    Ok(good)
}

/// Whether Qi serves at least as many requests, for no more CPU time each.
fn judge(what: &str, [qi, tokio]: [Load; 2]) -> bool {
    let rate = qi.requests_per_second / tokio.requests_per_second;
    let cost = qi.cpu_us_per_request / tokio.cpu_us_per_request;
    println!("{what}: qi ÷ tokio: requests/s {rate:.3}, CPU per request {cost:.3}");
    !qi.failed && !tokio.failed && rate >= 1.0 - NOISE && cost <= 1.0 + NOISE
}
