//! When the monitor may sleep, and who has to wake it.
//!
//! # Protocol
//! A worker that wakes up changes the count of those awake, then looks whether the monitor sleeps
//! ([`Rest::must_wake`]); the monitor announces its sleep, then looks at the count ([`Rest::lie_down`]).
//! With a `SeqCst` fence in between on both sides, one sees the other: it does not sleep while a worker is
//! awake. (I11) The parker that it then sleeps on remembers a wake-up that came too early.
//!
//! # Memory ordering
//! The two fences are all that the proof needs. The swap of [`Rest::begin_watch`] decides which of several
//! wakers wakes.
#![forbid(unsafe_code)]

use crate::sync::{AtomicUsize, fence};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// What the monitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Doing {
    /// Nothing: it was never started.
    Absent = 0,
    Watching = 1,
    Asleep = 2,
    /// Nothing, for good.
    Forgone = 3,
    /// Nothing: the system refused a thread for it.
    Refused = 4,
}

impl Doing {
    fn from_word(word: usize) -> Self {
        match word {
            0 => Self::Absent,
            1 => Self::Watching,
            2 => Self::Asleep,
            4 => Self::Refused,
            _ => Self::Forgone,
        }
    }
}

/// What the monitor does, as others see it.
#[derive(Debug)]
pub(crate) struct Rest(AtomicUsize);

impl Rest {
    /// A monitor that was never started.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(Doing::Absent as usize))
    }

    /// What it does now. A hint.
    #[inline]
    pub(crate) fn doing(&self) -> Doing {
        // Relaxed: as it says.
        Doing::from_word(self.0.load(Relaxed))
    }

    /// Whether somebody who has left something for it to see has to wake it.
    #[inline]
    pub(crate) fn must_wake(&self) -> bool {
        // Pairs with the fence in `lie_down`.
        #[cfg(not(qi_mutant = "monitor_roused_without_fence"))]
        fence(SeqCst);
        matches!(self.doing(), Doing::Absent | Doing::Asleep | Doing::Refused)
    }

    /// It watches from now on. What it did before: that says whether the caller starts or wakes it, or
    /// another one does.
    pub(crate) fn begin_watch(&self) -> Doing {
        Doing::from_word(self.0.swap(Doing::Watching as usize, SeqCst))
    }

    /// The monitor announces its sleep, and looks whether it may.
    pub(crate) fn lie_down(&self, is_idle: impl FnOnce() -> bool) -> bool {
        self.0.store(Doing::Asleep as usize, SeqCst);
        // Pairs with the fence in `must_wake`.
        #[cfg(not(qi_mutant = "monitor_sleeps_without_fence"))]
        fence(SeqCst);
        is_idle()
    }

    /// The monitor has slept, or may not.
    pub(crate) fn get_up(&self) {
        self.0.store(Doing::Watching as usize, SeqCst);
    }

    /// It does nothing any more, or could not be started.
    pub(crate) fn set(&self, doing: Doing) {
        // Relaxed: whoever misses it comes again, or has been told by other means.
        self.0.store(doing as usize, Relaxed);
    }
}

impl Default for Rest {
    fn default() -> Self {
        Self::new()
    }
}
