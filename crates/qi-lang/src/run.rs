//! The one runtime of a program: made at the first call that needs it, never ended.
#![forbid(unsafe_code)]

use std::future::Future;
use std::sync::OnceLock;

use qi_runtime::{AsyncRuntime, Handle, coroutine};

use crate::here::Away;

/// How threads of the runtime are called; `report` knows them by it.
pub(crate) const THREADS: &str = "qi";

/// Seats, if the environment does not say how many; as many as there are processors then.
const WORKERS: &str = "QI_CORO_WORKERS";

/// More seats than that no machine fills.
const MOST_WORKERS: usize = 256;

static RUNTIME: OnceLock<AsyncRuntime> = OnceLock::new();

/// Where coroutines run.
pub(crate) fn handle() -> &'static Handle {
    RUNTIME.get_or_init(start).handle()
}

/// The runtime, if anything has needed it yet.
pub(crate) fn started() -> Option<&'static AsyncRuntime> {
    RUNTIME.get()
}

fn start() -> AsyncRuntime {
    let mut builder = AsyncRuntime::builder().thread_name(THREADS);
    if let Some(workers) = workers(std::env::var(WORKERS).ok().as_deref()) {
        builder = builder.worker_threads(workers);
    }
    // A program of Qi's has nobody whom it could tell.
    builder.build().unwrap_or_else(|error| {
        eprintln!("[qi] {}\n[qi] {error}", error.message_zh());
        std::process::abort()
    })
}

/// Seats of the runtime.
pub(crate) fn seats() -> usize {
    RUNTIME.get_or_init(start).stats().worker_threads
}

/// What the environment says, as the language has always read it: what is no number counts as unsaid.
fn workers(said: Option<&str>) -> Option<usize> {
    let count: usize = said?.trim().parse().ok()?;
    (count >= 1).then(|| count.min(MOST_WORKERS))
}

/// Waits for a future: a goroutine is suspended, a thread blocks; in a coroutine's poll the thread
/// blocks too, and its seat goes to another one.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    if coroutine::in_coroutine() {
        return coroutine::wait(future);
    }
    handle().block_on(future)
}

/// As [`wait`], for what is no rest: time, or the outside world, ends it.
pub(crate) fn wait_away<F: Future>(future: F) -> F::Output {
    let away = Away::go();
    let output = wait(future);
    drop(away);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_what_the_environment_says_if_it_says_a_number() {
        assert_eq!(workers(Some(" 3 ")), Some(3));
        assert_eq!(workers(Some("100000")), Some(MOST_WORKERS));
        for nothing in [None, Some(""), Some("0"), Some("-1"), Some("many")] {
            assert_eq!(workers(nothing), None);
        }
    }
}
