//! TCP echo: this process is the server, the load client is another, one and the same for every
//! peer.
//!
//! # Protocol
//! The client writes one line when its connections are up and warm (`begin`), one when the
//! saturating phase is over (`end REQUESTS WALL_NS`), and one with the latencies of the paced phase
//! (JSON). The server's CPU time is read at the first two.

use std::env;
use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener};
use std::process::{ChildStdout, Command, Stdio};

use super::Job;
use crate::measure::process_cpu_ns;
use crate::peer::Peer;
use crate::sample::Sample;

/// What a peer must hand over to be measured: a server that runs, and where.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: u64,
}

fn next_line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines.next().expect("the load client does not stop early").expect("its output is text")
}

/// Runs the load client against a server of this process.
pub(crate) fn serve(job: &Job, server: &Server) -> Sample {
    let myself = env::current_exe().expect("this program knows where it is");
    let mut client = Command::new(myself)
        .arg("--echo-client")
        .arg(server.address.to_string())
        .arg(server.connections.to_string())
        .arg(if job.quick { "quick" } else { "full" })
        .stdout(Stdio::piped())
        .spawn()
        .expect("the load client starts");
    let output = client.stdout.take().expect("its output is piped");
    let mut lines = BufReader::new(output).lines();

    assert_eq!(next_line(&mut lines), "begin", "the load client begins");
    let cpu_before = process_cpu_ns();
    let end = next_line(&mut lines);
    let cpu_ns = (process_cpu_ns() - cpu_before) as f64;
    let figures: Vec<f64> =
        end.split(' ').skip(1).map(|word| word.parse().expect("a number")).collect();
    let [requests, wall_ns] = figures[..] else { panic!("`{end}` is no end of a phase") };
    let paced: Sample = serde_json::from_str(&next_line(&mut lines)).expect("the latencies");
    client.wait().expect("the load client ends");

    paced
        .with("operations", requests)
        .with("wall_ns", wall_ns / requests)
        .with("cpu_ns", cpu_ns / requests)
        .with("requests_per_s", requests / wall_ns * 1e9)
}

/// The peer's echo server under the load client.
pub(super) fn run<P: Peer>(job: &Job, connections: u64) -> Sample {
    let runtime = P::start(job.workers);
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let accepting = runtime.spawn_outside(P::echo(listener));
    let sample = serve(job, &Server { address, connections });
    // The server never ends by itself; the process does.
    std::mem::forget((accepting, runtime));
    sample
}
