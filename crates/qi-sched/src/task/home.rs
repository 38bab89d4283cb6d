//! The thread on which a task goes on once it has begun: one word.
//!
//! Most tasks with a stack of their own end in their first poll. Until then nobody has to reach the
//! thread, so the word is an address to be compared with; only a task that waits owns a share of what
//! the address points at.
//!
//! # Protocol (I59)
//! ```text
//!   nowhere ── settle: its first poll begins ──► known ── keep: it is about to wait ──► kept
//! ```
//! * Both steps are those of the holder of RUNNING, on that very thread.
//! * `is` compares addresses and follows none: what a task pointed at that never waited may be gone when
//!   the task has ended. Who has not seen yet that it is known is on another thread, and gets the same
//!   answer.
//! * Whoever wakes a task that waits finds it kept: `keep` comes before the step of the state word that
//!   ends the poll, and the wake's step after that one.
//! * Who brings a hint from before may find it known and not kept: the task is being polled, or has ended,
//!   so the hint is stale, wherever it goes.
//!
//! # Rejected alternatives
//! A share from the first poll on, in a `OnceLock`: four read-modify-writes for each coroutine, of which
//! most never wait.

use crate::sync::AtomicPtr;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Set in the address once a share goes with it.
const KEPT: usize = 1;

/// Where a task goes on, as the address of what others see of the thread.
pub(crate) struct Dwelling<T>(AtomicPtr<T>, PhantomData<Arc<T>>);

impl<T> Default for Dwelling<T> {
    /// Nowhere: the task has not begun.
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()), PhantomData)
    }
}

impl<T> From<Arc<T>> for Dwelling<T> {
    /// Kept from the beginning.
    fn from(thread: Arc<T>) -> Self {
        Self(AtomicPtr::new(Self::share_of(thread)), PhantomData)
    }
}

impl<T> Dwelling<T> {
    /// The task begins on `thread`, unless it was bound to one when it was spawned. The caller holds
    /// RUNNING.
    #[inline]
    pub(crate) fn settle(&self, thread: &Arc<T>) {
        // Relaxed: only the holder of RUNNING writes.
        if self.0.load(Relaxed).is_null() {
            // Relaxed: nobody follows the address before `keep`.
            self.0.store(Arc::as_ptr(thread).cast_mut(), Relaxed);
        }
    }

    /// The task is about to wait, on `thread`, where it has settled. The caller holds RUNNING.
    #[inline]
    pub(crate) fn keep(&self, thread: &Arc<T>) {
        // Relaxed: as in `settle`.
        let is_kept = self.0.load(Relaxed).addr() & KEPT != 0;
        if !is_kept && self.is(thread) && !cfg!(qi_mutant = "home_is_never_kept") {
            // Release: pairs with the acquire in `kept`, whose caller follows the address.
            self.0.store(Self::share_of(Arc::clone(thread)), Release);
        }
    }

    /// Whether `thread` is the one on which the task goes on.
    #[inline]
    pub(crate) fn is(&self, thread: &Arc<T>) -> bool {
        // Relaxed: see the second rule of the protocol.
        ptr::eq(Self::unmarked(self.0.load(Relaxed)), Arc::as_ptr(thread))
    }

    /// The thread, if the task waits there or has waited.
    pub(crate) fn kept(&self) -> Option<Arc<T>> {
        // Acquire: pairs with the release in `keep`.
        let thread = Self::owned(self.0.load(Acquire))?;
        // SAFETY: it came from `into_raw`, and the share that we own lasts as long as we do.
        unsafe { Arc::increment_strong_count(thread) };
        // SAFETY: counted just now.
        Some(unsafe { Arc::from_raw(thread) })
    }

    fn share_of(thread: Arc<T>) -> *mut T {
        const { assert!(align_of::<T>() > KEPT) };
        Arc::into_raw(thread).map_addr(|address| address | KEPT).cast_mut()
    }

    fn unmarked(thread: *mut T) -> *const T {
        thread.map_addr(|address| address & !KEPT).cast_const()
    }

    /// The address, if a share goes with it.
    fn owned(thread: *mut T) -> Option<*const T> {
        (thread.addr() & KEPT != 0).then(|| Self::unmarked(thread))
    }
}

impl<T> Drop for Dwelling<T> {
    fn drop(&mut self) {
        // Relaxed: nobody else has it, and what was last stored was seen with the last reference.
        if let Some(thread) = Self::owned(self.0.load(Relaxed)) {
            // SAFETY: it came from `into_raw`, and is not used again.
            drop(unsafe { Arc::from_raw(thread) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_never_waits_owns_no_share_of_its_thread() {
        let (here, there) = (Arc::new(1_u64), Arc::new(2_u64));
        let home = Dwelling::default();
        assert!(!home.is(&here) && home.kept().is_none());
        home.settle(&here);
        home.settle(&there);
        assert!(home.is(&here) && !home.is(&there) && home.kept().is_none());
        assert_eq!(Arc::strong_count(&here), 1);
        drop(home);
        assert_eq!(Arc::strong_count(&here), 1);
    }

    #[test]
    fn one_that_waits_owns_one_share_until_it_is_dropped() {
        let (here, there) = (Arc::new(1_u64), Arc::new(2_u64));
        let home = Dwelling::default();
        home.settle(&here);
        home.keep(&there);
        assert!(home.kept().is_none(), "it does not live there");
        home.keep(&here);
        home.keep(&here);
        assert!(home.is(&here) && !home.is(&there));
        assert_eq!(home.kept().as_deref(), Some(&1));
        assert_eq!(Arc::strong_count(&here), 2);
        drop(home);
        assert_eq!(Arc::strong_count(&here), 1);
        let home = Dwelling::from(Arc::clone(&here));
        home.settle(&there);
        assert!(home.is(&here) && home.kept().is_some());
        drop(home);
        assert_eq!((Arc::strong_count(&here), Arc::strong_count(&there)), (1, 1));
    }
}
