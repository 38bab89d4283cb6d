//! The server of `main.rs` on Tokio, with hyper-util's own adapters, to compare the two runtimes under
//! the same answers.
//!
//! `cargo build --release --package qi-examples --features tokio-compare --bin hyper_tokio`
#![forbid(unsafe_code)]

mod answer;
mod args;

use answer::answer;
use args::Args;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::error::Error;
use tokio::net::{TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse()?;
    if args.help {
        print!("{}", args::USAGE);
        return Ok(());
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = args.workers {
        builder.worker_threads(workers);
    }
    builder.enable_io().enable_time().build()?.block_on(serve(&args.addr))
}

async fn serve(addr: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(addr).await?;
    println!("serving on http://{} (tokio)", listener.local_addr()?);
    loop {
        let (stream, _peer) = listener.accept().await?;
        tokio::spawn(connection(stream));
    }
}

async fn connection(stream: TcpStream) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let service = service_fn(|request| answer(request, tokio::time::sleep));
    // A client that goes away is no trouble of the server's.
    builder.serve_connection(TokioIo::new(stream), service).await.ok();
}
