//! A TCP proxy: it joins each client to one of its upstream servers, in turns.
//!
//! ```text
//! proxy --listen 127.0.0.1:7000 --to 127.0.0.1:8080 --to localhost:8081     until Ctrl-C
//! proxy --self-test                                  with a client and a server of its own
//! ```
//!
//! `kill -TERM`, or Ctrl-C, stops it gracefully: it accepts nobody any more and waits for those that
//! are there; a second one ends it at once. Connections count against `--connections`; beyond it
//! clients wait in the system's queue.
//!
//! ```text
//!   main ── args           a connection:  proxy ─► upstream (connect in turns) ─► copy_bidirectional
//!    └── proxy ── totals                    └ idle (cuts off who is silent for too long)
//! ```
#![forbid(unsafe_code)]

mod args;
mod idle;
mod proxy;
mod self_test;
mod totals;
mod upstream;

#[cfg(unix)]
#[path = "limit_unix.rs"]
mod limit;
#[cfg(not(unix))]
#[path = "limit_other.rs"]
mod limit;

use args::{Args, USAGE};
use proxy::Proxy;
use qi_examples::Trouble;
use qi_runtime::sync::CancellationToken;
use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Trouble> {
    let args = Args::parse().map_err(|error| Trouble::usage(&error))?;
    if args.help {
        print!("{USAGE}");
        return Ok(());
    }
    limit::raise();
    let mut config = AsyncRuntimeConfig::default();
    if let Some(workers) = args.workers {
        config.worker_threads = workers;
    }
    let runtime = AsyncRuntime::new(config)?;
    if args.self_test {
        return runtime.block_on(self_test::run());
    }
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let summary = runtime.block_on(async {
        let proxy = Proxy::bind(args.proxy).await?;
        println!("listening on {}", proxy.local_addr());
        Ok::<_, Trouble>(proxy.serve(&stop).await)
    })?;
    println!("{summary}");
    Ok(())
}

fn stop_on_signals(stop: &CancellationToken) -> Result<(), Trouble> {
    let stop = stop.clone();
    let installed = ctrlc::set_handler(move || {
        if stop.is_cancelled() {
            // The second time: at once. 130 is what shells report for a program ended by Ctrl-C.
            std::process::exit(130);
        }
        eprintln!("stopping; again to stop at once");
        stop.cancel();
    });
    installed.map_err(|error| Trouble::new(error.to_string(), "无法处理 Ctrl-C"))
}
