//! loadgen: puts an HTTP server under a load that does not wait for it, and tells the truth about the
//! answers.
//!
//! ```text
//! loadgen http://127.0.0.1:8080/ --rate 5000 --duration 10 --connections 64 --plot latency.svg
//! ```
//!
//! # Open loop
//! Requests are due at fixed moments, `rate` in a second, whether the server keeps up or not. A latency
//! is counted from the moment at which its request was **due**, not from the one at which a connection
//! was free to send it: a server that stops for a second is seen by all requests of that second, and not
//! only by those that were on the way (the mistake is known as coordinated omission). Requests that
//! were due and could never be sent are counted as well, with the time they had waited at the end.
//!
//! ```text
//!   args ─► target ─► lines: connections, opened before the clock starts
//!                       │
//!   schedule: slot k is due at begin + k ÷ rate
//!                       │ each connection takes the next slot, waits until it is due, sends
//!                       ▼
//!   record: histograms, by shard ─► progress (while it runs) ─► summary ─► text, JSON, plot
//! ```
#![forbid(unsafe_code)]

mod args;
mod blocks;
mod json;
mod language;
mod line;
mod plot;
mod progress;
mod record;
mod run;
mod schedule;
mod summary;
mod target;

use args::Args;
use qi_examples::Trouble;
use qi_runtime::AsyncRuntime;
use qi_runtime::sync::CancellationToken;
use std::process::ExitCode;

/// Some requests failed.
const SOME_FAILED: u8 = 4;

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(args) => args,
        // Help and version too: clap knows what goes where.
        Err(error) => error.exit(),
    };
    match generate(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(SOME_FAILED),
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

/// The whole run; whether all requests were answered well.
fn generate(args: &Args) -> Result<bool, Trouble> {
    let mut builder = AsyncRuntime::builder().thread_name("loadgen");
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
        interrupted.cancel();
    });
    installed.map_err(|error| Trouble::new(error.to_string(), "无法处理 Ctrl-C"))?;
    let summary = runtime.block_on(run::run(args, &stop))?;
    if args.json {
        println!("{:#}", json::of(&summary));
    } else {
        print!("{}", summary.text(args.language));
        print!("{}", blocks::draw(&summary, args.language));
    }
    if let Some(path) = &args.plot {
        let drawn = std::fs::write(path, plot::svg(&summary));
        let path = path.display();
        drawn.map_err(|error| {
            Trouble::io(&format!("cannot write {path}"), &format!("无法写入 {path}"), &error)
        })?;
        if !args.json {
            let text = args.language.pick("the plot is in", "图已写入");
            println!("{text} {path}");
        }
    }
    Ok(summary.is_good())
}
