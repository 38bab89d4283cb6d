//! Wakes collected wakers, outside every lock, so that one that panics harms no other. (I35)
//!
//! A panic in a waker is user code gone wrong on a thread that does not belong to it: it is
//! logged, and whoever sent, released or cancelled goes on.
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes every waker of `wakers`, in order. The caller holds no lock.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
            tracing::error!("a waker panicked while a synchronisation primitive woke it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qi_test_kit::{WakeCount, waker_fn};

    #[test]
    fn a_waker_that_panics_keeps_no_other_from_being_woken() {
        let wakes = WakeCount::new();
        let bad = waker_fn(|| std::panic::resume_unwind(Box::new("a waker of a test")));
        wake_all([wakes.waker(), bad, wakes.waker()]);
        assert_eq!(wakes.count(), 2);
    }
}
