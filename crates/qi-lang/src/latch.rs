//! A lock for a few instructions: half the price of a mutex, since it is opened by a plain store.
//!
//! It has no queue: who finds it shut spins a little, and then lets other threads run. So what is done
//! under it must be short, wait for nothing, and call nobody's code.
//!
//! # Memory ordering
//! Taking acquires what the release before it published.

use std::cell::UnsafeCell;
use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Looks before other threads are let run: the holder may need the processor to go on.
const SPINS: u32 = 64;

/// See the file.
pub(crate) struct Latch<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by the one who holds the latch only, on whatever thread.
unsafe impl<T: Send> Sync for Latch<T> {}

/// Opens the latch, also if what is done under it panics.
struct Held<'a>(&'a AtomicBool);

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release: pairs with the Acquire of taking.
        self.0.store(false, Ordering::Release);
    }
}

impl<T> Latch<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Calls that with the value, by one thread at a time. It must not come here again.
    #[inline]
    pub(crate) fn hold<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        if !self.try_take() {
            self.wait();
        }
        let _held = Held(&self.held);
        // SAFETY: the latch is held by this call, so nobody else has a reference; `work` cannot keep it.
        work(unsafe { &mut *self.value.get() })
    }

    #[inline]
    fn try_take(&self) -> bool {
        // Acquire: pairs with the Release of opening.
        !self.held.swap(true, Ordering::Acquire)
    }

    #[cold]
    fn wait(&self) {
        loop {
            for _ in 0..SPINS {
                hint::spin_loop();
                // Relaxed: a hint.
                if !self.held.load(Ordering::Relaxed) && self.try_take() {
                    return;
                }
            }
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn latch_admits_one_thread_at_a_time() {
        let latch = Latch::new(0_u64);
        let add = || (0..10_000).for_each(|_| latch.hold(|count| *count += 1));
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(add))));
        assert_eq!(latch.hold(|count| *count), 40_000);
    }

    #[test]
    fn latch_is_open_after_a_panic_under_it() {
        let latch = Latch::new(7);
        let outcome = catch_unwind(AssertUnwindSafe(|| latch.hold(|_| panic!("under the latch"))));
        assert!(outcome.is_err());
        assert_eq!(latch.hold(|value| *value), 7);
    }
}
