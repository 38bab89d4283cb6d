//! Tests that may not hang: a watchdog, and waiting for other threads.

use crate::own_program::is_emulated;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Far more than any test needs on a machine that is busy with others.
const LIMIT: Duration = Duration::from_secs(120);

/// How many times as long a test may take that an emulator runs: it needs some ten times the instructions.
const EMULATED_SHARE: u32 = 4;

/// Bytes of a test's stack. Unoptimised code copies a future in every frame from a spawn on, and
/// one that is aligned to 32 KiB takes a quarter of a megabyte in each.
const STACK: usize = 8 << 20;

/// Runs `body` on a thread of its own, which knows nothing of any runtime under test.
///
/// # Panics
/// With the panic of `body`, or if it has not ended within two minutes.
///
/// # Examples
/// ```
/// assert_eq!(qi_test_kit::watched(|| 6 * 7), 42);
/// ```
pub fn watched<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    watched_for(LIMIT, body)
}

/// As [`watched`], with a limit for those that take longer.
///
/// # Panics
/// With the panic of `body`, or if it has not ended within `limit`, or four times that under an emulator.
///
/// # Examples
/// ```
/// qi_test_kit::watched_for(std::time::Duration::from_secs(300), || ());
/// ```
pub fn watched_for<R: Send + 'static>(
    limit: Duration,
    body: impl FnOnce() -> R + Send + 'static,
) -> R {
    let limit = if is_emulated() { limit * EMULATED_SHARE } else { limit };
    let (done, ended) = channel();
    let run = move || {
        let result = body();
        // Nobody listens if the test was given up.
        let _ = done.send(());
        result
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread starts");
    if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        panic!("the test hangs");
    }
    thread.join().unwrap_or_else(|payload| resume_unwind(payload))
}

/// Waits, awake, for another thread to bring something about.
///
/// # Examples
/// ```
/// let thread = std::thread::spawn(|| ());
/// qi_test_kit::until(|| thread.is_finished());
/// ```
pub fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}
