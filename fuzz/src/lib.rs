//! Sequences of calls against models: what fuzzing runs, and ordinary tests too.
//!
//! An input is a string of bytes. Each body takes it for a plan (`plan.rs`): a byte for the next call, a few
//! for its arguments; any string is a plan, so nothing an engine makes up is wasted. A body makes the calls
//! on the production code and on a model beside it (a list, a count), and panics where they differ, where a
//! waiter was forgotten, or where something is left at the end. All of it happens on one thread, without
//! sleeping: the same bytes do the same again.
//!
//! It finds what a sequence of calls that nobody thought of does; it cannot find what threads do to each
//! other.
//!
//! # Examples
//! ```
//! for (name, body) in qi_fuzz::BODIES {
//!     println!("{name}");
//!     body(b"any bytes will do");
//! }
//! ```

pub mod channel;
pub mod coroutine;
pub mod handle;
mod plan;
pub mod task;
pub mod timer;

pub use plan::Plan;

use std::process::ExitCode;

/// What an input is handed to.
pub type Body = fn(&[u8]);

/// Each body by its name, which is that of its corpus.
pub const BODIES: &[(&str, Body)] = &[
    ("channel", channel::run),
    ("coroutine", coroutine::run),
    ("handle", handle::run),
    ("task", task::run),
    ("timer", timer::run),
];

/// Runs `body` on the files that the command line names: a finding of the fuzzer, once more.
pub fn replay(body: Body) -> ExitCode {
    for path in std::env::args_os().skip(1) {
        match std::fs::read(&path) {
            Ok(input) => body(&input),
            Err(error) => {
                eprintln!("cannot read {}: {error}", path.to_string_lossy());
                return ExitCode::FAILURE;
            }
        }
        println!("{}: nothing found", path.to_string_lossy());
    }
    ExitCode::SUCCESS
}
