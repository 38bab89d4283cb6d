//! What the code calls that the attributes [`main`](crate::main) and [`test`](crate::test) make.

use crate::builder::AsyncRuntimeBuilder;
use crate::runtime::AsyncRuntime;
use crate::time::TestClock;
use std::error::Error;
use std::future::Future;

fn build(builder: AsyncRuntimeBuilder) -> AsyncRuntime {
    match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {} ({})", with_causes(&error), error.message_zh()),
    }
}

/// An error and what it came from, in one line: nobody else will ask it for its causes.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Runs a program, then shuts its runtime down.
#[doc(hidden)]
pub fn main<F: Future>(builder: AsyncRuntimeBuilder, future: F) -> F::Output {
    let runtime = build(builder);
    // What is left behind is logged when the runtime is dropped.
    runtime.block_on(future)
}

/// The options of a test's runtime before it says any: one worker, which is cheap, and makes the order
/// of tasks easier to foresee.
#[doc(hidden)]
pub fn test_builder() -> AsyncRuntimeBuilder {
    AsyncRuntime::builder().worker_threads(1)
}

/// Runs a test, then shuts its runtime down; a test that leaves something behind has failed.
#[doc(hidden)]
pub fn test<F: Future>(builder: AsyncRuntimeBuilder, start_paused: bool, future: F) -> F::Output {
    let clock = TestClock::new();
    if start_paused {
        clock.pause();
    }
    let runtime = build(builder.test_clock(&clock));
    let output = runtime.block_on(future);
    if let Err(error) = runtime.shutdown() {
        panic!("the test is over, but {error} ({})", error.message_zh());
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_all_that_it_came_from() {
        #[derive(Debug, thiserror::Error)]
        #[error("no tea")]
        struct Tea(#[source] std::io::Error);

        let error = Tea(std::io::Error::other("no water"));
        assert_eq!(with_causes(&error), "no tea: no water");
    }
}
