//! The clients: `wrk` for HTTP/1.1, `h2load` for HTTP/2, one thread each.

use std::net::SocketAddr;
use std::process::Command;

use super::Version;

/// Seconds of the unmeasured start, and of a measured load in a full and in a quick run.
pub(super) const WARM_S: u32 = 1;
pub(super) const FULL_S: u32 = 3;
pub(super) const QUICK_S: u32 = 1;

/// What a client tells of a load.
pub(super) struct Load {
    pub(super) requests: f64,
    pub(super) requests_per_s: f64,
}

/// Runs a client for so many seconds.
///
/// # Panics
/// If it is not installed, or a request failed.
pub(super) fn load(version: Version, to: SocketAddr, connections: usize, seconds: u32) -> Load {
    let url = format!("http://{to}/");
    let connections = format!("-c{connections}");
    let (program, read) = match version {
        Version::One => ("wrk", wrk as fn(&str) -> Option<Load>),
        Version::Two => ("h2load", h2load as fn(&str) -> Option<Load>),
    };
    let mut command = Command::new(program);
    command.args(["-t1", &connections]);
    match version {
        Version::One => command.arg(format!("-d{seconds}s")),
        Version::Two => command.args(["-m10", &format!("-D{seconds}")]),
    };
    let output = command.arg(url).output();
    let output = output
        .unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask setup` installs it"));
    let said = String::from_utf8_lossy(&output.stdout);
    read(&said)
        .unwrap_or_else(|| panic!("{program} tells of failures: {}", said.replace('\n', " ")))
}

/// The figures of `wrk`; `None` if a request failed.
fn wrk(said: &str) -> Option<Load> {
    if said.contains("Socket errors") || said.contains("Non-2xx") {
        return None;
    }
    let number = |text: &str| {
        let line = said.lines().find(|line| line.contains(text))?;
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
    };
    Some(Load { requests: number("requests in")?, requests_per_s: number("Requests/sec")? })
}

/// The figures of `h2load`; `None` if a request failed.
fn h2load(said: &str) -> Option<Load> {
    let counts = said.lines().find(|line| line.starts_with("requests:"))?;
    let count = |what: &str| {
        let before = counts.split(what).next()?.trim();
        before.rsplit(' ').next()?.parse::<f64>().ok()
    };
    let rate = said.lines().find(|line| line.starts_with("finished in"))?;
    let rate = rate.split(',').nth(1)?.trim().strip_suffix(" req/s")?;
    let harmed = count(" failed")? + count(" errored")?;
    let requests = count(" succeeded")?;
    (harmed == 0.0 && requests > 0.0)
        .then_some(Load { requests, requests_per_s: rate.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{h2load, wrk};

    #[test]
    fn figures_of_wrk_are_read_and_failures_refused() {
        let good = "  30042 requests in 1.00s, 4.21MB read\nRequests/sec:  30012.34\n";
        let load = wrk(good).expect("nothing failed");
        assert_eq!((load.requests, load.requests_per_s), (30042.0, 30012.34));
        assert!(wrk(&format!("{good}  Socket errors: connect 0, read 1\n")).is_none());
        assert!(wrk("unable to connect to 127.0.0.1").is_none());
    }

    #[test]
    fn figures_of_h2load_are_read_and_failures_refused() {
        let say = |failed: u32| {
            format!(
                "finished in 1.00s, 51234.50 req/s, 2.10MB/s\nrequests: 51230 total, 51240 started, \
                 51230 done, 51230 succeeded, {failed} failed, 0 errored, 0 timeout\n"
            )
        };
        let load = h2load(&say(0)).expect("nothing failed");
        assert_eq!((load.requests, load.requests_per_s), (51230.0, 51234.5));
        assert!(h2load(&say(3)).is_none());
        assert!(h2load("").is_none());
    }
}
