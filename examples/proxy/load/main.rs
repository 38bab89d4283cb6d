//! Load for a TCP proxy, each part a process of its own: an echo server, a client that opens all its
//! connections, holds them idle, and then moves and compares every byte; and a check that starts all
//! of them around a proxy and measures it.
//!
//! ```text
//! proxy_load check --connections 500 --bytes 64000000 PROGRAM [PROGRAM ...]
//! proxy_load serve                                    the echo server
//! proxy_load drive --to HOST:PORT --connections N --bytes N
//! ```
//!
//! A PROGRAM is a proxy that takes `--listen`, `--to` and `--workers`, and says where it listens.
#![forbid(unsafe_code)]

mod args;
mod check;
mod drive;
mod serve;

#[cfg(unix)]
#[path = "../limit_unix.rs"]
mod limit;
#[cfg(not(unix))]
#[path = "../limit_other.rs"]
mod limit;

use args::{Args, Part, USAGE};
use qi_examples::Trouble;
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
    limit::raise();
    match args.part {
        Part::Help => {
            print!("{USAGE}");
            Ok(())
        }
        Part::Check => check::run(&args)
            .map_err(|error| Trouble::new(format!("the check failed: {error}"), "检查未通过")),
        Part::Serve => on_one_worker(|runtime| runtime.block_on(serve::run())),
        Part::Drive => on_one_worker(|runtime| runtime.block_on(drive::run(&args))),
    }
}

fn on_one_worker(part: impl FnOnce(&AsyncRuntime) -> std::io::Result<()>) -> Result<(), Trouble> {
    let config = AsyncRuntimeConfig { worker_threads: 1, ..AsyncRuntimeConfig::default() };
    let runtime = AsyncRuntime::new(config)?;
    part(&runtime).map_err(|error| Trouble::io("the load failed", "负载失败", &error))
}
