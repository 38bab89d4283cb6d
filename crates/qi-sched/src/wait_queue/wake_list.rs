//! Wakers taken out under a lock, to be woken when it is released.
#![forbid(unsafe_code)]

use crate::task::guard;
use std::fmt;
use std::task::Waker;

/// Wakers at once. Enough to make a lock per batch cheap, few enough for the stack.
const CAPACITY: usize = 32;

/// A few wakers on the stack, between being taken out under a lock and being woken outside of it.
///
/// # Examples
/// ```
/// use qi_sched::wait_queue::WakeList;
/// let mut list = WakeList::new();
/// list.push(std::task::Waker::noop().clone());
/// list.wake_all();
/// assert!(list.is_empty());
/// ```
pub struct WakeList {
    wakers: [Option<Waker>; CAPACITY],
    len: usize,
}

impl WakeList {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { wakers: [const { None }; CAPACITY], len: 0 }
    }

    /// Whether no waker fits any more.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len == CAPACITY
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a waker.
    ///
    /// # Panics
    /// If the list is full.
    pub fn push(&mut self, waker: Waker) {
        assert!(!self.is_full(), "a list of wakers holds {CAPACITY}");
        self.wakers[self.len] = Some(waker);
        self.len += 1;
    }

    /// Wakes all, in order. Call it when no lock is held: wakers are code of the user's. One that
    /// panics is logged, and keeps no other from being woken.
    pub fn wake_all(&mut self) {
        let len = std::mem::take(&mut self.len);
        for waker in &mut self.wakers[..len] {
            if let Some(waker) = waker.take() {
                guard("a waker panicked", || waker.wake());
            }
        }
    }
}

impl Default for WakeList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeList").field("len", &self.len).finish_non_exhaustive()
    }
}
