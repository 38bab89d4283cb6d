//! The stored notification and those who wait for one.
//!
//! # States
//! One word: the number of the round above two bits. STORED: one notification waits for a taker.
//! WAITED: somebody may wait. Never both, because who waits takes what is stored, and nothing is
//! stored while somebody waits. Everything that happens while WAITED is set, happens under the
//! mutex of the queue; while it is clear, all is one compare-and-swap of the word.
//!
//! Notifying all begins a new round. A wait belongs to the round in which it was made, and is
//! over when that is; so it hears of it even if it was never polled.
//!
//! # Protocol
//! A waiter sets WAITED in the very exchange that finds nothing stored and the round its own. So
//! a notifier either comes before, and is found, or sees WAITED, and takes the mutex.
//!
//! A waiter that one notification was meant for, and that gives up, passes it on: to the next, or
//! into the word (I37). A round that ended was meant for all, and needs no passing on.
//!
//! # Memory ordering
//! Each notification is a Release, on the word or the mutex, and each taking an Acquire: whoever
//! was notified sees what was written before. Making a wait acquires the round, so that what a
//! program looks at between making it and awaiting it is not older than the rounds that it
//! will not hear of.
#![forbid(unsafe_code)]

use crate::sync::{AtomicUsize, Mutex, MutexGuard, const_unless_loom, lock};
use crate::wake::wake_all;
use qi_sched::TaskPriority;
use qi_sched::wait_queue::{Popped, WaitQueue, WaiterKey, WakeList};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::Waker;

/// One notification is stored.
const STORED: usize = 1;

/// Somebody may wait.
const WAITED: usize = 1 << 1;

/// One round.
const ROUND: usize = 1 << 2;

/// Which waiter a notification is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    First,
    Last,
}

#[derive(Debug)]
pub(super) struct Core {
    word: AtomicUsize,
    /// Each with the order of the notification that was meant for it.
    waiters: Mutex<WaitQueue<Option<Order>>>,
}

type Guard<'a> = MutexGuard<'a, WaitQueue<Option<Order>>>;

/// The round in which a wait was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round(usize);

/// What became of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Outcome {
    Notified,
    Waiting(WaiterKey),
}

impl Core {
    const_unless_loom! {
        pub(super) fn new() -> Self {
            Self { word: AtomicUsize::new(0), waiters: Mutex::new(WaitQueue::new()) }
        }
    }

    /// The round that a wait made now belongs to.
    pub(super) fn round(&self) -> Round {
        // Acquire: see "Memory ordering".
        Round(self.word.load(Acquire) / ROUND)
    }

    /// Notifies one waiter, or stores the notification.
    pub(super) fn notify(&self, order: Order) {
        // Relaxed: the exchange below looks again.
        let mut word = self.word.load(Relaxed);
        while word & WAITED == 0 {
            // Release: see "Memory ordering". One that is stored already is written all the same,
            // so that its taker sees what this notifier wrote, too.
            match self.word.compare_exchange_weak(word, word | STORED, Release, Relaxed) {
                Ok(_) => return,
                Err(seen) => word = seen,
            }
        }
        self.notify_under_lock(lock(&self.waiters), order);
    }

    /// Notifies the next waiter; stores the notification if there is none.
    fn notify_under_lock(&self, mut waiters: Guard<'_>, order: Order) {
        let popped = match order {
            Order::First => waiters.pop(),
            Order::Last => waiters.pop_last(),
        };
        let Some(Popped { key, waker }) = popped else {
            // Release: see "Memory ordering". WAITED is clear: nobody waits, and nobody can set it
            // while the lock is held.
            self.word.fetch_or(STORED, Release);
            return;
        };
        if let Some(meant) = waiters.payload_mut(key) {
            *meant = Some(order);
        }
        self.settle(&waiters);
        drop(waiters);
        wake_all([waker]);
    }

