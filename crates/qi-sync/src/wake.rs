//! Wakes collected wakers, outside every lock, so that one that panics harms no other. (I35)
//!
//! A panic in a waker is user code gone wrong on a thread that does not belong to it: it is
//! logged, and whoever sent, released or cancelled goes on.
#![forbid(unsafe_code)]

use qi_sched::wait_queue::WakeList;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes every waker of `wakers`, in order. The caller holds no lock.
#[inline]
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
            tracing::error!("a waker panicked while a synchronisation primitive woke it");
        }
    }
}

/// Wakers taken out under a lock, to be woken when it is released. One costs nothing to keep; the
/// room for more is made when there are more.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    first: Option<Waker>,
    more: Option<WakeList>,
}

impl Batch {
    /// Whether no waker fits any more.
    pub(crate) fn is_full(&self) -> bool {
        self.more.as_ref().is_some_and(WakeList::is_full)
    }

    /// Adds a waker; there must be room.
    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.more.get_or_insert_default().push(waker);
        }
    }

    /// Wakes all, in order. The caller holds no lock.
    pub(crate) fn wake(&mut self) {
        wake_all(self.first.take());
        if let Some(more) = &mut self.more {
            more.wake_all();
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

    #[test]
    fn a_batch_that_is_full_has_room_again_when_it_was_woken() {
        let (wakes, mut batch) = (WakeCount::new(), Batch::default());
        let mut pushed = 0;
        for _ in 0..2 {
            while !batch.is_full() {
                batch.push(wakes.waker());
                pushed += 1;
            }
            batch.wake();
        }
        assert!(pushed > 2);
        assert_eq!((wakes.count(), wakes.held()), (pushed, 0));
    }
}
