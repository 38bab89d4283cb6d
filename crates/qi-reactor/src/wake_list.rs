//! Wakes collected wakers, outside every lock, so that one that panics harms no other. (I20)

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// What came of a list of wakers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Woken {
    pub(crate) count: usize,
    /// How many of them panicked.
    pub(crate) panicked: usize,
}

/// Wakes every waker of `wakers`, in order.
///
/// A panic in a waker is user code gone wrong on a thread that does not belong to it: it is logged
/// and counted, and the others are woken all the same. (Unwinding out of the event loop would take
/// down whichever thread happened to turn it.)
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) -> Woken {
    let mut woken = Woken::default();
    for waker in wakers {
        woken.count += 1;
        if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
            woken.panicked += 1;
        }
    }
    if woken.panicked > 0 {
        tracing::error!(panicked = woken.panicked, "a waker panicked while the reactor woke it");
    }
    woken
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Counts(AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("a waker of a test"));
        }
    }

    #[test]
    fn a_waker_that_panics_does_not_keep_the_others_from_being_woken() {
        let counts = Arc::new(Counts(AtomicUsize::new(0)));
        let good = || Waker::from(Arc::clone(&counts));
        let woken = wake_all([good(), Waker::from(Arc::new(Panics)), good()]);
        assert_eq!(woken, Woken { count: 3, panicked: 1 });
        assert_eq!(counts.0.load(Ordering::Relaxed), 2);
    }
}