    /// Notifies all whose wait was made before.
    pub(super) fn notify_all(&self) {
        // Relaxed: the exchange below looks again.
        let mut word = self.word.load(Relaxed);
        while word & WAITED == 0 {
            let next = word.wrapping_add(ROUND);
            // Release: see "Memory ordering".
            match self.word.compare_exchange_weak(word, next, Release, Relaxed) {
                Ok(_) => return,
                Err(seen) => word = seen,
            }
        }
        let mut waiters = lock(&self.waiters);
        // Release: see "Memory ordering".
        self.word.fetch_add(ROUND, Release);
        waiters.dismiss_all();
        self.settle(&waiters);
        let mut woken = WakeList::new();
        while waiters.pop_dismissed(&mut woken) {
            drop(waiters);
            woken.wake_all();
            waiters = lock(&self.waiters);
        }
        drop(waiters);
        woken.wake_all();
    }

    /// Takes the stored notification; whether the wait is over by it, or by the end of its round.
    pub(super) fn try_take(&self, round: Round) -> bool {
        // Acquire, also below if the exchange fails: the round may be over.
        let mut word = self.word.load(Acquire);
        loop {
            if word / ROUND != round.0 {
                return true;
            }
            if word & STORED == 0 {
                return false;
            }
            // Acquire: see "Memory ordering".
            match self.word.compare_exchange_weak(word, word & !STORED, Acquire, Acquire) {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
    }

    /// Queues a wait up, unless it is over.
    pub(super) fn wait(&self, round: Round, lane: TaskPriority, waker: Waker) -> Outcome {
        let mut waiters = lock(&self.waiters);
        if self.take_or_announce(round) {
            drop(waiters);
            drop(waker);
            return Outcome::Notified;
        }
        Outcome::Waiting(waiters.insert(lane, waker, None))
    }

    /// Takes what is stored, or says that somebody waits. Under the lock.
    #[cfg(not(qi_mutant = "notify_waits_unannounced"))]
    fn take_or_announce(&self, round: Round) -> bool {
        loop {
            if self.try_take(round) {
                return true;
            }
            // Relaxed: the exchange decides.
            let word = self.word.load(Relaxed);
            if word / ROUND != round.0 || word & STORED != 0 {
                continue;
            }
            // Relaxed: the word hands nothing over here; in case of failure it is read again.
            let announced = self.word.compare_exchange(word, word | WAITED, Relaxed, Relaxed);
            if announced.is_ok() {
                return false;
            }
        }
    }

    /// The mutant looks first and announces itself afterwards.
    #[cfg(qi_mutant = "notify_waits_unannounced")]
    fn take_or_announce(&self, round: Round) -> bool {
        let taken = self.try_take(round);
        if !taken {
            self.word.fetch_or(WAITED, Relaxed);
        }
        taken
    }

    /// Whether a wait is over; if not, it is in this lane, and wakes this waker.
    pub(super) fn poll(&self, key: WaiterKey, lane: TaskPriority, waker: &Waker) -> Outcome {
        let mut waiters = lock(&self.waiters);
        if waiters.is_waiting(key) && !waiters.wakes(key, waker) {
            // Wakers are cloned and dropped outside of the lock.
            drop(waiters);
            let fresh = waker.clone();
            waiters = lock(&self.waiters);
            let unused = waiters.set_waker(key, fresh);
            drop(waiters);
            drop(unused);
            waiters = lock(&self.waiters);
        }
        if waiters.is_waiting(key) {
            waiters.set_lane(key, lane);
            return Outcome::Waiting(key);
        }
        let removed = waiters.remove(key);
        drop(waiters);
        drop(removed);
        Outcome::Notified
    }

    /// Whether a wait that stands in line is over.
    pub(super) fn is_over(&self, key: WaiterKey) -> bool {
        !lock(&self.waiters).is_waiting(key)
    }

    /// Gives a wait up. A notification that was meant for it goes on. (I37)
    pub(super) fn give_up(&self, key: WaiterKey) {
        let mut waiters = lock(&self.waiters);
        let Some(removed) = waiters.remove(key) else { return };
        match removed.payload {
            Some(order) if !cfg!(qi_mutant = "notify_swallows_abandoned") => {
                self.notify_under_lock(waiters, order);
            }
            _ => {
                self.settle(&waiters);
                drop(waiters);
            }
        }
        drop(removed.waker);
    }

    /// Clears WAITED if nobody waits. Under the lock.
    fn settle(&self, waiters: &WaitQueue<Option<Order>>) {
        if waiters.is_empty() {
            // Relaxed: as a read-modify-write it leaves the chains of releases whole.
            self.word.fetch_and(!WAITED, Relaxed);
        }
    }
}
