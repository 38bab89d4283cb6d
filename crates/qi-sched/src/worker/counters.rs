//! Counters: written by one thread each, without read-modify-write on the hot path.
#![forbid(unsafe_code)]

use crate::priority::TaskPriority;
use crate::task::Outcome;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// A counter with one writer at a time: the thread on its seat.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds without a read-modify-write. Only the seat's thread may call it.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        // Release: pairs with the acquire of `get`: whoever sees this count also sees those that
        // the same thread raised before, so that "spawned" is never behind "ended".
        self.0.store(self.0.load(Relaxed).wrapping_add(count), Release);
    }

    /// Adds from any thread.
    pub(crate) fn add_shared(&self, count: u64) {
        // Release: as in `add`.
        self.0.fetch_add(count, Release);
    }

    /// Raises the counter to at least `value`. Only the seat's thread may call it.
    pub(crate) fn at_least(&self, value: u64) {
        // Relaxed: a figure by itself.
        if value > self.0.load(Relaxed) {
            self.0.store(value, Relaxed);
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        // Acquire: pairs with `add`.
        self.0.load(Acquire)
    }
}

/// What happened to tasks: kept per seat, and once for all threads without a seat.
#[derive(Debug, Default)]
pub(crate) struct TaskCounters {
    pub(crate) spawned: Counter,
    /// Times a task became runnable again.
    pub(crate) woken: Counter,
    /// Times a runnable task was taken to be run.
    pub(crate) claimed: Counter,
    pub(crate) completed: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) failed: Counter,
}

impl TaskCounters {
    /// The counter of tasks that ended in this way.
    pub(crate) fn of(&self, outcome: Outcome) -> &Counter {
        match outcome {
            Outcome::Completed => &self.completed,
            Outcome::Cancelled => &self.cancelled,
            Outcome::Failed => &self.failed,
        }
    }

    pub(crate) fn ended(&self) -> u64 {
        self.completed.get() + self.cancelled.get() + self.failed.get()
    }
}

/// What a worker did.
#[derive(Debug, Default)]
pub(crate) struct SeatCounters {
    pub(crate) tasks: TaskCounters,
    pub(crate) polls: [Counter; TaskPriority::COUNT],
    /// Tasks taken from another worker, their companions not counted.
    pub(crate) steals: Counter,
    pub(crate) parks: Counter,
    /// Tasks that did not fit the local queue.
    pub(crate) overflows: Counter,
    /// Children run in place.
    pub(crate) in_place: Counter,
    pub(crate) longest_poll_ns: Counter,
}
