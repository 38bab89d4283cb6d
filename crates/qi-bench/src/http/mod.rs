//! HTTP servers on hyper, the same answers on Qi and on Tokio: this process serves, and a well-known
//! client in another one asks, over as many connections as the workload says.

mod client;
mod on_qi;
mod on_tokio;

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};

use crate::measure::process_cpu_ns;
use crate::sample::Sample;
use crate::workload::Job;

/// The protocol of a load: each has a client of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// HTTP/1.1: a connection asks when it has its answer.
    One,
    /// HTTP/2: ten requests under way on each connection.
    Two,
}

/// Connections that may wait to be accepted. The standard library asks for 128, and of 512 that come at
/// once the rest would try again a second later, when the load is over.
const BACKLOG: i32 = 4096;

/// What a workload of this family asks for; `None` for another name.
fn plan(workload: &str) -> Option<(Version, usize)> {
    Some(match workload {
        "http1-64" => (Version::One, 64),
        "http1-512" => (Version::One, 512),
        "http2-64" => (Version::Two, 64),
        "http2-512" => (Version::Two, 512),
        _ => return None,
    })
}

/// What every request gets.
async fn answer(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"Hello from hyper\n"))))
}

/// On Qi; `None` for a workload of another family.
pub(crate) fn on_qi(workload: &str, job: &Job) -> Option<Sample> {
    plan(workload).map(|plan| serve(job, plan, on_qi::start))
}

/// On Tokio; `None` for a workload of another family.
pub(crate) fn on_tokio(workload: &str, job: &Job) -> Option<Sample> {
    plan(workload).map(|plan| serve(job, plan, on_tokio::start))
}

/// Starts the server and puts it under load.
fn serve(
    job: &Job,
    (version, connections): (Version, usize),
    start: fn(TcpListener, usize),
) -> Sample {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    rustix::net::listen(&listener, BACKLOG).expect("it listens already");
    let address = listener.local_addr().expect("a bound listener has an address");
    start(listener, job.workers);
    // Unmeasured: pages, caches and whatever else the first requests find cold.
    client::load(version, address, connections, client::WARM_S);
    let seconds = if job.quick { client::QUICK_S } else { client::FULL_S };
    under(version, address, connections, seconds)
}

fn under(version: Version, address: SocketAddr, connections: usize, seconds: u32) -> Sample {
    let cpu_before = process_cpu_ns();
    let load = client::load(version, address, connections, seconds);
    let cpu_ns = (process_cpu_ns() - cpu_before) as f64;
    Sample::default()
        .with("operations", load.requests)
        .with("cpu_ns", cpu_ns / load.requests)
        .with("requests_per_s", load.requests_per_s)
}
