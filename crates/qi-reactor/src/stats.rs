//! Counts what a shard does, and shows it without locks.

use crate::sync::{AtomicU64, Ordering};

/// What one shard did so far, and holds now.
///
/// The numbers are read one by one while others write them: they need not add up exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardStats {
    /// Times a thread blocked in the event queue.
    pub parks: u64,
    /// System calls that collected events, blocking or not.
    pub turns: u64,
    /// Events of sources collected.
    pub events: u64,
    /// Of these, events of sources that were gone.
    pub stale_events: u64,
    /// Unparks that cost a system call.
    pub kicks: u64,
    /// Collections that failed (an interrupted one does not count).
    pub failed_turns: u64,
    /// Wakers that panicked.
    pub waker_panics: u64,
    /// Sources registered now.
    pub sources: usize,
    /// Timers set so far.
    pub timers_set: u64,
    /// Timers fired so far.
    pub timers_fired: u64,
    /// Timers dropped before they fired, those that a closing took out included.
    pub timers_cancelled: u64,
    /// Timers set now.
    pub timers: u64,
}

/// The counters that are not kept elsewhere.
///
/// Relaxed additions: each counter stands for itself. All of them happen beside a system call or a
/// list of wakers, so that a shared addition does not matter.
#[derive(Debug, Default)]
pub(crate) struct ShardCounters {
    parks: AtomicU64,
    turns: AtomicU64,
    events: AtomicU64,
    stale_events: AtomicU64,
    kicks: AtomicU64,
    failed_turns: AtomicU64,
    waker_panics: AtomicU64,
}

impl ShardCounters {
    pub(crate) fn park(&self) {
        add(&self.parks, 1);
    }

    pub(crate) fn turn(&self) {
        add(&self.turns, 1);
    }

    pub(crate) fn events(&self, all: usize, stale: usize) {
        add(&self.events, all);
        add(&self.stale_events, stale);
    }

    pub(crate) fn kick(&self) {
        add(&self.kicks, 1);
    }

    pub(crate) fn failed_turn(&self) {
        add(&self.failed_turns, 1);
    }

    pub(crate) fn waker_panics(&self, count: usize) {
        add(&self.waker_panics, count);
    }

    /// The counters of this file; the rest is filled in by the shard.
    pub(crate) fn read(&self) -> ShardStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ShardStats {
            parks: read(&self.parks),
            turns: read(&self.turns),
            events: read(&self.events),
            stale_events: read(&self.stale_events),
            kicks: read(&self.kicks),
            failed_turns: read(&self.failed_turns),
            waker_panics: read(&self.waker_panics),
            ..ShardStats::default()
        }
    }
}

fn add(counter: &AtomicU64, count: usize) {
    if count > 0 {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}
