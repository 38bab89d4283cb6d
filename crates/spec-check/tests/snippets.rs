//! The specification's four snippets, as they stand in its text, compile and run.
#![forbid(unsafe_code)]

use qi_compiler::runtime::{AsyncRuntime, AsyncRuntimeConfig, RuntimeState};

/// The basic example: a whole program.
mod basic {
    include!(concat!(env!("OUT_DIR"), "/snippet_1.rs"));

    pub(super) fn run() -> Result<(), Box<dyn std::error::Error>> {
        main()
    }
}

/// Tasks with priorities.
#[allow(unused_variables, reason = "the specification names handles that it does not use")]
mod priorities {
    include!(concat!(env!("OUT_DIR"), "/snippet_2.rs"));
}

/// Cancelling a task. The fragment leaves the import of `Duration` to its reader.
mod cancellation {
    use std::time::Duration;

    include!(concat!(env!("OUT_DIR"), "/snippet_3.rs"));
}

/// Figures.
mod statistics {
    include!(concat!(env!("OUT_DIR"), "/snippet_4.rs"));
}

/// The fragments use `tokio::time`, so their runtime is made inside Tokio, as in the first snippet.
fn with_runtime(
    snippet: fn(&AsyncRuntime) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<AsyncRuntime, Box<dyn std::error::Error>> {
    let tokio = tokio::runtime::Runtime::new()?;
    let _inside = tokio.enter();
    let runtime = AsyncRuntime::new(AsyncRuntimeConfig::default())?;
    snippet(&runtime)?;
    runtime.shutdown()?;
    assert_eq!(runtime.state(), RuntimeState::Stopped);
    Ok(runtime)
}

#[test]
fn the_basic_example_runs() {
    basic::run().unwrap();
}

#[test]
fn the_priorities_example_runs() {
    let runtime = with_runtime(priorities::run).unwrap();
    let stats = runtime.stats();
    assert_eq!(stats.spawned_tasks, 3);
    assert_eq!(stats.completed_tasks + stats.cancelled_tasks, 3);
}

#[test]
fn the_cancellation_example_runs_and_cancels() {
    let runtime = with_runtime(cancellation::run).unwrap();
    assert_eq!(runtime.stats().cancelled_tasks, 1);
    assert_eq!(runtime.stats().completed_tasks, 0);
}

#[test]
fn the_statistics_example_runs() {
    with_runtime(statistics::run).unwrap();
}
