//! hyper on Qi: HTTP/1.1 and HTTP/2 (in the clear) on one port, without Tokio's runtime.
//!
//! ```text
//! hyper_server --addr 127.0.0.1:8080      serves until Ctrl-C, then finishes what it has begun
//!
//! curl http://127.0.0.1:8080/                                  greets
//! curl --http2-prior-knowledge http://127.0.0.1:8080/bytes/1000000
//! curl --data-binary @FILE http://127.0.0.1:8080/echo          sends back what it gets
//! curl http://127.0.0.1:8080/after/250                         answers after so many milliseconds
//! ```
//!
//! `answer.rs` is the same on both runtimes: `main_tokio.rs` serves it on Tokio, and `compare.rs` puts
//! the two under load.
#![forbid(unsafe_code)]

mod answer;
mod args;
mod on_qi;

use args::Args;
use qi_examples::Trouble;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Args::parse().map_err(|error| Trouble::usage(&error)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Trouble> {
    if args.help {
        print!("{}", args::USAGE);
        return Ok(());
    }
    on_qi::serve_until_interrupted(&args)
}
