//! Noticing that nothing can go on by itself: for drivers whose clock then moves on.
//!
//! A driver that wants to hear of it ([`Driver::watches_idle`](crate::Driver::watches_idle)) is told
//! when no task is runnable or being run, all workers sleep, and whoever waits in a `block_on` sleeps
//! as well. For all others nothing here costs anything.
//!
//! # Protocol
//! Each thread that is about to sleep says so (a worker in `sleep.rs`, others in their parker) and then
//! looks. With a `SeqCst` fence in between at least the last of them sees that all others sleep. A look
//! is no snapshot: work may pass from one that is looked at late to one that was looked at early. So
//! it is made twice, and what was done meanwhile is counted: work leaves a trace, in the counts or as
//! a wake-up that a parker still holds. (I44; Mattern's four counters, "Algorithms for distributed
//! termination detection", 1987.) The driver is told by one thread at a time, without a lock, because
//! it wakes tasks; who comes meanwhile has that one look again.
#![forbid(unsafe_code)]

use super::shared::Shared;
use crate::driver::Idled;
use crate::queue::Arrival;
use crate::worker::counters::TaskCounters;
use crate::worker::slot::Parker;
use crate::worker::{ThreadSlot, context};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const FREE: u8 = 0;
const LOOKING: u8 = 1;
const AGAIN: u8 = 2;

/// Whom to look at, besides the workers' seats.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    /// Whether the driver wants to hear of it.
    watched: bool,
    looking: AtomicU8,
    /// Polls of root futures.
    root_polls: AtomicU64,
    threads: Mutex<Vec<Seen>>,
}

/// A thread that may be awake without a seat.
#[derive(Debug)]
enum Seen {
    Worker(Arc<ThreadSlot>),
    Root(Arc<Parker>),
}

impl Idle {
    pub(crate) fn new(watched: bool) -> Self {
        Self { watched, ..Self::default() }
    }

    fn threads(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Whether somebody wants to hear of idle moments.
    #[inline]
    pub(crate) fn watches_idle(&self) -> bool {
        self.idle.watched
    }

    /// A worker thread begins; it will be awake without a seat now and then.
    pub(crate) fn watch_worker(&self, slot: &Arc<ThreadSlot>) {
        if self.idle.watched {
            self.idle.threads().push(Seen::Worker(slot.clone()));
        }
    }

    /// A worker thread ends.
    pub(crate) fn forget_worker(&self, slot: &Arc<ThreadSlot>) {
        self.forget(|seen| matches!(seen, Seen::Worker(other) if Arc::ptr_eq(other, slot)));
    }

    /// A thread that is no worker begins to wait in a `block_on`.
    pub(crate) fn watch_root(&self, parker: &Arc<Parker>) {
        if self.idle.watched {
            self.idle.threads().push(Seen::Root(parker.clone()));
        }
    }

    /// A thread that is no worker has waited long enough.
    pub(crate) fn forget_root(&self, parker: &Arc<Parker>) {
        self.forget(|seen| matches!(seen, Seen::Root(other) if Arc::ptr_eq(other, parker)));
    }

    fn forget(&self, is_it: impl Fn(&Seen) -> bool) {
        if self.idle.watched {
            self.idle.threads().retain(|seen| !is_it(seen));
            self.look_idle();
        }
    }

    /// A root future was polled.
    pub(crate) fn count_root_poll(&self) {
        if self.idle.watched {
            // Relaxed: the fences of `look_idle` order it.
            self.idle.root_polls.fetch_add(1, Relaxed);
        }
    }

    /// Tells the driver if nothing can go on. Called by whoever is about to sleep, after saying so.
    /// `true` if that has woken something.
    pub(crate) fn look_idle(&self) -> bool {
        if !self.idle.watched || self.is_closing() {
            return false;
        }
        // Pairs with the same fence of others who fall asleep.
        fence(SeqCst);
        let looking = &self.idle.looking;
        // SeqCst, here and below: whoever is sent away has said before that it sleeps, and whoever
        // sees `AGAIN` looks after that.
        let begun = looking.fetch_update(SeqCst, SeqCst, |state| {
            Some(if state == FREE { LOOKING } else { AGAIN })
        });
        if begun != Ok(FREE) {
            return false;
        }
        let mut woke = false;
        loop {
            while let Some(activity) = self.quiet().filter(|seen| self.quiet() == Some(*seen)) {
                let idled = context::with(|context| match context {
                    Some(context) => {
                        context.with_arrival(Arrival::Event, || self.driver.idle(activity))
                    }
                    None => self.driver.idle(activity),
                });
                woke |= idled == Idled::Woke;
                if idled != Idled::Waited {
                    break;
                }
            }
            if looking.compare_exchange(LOOKING, FREE, SeqCst, SeqCst).is_ok() {
                return woke;
            }
            looking.store(LOOKING, SeqCst);
        }
    }

    /// How much has been done so far, if nothing is being done now and somebody waits for it.
    fn quiet(&self) -> Option<u64> {
        let all = || self.seats.iter().map(|seat| &seat.counters.tasks).chain([&*self.foreign]);
        let sum = |count: fn(&TaskCounters) -> u64| all().map(count).sum::<u64>();
        let claimed = sum(|tasks| tasks.claimed.get());
        let spawned = sum(|tasks| tasks.spawned.get()) + self.pool.desks.spawned();
        let runnable = spawned + sum(|tasks| tasks.woken.get());
        let (blocking, idle) = self.blocking.threads();
        let quiet = runnable == claimed
            && self.sleep.all_asleep()
            && blocking == idle
            && self.threads_are_quiet();
        // Relaxed: see `count_root_poll`.
        quiet.then(|| claimed + runnable + self.idle.root_polls.load(Relaxed))
    }

    /// Whether all threads without a seat sleep, and one of them in a `block_on` from outside: time
    /// does not run while nobody waits for it.
    fn threads_are_quiet(&self) -> bool {
        let threads = self.idle.threads();
        threads.iter().any(|seen| matches!(seen, Seen::Root(_)))
            && threads.iter().all(|seen| match seen {
                Seen::Worker(slot) => slot.is_quiet(),
                Seen::Root(parker) => parker.is_quiet(),
            })
    }
}
