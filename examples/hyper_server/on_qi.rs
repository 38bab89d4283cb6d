//! The server on Qi: accepting, serving, and the graceful end.

use crate::answer::answer;
use crate::args::Args;
use hyper::service::service_fn;
use hyper_util::server::conn::auto::Builder;
use qi_examples::Trouble;
use qi_runtime::hyper::{Executor, Io, Timer};
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::sync::{CancellationToken, WaitGroup};
use qi_runtime::{AsyncRuntime, select, time};
use std::pin::pin;
use std::time::Duration;

/// How long requests in flight may take after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// A pause after an error of the listener, which would otherwise come again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn serve_until_interrupted(args: &Args) -> Result<(), Trouble> {
    let mut builder = AsyncRuntime::builder();
    if let Some(workers) = args.workers {
        builder = builder.worker_threads(workers);
    }
    let runtime = builder.build()?;
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    let installed = ctrlc::set_handler(move || {
        if interrupted.is_cancelled() {
            // The second time: at once. 130 is what shells report for a program ended by Ctrl-C.
            std::process::exit(130);
        }
        eprintln!("stopping; again to stop at once");
        interrupted.cancel();
    });
    installed.map_err(|error| Trouble::new(error.to_string(), "无法处理 Ctrl-C"))?;
    runtime.block_on(serve(&args.addr, stop))?;
    runtime.shutdown().map_err(|error| Trouble::new(error.to_string(), error.message_zh()))
}

/// Accepts until the stop, then waits for the connections.
async fn serve(addr: &str, stop: CancellationToken) -> Result<(), Trouble> {
    let bound = TcpListener::bind(addr).await;
    let told = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (local, listener) = told.map_err(|error| {
        Trouble::io(&format!("cannot listen on {addr}"), &format!("无法监听 {addr}"), &error)
    })?;
    println!("serving on http://{local} (qi)");
    let connections = WaitGroup::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _peer)) => {
                let (stop, place) = (stop.clone(), connections.worker());
                qi_runtime::spawn(async move {
                    connection(stream, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ended = time::timeout(GRACE, connections.wait()).await;
    println!("stopped{}", if ended.is_ok() { "" } else { ", with connections cut off" });
    Ok(())
}

/// Serves one connection; at the stop it ends after the request in flight.
async fn connection(stream: TcpStream, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        eprintln!("a connection that was gone at once: {error}");
        return;
    }
    let mut builder = Builder::new(Executor::current());
    builder.http1().timer(Timer::current());
    builder.http2().timer(Timer::current());
    let service = service_fn(|request| answer(request, time::sleep));
    let mut serving = pin!(builder.serve_connection(Io::new(stream), service));
    let ended = select! {
        biased;
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    // A client that goes away is no trouble of the server's.
    ended.ok();
}
