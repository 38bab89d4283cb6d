//! hyper on Tokio, through hyper-util's adapters.

use std::net::TcpListener as Listener;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};

use super::answer;

/// Serves until the process ends.
pub(super) fn start(listener: Listener, workers: usize) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).enable_all().build();
    let runtime = runtime.expect("a Tokio runtime starts");
    drop(runtime.spawn(async {
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let listener = TcpListener::from_std(listener).expect("Tokio takes it over");
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream));
        }
    }));
    std::mem::forget(runtime);
}

async fn connection(stream: TcpStream) {
    stream.set_nodelay(true).ok();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    // A client that goes away is no trouble of the server's.
    builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await.ok();
}
