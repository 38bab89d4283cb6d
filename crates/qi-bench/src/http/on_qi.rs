//! hyper on Qi, through its adapters.

use std::net::TcpListener as Listener;

use hyper::service::service_fn;
use hyper_util::server::conn::auto::Builder;
use qi_runtime::AsyncRuntime;
use qi_runtime::hyper::{Executor, Io, Timer};
use qi_runtime::net::{TcpListener, TcpStream};

use super::answer;

/// Serves until the process ends.
pub(super) fn start(listener: Listener, workers: usize) {
    let runtime = AsyncRuntime::builder().worker_threads(workers).build();
    let runtime = runtime.expect("a Qi runtime starts");
    drop(runtime.spawn(async {
        let listener = TcpListener::from_std(listener).expect("Qi takes it over");
        while let Ok((stream, _)) = listener.accept().await {
            drop(qi_runtime::spawn(connection(stream)));
        }
    }));
    std::mem::forget(runtime);
}

async fn connection(stream: TcpStream) {
    stream.set_nodelay(true).ok();
    let mut builder = Builder::new(Executor::current());
    builder.http1().timer(Timer::current());
    builder.http2().timer(Timer::current());
    // A client that goes away is no trouble of the server's.
    builder.serve_connection(Io::new(stream), service_fn(answer)).await.ok();
}
