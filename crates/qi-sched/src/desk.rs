//! Desks: where threads that are no workers spawn tasks, each thread always at the same one.
//!
//! Under a desk's lock lies what a spawn needs and workers have to themselves: free blocks, fresh
//! ids. Two threads that share a desk wait for each other for the time of a spawn. There
//! also lies the end of a queue of what they have spawned ([`Backlogs`](crate::queue::Backlogs)).
//!
//! # The race with the end
//! A spawner reads the phase and publishes its task under one hold of its desk's lock. Whoever
//! walks over all tasks to cancel them has advanced the phase before, and passes through every
//! desk: a spawner that was there before has published its task, which the walk then sees; one
//! that comes later sees the phase, and is refused. (I10)
//!
//! # Rejected
//! Counting spawners in and out with a fence in between, as [`Gate::enter`] does for the rarer
//! kinds of spawns: two more read-modify-writes of one shared word per task.
#![forbid(unsafe_code)]

use crate::shutdown::{Gate, Phase};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::worker::counters::Counter;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Several threads spawning at once rarely meet.
pub(crate) const DESKS: usize = 8;

/// All desks of a scheduler.
#[derive(Debug)]
pub(crate) struct Desks<T> {
    desks: [CachePadded<Desk<T>>; DESKS],
}

/// One desk.
#[derive(Debug)]
pub(crate) struct Desk<T> {
    number: usize,
    content: Mutex<T>,
    /// Tasks spawned here, counted under the lock.
    pub(crate) spawned: Counter,
}

impl<T: Default> Desks<T> {
    pub(crate) fn new() -> Self {
        let desk = |number| {
            let content = Mutex::new(T::default());
            CachePadded::new(Desk { number, content, spawned: Counter::default() })
        };
        Self { desks: std::array::from_fn(desk) }
    }
}

impl<T> Desks<T> {
    /// The calling thread's desk.
    pub(crate) fn mine(&self) -> &Desk<T> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            // Relaxed: any distribution over the desks is right.
            static MINE: usize = NEXT.fetch_add(1, Relaxed) % DESKS;
        }
        &self.desks[MINE.try_with(|mine| *mine).unwrap_or(0)]
    }

    /// Waits until nobody is left at a desk who came before this call.
    pub(crate) fn pass(&self) {
        if cfg!(qi_mutant = "desks_are_not_passed") {
            return;
        }
        for desk in &self.desks {
            drop(desk.lock());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Desk<T>> {
        self.desks.iter().map(|desk| &**desk)
    }

    /// Tasks spawned at all desks.
    pub(crate) fn spawned(&self) -> u64 {
        self.iter().map(|desk| desk.spawned.get()).sum()
    }
}

impl<T> Desk<T> {
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        lock(&self.content)
    }

    /// Locks the desk for a spawn; `None` if the scheduler takes no more tasks. `own`: the caller
    /// is a thread of the scheduler, which may spawn while that drains.
    #[inline]
    pub(crate) fn sit_down(&self, gate: &Gate, own: bool) -> Option<MutexGuard<'_, T>> {
        let content = self.lock();
        let last = if own { Phase::Draining } else { Phase::Running };
        (gate.phase() <= last).then_some(content)
    }
}
