//! Waking somebody from a thread that has more to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes; a waker that panics ends neither the call nor what others wait for.
pub(super) fn wake(waker: Option<Waker>) {
    let Some(waker) = waker else { return };
    if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
        tracing::error!("a waker panicked");
    }
}
