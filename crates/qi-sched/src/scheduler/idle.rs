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
//! it wakes tasks; who comes meanwhile has that one look again. It is told again for as long as nothing
//! can go on: what it woke may have been a waker that wakes nobody.
//!
//! The monitor, which turns the driver for workers that are stuck, holds wake-ups that nobody else sees
//! while it does. It says so first, then looks whether somebody is awake still, and leaves the driver
//! alone if not: with `SeqCst` on both sides either it sees that all sleep, or the last of them sees it.
#![forbid(unsafe_code)]

use super::shared::Shared;
use crate::driver::Idled;
use crate::queue::Arrival;
use crate::shutdown::Phase;
use crate::worker::counters::TaskCounters;
use crate::worker::slot::Parker;
use crate::worker::{ThreadSlot, context};
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

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
    /// Whether the monitor turns the driver.
    helping: AtomicBool,
    threads: Mutex<Vec<Seen>>,
}

/// A thread that may be awake without a seat.
#[derive(Debug)]
enum Seen {
    Worker(Arc<ThreadSlot>),
    /// A worker of another scheduler, in a `block_on` of this one.
    Guest(Arc<ThreadSlot>),
    Root(Root),
}

/// A `block_on` on a thread that is no worker.
#[derive(Debug)]
struct Root {
    parker: Arc<Parker>,
    thread: ThreadId,
    /// Whether it is the first of its thread; only the last one there ever sleeps.
    outermost: bool,
    /// Whether its thread is one for blocking calls.
    in_call: bool,
}

/// How many a look has found so far.
#[derive(Default)]
struct Sleepers {
    /// Threads in a `block_on`, and how many of them sleep.
    roots: usize,
    asleep: usize,
    /// Those of blocking calls among the latter.
    calls: usize,
    /// Whether somebody waits from outside.
    awaited: bool,
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
    pub(super) fn watch_root(self: &Arc<Self>, parker: &Arc<Parker>) {
        if !self.idle.watched {
            return;
        }
        let thread = thread::current().id();
        let in_call = self.is_own_thread();
        let mut threads = self.idle.threads();
        let outermost =
            !threads.iter().any(|seen| matches!(seen, Seen::Root(root) if root.thread == thread));
        threads.push(Seen::Root(Root { parker: parker.clone(), thread, outermost, in_call }));
    }

    /// A thread that is no worker has waited long enough.
    pub(super) fn forget_root(&self, parker: &Arc<Parker>) {
        self.forget(|seen| matches!(seen, Seen::Root(root) if Arc::ptr_eq(&root.parker, parker)));
    }

    /// A worker of another scheduler begins to wait in a `block_on`.
    pub(super) fn watch_guest(&self, slot: &Arc<ThreadSlot>) {
        if self.idle.watched {
            self.idle.threads().push(Seen::Guest(slot.clone()));
        }
    }

    /// A worker of another scheduler has waited long enough, in the last `block_on` that it began.
    pub(super) fn forget_guest(&self, slot: &Arc<ThreadSlot>) {
        if !self.idle.watched {
            return;
        }
        let mut threads = self.idle.threads();
        let is_it = |seen: &Seen| matches!(seen, Seen::Guest(other) if Arc::ptr_eq(other, slot));
        if let Some(last) = threads.iter().rposition(is_it) {
            threads.remove(last);
        }
        drop(threads);
        self.look_idle();
    }

    /// The monitor turns the driver, unless all sleep by now.
    pub(crate) fn help(&self, turn: impl FnOnce()) {
        if !self.idle.watched {
            return turn();
        }
        self.idle.helping.store(true, SeqCst);
        // Pairs with the one in `look_idle`.
        fence(SeqCst);
        if !self.sleep.all_asleep() {
            turn();
        }
        self.idle.helping.store(false, SeqCst);
        self.look_idle();
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
                if idled == Idled::Nothing {
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
        let busy_calls = blocking - idle;
        let quiet = runnable == claimed
            && self.sleep.all_asleep()
            && !self.idle.helping.load(SeqCst)
            && self.threads_are_quiet(busy_calls);
        // Relaxed: see `count_root_poll`.
        quiet.then(|| claimed + runnable + self.idle.root_polls.load(Relaxed))
    }

    /// Whether all threads without a seat sleep, those with blocking calls too, and somebody waits from
    /// outside: time does not run while nobody waits for it.
    fn threads_are_quiet(&self, busy_calls: usize) -> bool {
        let draining = self.gate.phase() == Phase::Draining;
        let mut found = Sleepers { awaited: draining, ..Sleepers::default() };
        let all_quiet = self.idle.threads().iter().all(|seen| found.sees(seen));
        all_quiet && found.asleep == found.roots && found.calls == busy_calls && found.awaited
    }
}

impl Sleepers {
    /// `false` if that thread is awake.
    fn sees(&mut self, seen: &Seen) -> bool {
        match seen {
            Seen::Worker(slot) => slot.is_quiet(),
            Seen::Guest(slot) => {
                self.awaited = true;
                slot.sleeps_without_seat()
            }
            Seen::Root(root) => {
                self.awaited |= !root.in_call;
                self.roots += usize::from(root.outermost);
                if root.parker.is_quiet() {
                    self.asleep += 1;
                    self.calls += usize::from(root.in_call);
                }
                true
            }
        }
    }
}
