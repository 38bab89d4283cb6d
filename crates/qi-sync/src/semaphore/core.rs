//! The permits and those who wait for them.
//!
//! # States
//! One word holds the number of free permits above two bits: CLOSED, and WAITED while somebody
//! may wait. The bits, and what the queue holds, change under the mutex of the queue only; the
//! number changes at any time, with one compare-and-swap.
//!
//! # Protocol
//! While WAITED is clear, taking and giving touch the word alone. While it is set, only whoever
//! holds the mutex takes; all others queue up (I36). So nobody overtakes a waiter, permits for a
//! big request add up, and a request more urgent than the one in front goes before it, but no
//! oftener than the queue's patience allows.
//!
//! A waiter sets WAITED, in the same word that the number is in, and looks at the number after
//! that: a giver's addition is seen there, or the giver sees WAITED, and hands the permits out
//! under the mutex. Whenever the mutex is released, the next waiter's request exceeds the number
//! of free permits, or whoever released it is about to take it again with wakers in its hand.
//!
//! A waiter that was granted permits and gives up gives them back like a holder; one that waits
//! and gives up hands out what those behind it may now have.
//!
//! # Memory ordering
//! Giving is a Release and taking, by whomever and for whomever, an Acquire, so what the holders
//! of a permit did one after the other is ordered. Closing is a Release, and finding it closed an
//! Acquire, so who is refused sees why. Changing WAITED is Relaxed: as a read-modify-write it
//! leaves the chains of releases whole, and the queue is the mutex's.
//!
//! # Rejected
//! Giving permits to the waiter in front one by one: a more urgent request would find them spent.
//! Waking the waiters to try again: they would race with newcomers, and a big request starve.
#![forbid(unsafe_code)]

use crate::error::TryAcquireError;
use crate::sync::{AtomicUsize, Mutex, MutexGuard, const_unless_loom, lock};
use crate::wake::Batch;
use qi_sched::TaskPriority;
use qi_sched::wait_queue::{WaitQueue, WaiterKey, WakeList};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::Waker;

/// No permit is given out any more.
const CLOSED: usize = 1;

/// Somebody may wait: nobody takes permits but under the lock.
const WAITED: usize = 1 << 1;

/// One permit.
const ONE: usize = 1 << 2;

/// The most permits: one bit less than there is room for, so that an addition cannot wrap.
pub(super) const MAX_PERMITS: usize = usize::MAX >> 3;

#[derive(Debug)]
pub(super) struct Core {
    word: AtomicUsize,
    waiters: Mutex<WaitQueue<Request>>,
}

/// What one waiter wants.
#[derive(Debug)]
struct Request {
    permits: usize,
    is_granted: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Outcome {
    Granted,
    Closed,
    Waiting(WaiterKey),
}

type Guard<'a> = MutexGuard<'a, WaitQueue<Request>>;

impl Core {
    const_unless_loom! {
        pub(super) fn new(permits: usize) -> Self {
            assert!(permits <= MAX_PERMITS, "a semaphore has at most MAX_PERMITS permits");
            Self { word: AtomicUsize::new(permits * ONE), waiters: Mutex::new(WaitQueue::new()) }
        }
    }

    pub(super) fn free(&self) -> usize {
        // Relaxed: a figure that may be old as soon as it is read.
        self.word.load(Relaxed) / ONE
    }

    pub(super) fn is_closed(&self) -> bool {
        // Acquire: see "Memory ordering".
        self.word.load(Acquire) & CLOSED != 0
    }

    /// Takes permits if they are free and nobody waits.
    pub(super) fn try_take(&self, permits: usize) -> Result<(), TryAcquireError> {
        // Acquire, here and if the exchange fails: it may be closed, see "Memory ordering".
        let mut word = self.word.load(Acquire);
        loop {
            if word & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if word / ONE < permits || (word & WAITED != 0 && permits > 0) {
                return Err(TryAcquireError::NoPermits);
            }
            // Acquire: see "Memory ordering".
            match self.word.compare_exchange_weak(word, word - permits * ONE, Acquire, Acquire) {
                Ok(_) => return Ok(()),
                Err(seen) => word = seen,
            }
        }
    }

    /// Gives permits, back or new ones; `false`, and nothing is given, if there would be more than
    /// [`MAX_PERMITS`].
    pub(super) fn give(&self, permits: usize) -> bool {
        // Relaxed: the exchange below looks again.
        let mut word = self.word.load(Relaxed);
        loop {
            if permits > MAX_PERMITS || word / ONE + permits > MAX_PERMITS {
                return false;
            }
            // Release: see "Memory ordering".
            match self.word.compare_exchange_weak(word, word + permits * ONE, Release, Relaxed) {
                Ok(_) => break,
                Err(seen) => word = seen,
            }
        }
        if word & WAITED != 0 && permits > 0 {
            self.serve(lock(&self.waiters), Batch::default());
        }
        true
    }

    /// Destroys up to so many free permits; says how many.
    pub(super) fn destroy(&self, permits: usize) -> usize {
        // Relaxed, Acquire: as for taking; whoever destroys permits may rely on their being free.
        let mut word = self.word.load(Relaxed);
        loop {
            let destroyed = permits.min(word / ONE);
            match self.word.compare_exchange_weak(word, word - destroyed * ONE, Acquire, Relaxed) {
                Ok(_) => return destroyed,
                Err(seen) => word = seen,
            }
        }
    }

    /// Queues a request up, unless it can be granted at once.
    pub(super) fn wait(&self, permits: usize, lane: TaskPriority, waker: Waker) -> Outcome {
        let mut waiters = lock(&self.waiters);
        // Relaxed: see "Memory ordering".
        #[cfg(not(qi_mutant = "semaphore_waits_unannounced"))]
        let word = self.word.fetch_or(WAITED, Relaxed);
        // The mutant announces itself only after it has looked at the number of permits.
        #[cfg(qi_mutant = "semaphore_waits_unannounced")]
        let word = self.word.load(Relaxed);
        if word & CLOSED != 0 {
            self.settle(&waiters);
            drop(waiters);
            drop(waker);
            return Outcome::Closed;
        }
        let is_next = waiters.is_empty();
        if is_next && self.take_for_waiter(permits) {
            self.settle(&waiters);
            drop(waiters);
            drop(waker);
            return Outcome::Granted;
        }
        let key = waiters.insert(lane, waker, Request { permits, is_granted: false });
        if is_next {
            self.settle(&waiters);
            return Outcome::Waiting(key);
        }
        self.serve_own(waiters, key)
    }

    /// Whether a request has been granted; if it still waits, it does so in this lane, and wakes
    /// this waker.
    pub(super) fn poll(&self, key: WaiterKey, lane: TaskPriority, waker: &Waker) -> Outcome {
        let mut waiters = lock(&self.waiters);
        if !waiters.is_waiting(key) {
            return Self::outcome(waiters, key);
        }
        if !waiters.wakes(key, waker) {
            // Wakers are cloned and dropped outside of the lock.
            drop(waiters);
            let fresh = waker.clone();
            waiters = lock(&self.waiters);
            let unused = waiters.set_waker(key, fresh);
            drop(waiters);
            drop(unused);
            waiters = lock(&self.waiters);
        }
        if waiters.set_lane(key, lane) {
            return self.serve_own(waiters, key);
        }
        Self::outcome(waiters, key)
    }

    /// Gives a request up, whatever became of it.
    pub(super) fn give_up(&self, key: WaiterKey) {
        let mut waiters = lock(&self.waiters);
        let Some(removed) = waiters.remove(key) else { return };
        if !removed.payload.is_granted {
            // Those behind it may ask for less.
            self.serve(waiters, Batch::default());
        } else if !cfg!(qi_mutant = "semaphore_keeps_abandoned_permits") {
            drop(waiters);
            self.give(removed.payload.permits);
        }
    }

    pub(super) fn close(&self) {
        let mut woken = WakeList::new();
        let mut waiters = lock(&self.waiters);
        // Release: see "Memory ordering".
        self.word.fetch_or(CLOSED, Release);
        waiters.dismiss_all();
        self.settle(&waiters);
        while waiters.pop_dismissed(&mut woken) {
            drop(waiters);
            woken.wake_all();
            waiters = lock(&self.waiters);
        }
        drop(waiters);
        woken.wake_all();
    }

    /// Hands out permits, and says what became of the request of the caller, who is not woken.
    fn serve_own<'a>(&'a self, mut waiters: Guard<'a>, key: WaiterKey) -> Outcome {
        let mut woken = Batch::default();
        let own = self.hand_out(&mut waiters, &mut woken, Some(key));
        if woken.is_full() {
            self.serve(waiters, woken);
            waiters = lock(&self.waiters);
            woken = Batch::default();
        }
        let outcome = Self::outcome(waiters, key);
        woken.wake();
        drop(own);
        outcome
    }

    /// Hands out permits until the next request exceeds them, and wakes whom they were given to,
    /// without the lock. (I36)
    fn serve<'a>(&'a self, mut waiters: Guard<'a>, mut woken: Batch) {
        loop {
            self.hand_out(&mut waiters, &mut woken, None);
            let may_be_more = woken.is_full();
            drop(waiters);
            woken.wake();
            if !may_be_more {
                return;
            }
            waiters = lock(&self.waiters);
        }
    }

    /// Grants requests while there is room for wakers. The waker of the caller's own request is
    /// handed back, to be dropped without the lock.
    fn hand_out(
        &self,
        waiters: &mut WaitQueue<Request>,
        woken: &mut Batch,
        own: Option<WaiterKey>,
    ) -> Option<Waker> {
        let mut own_waker = None;
        while !woken.is_full() {
            let Some(next) = waiters.next() else { break };
            let permits = waiters.payload(next).map_or(0, |request| request.permits);
            if !self.take_for_waiter(permits) {
                break;
            }
            let Some(popped) = waiters.pop() else { break };
            if let Some(request) = waiters.payload_mut(popped.key) {
                request.is_granted = true;
            }
            if own == Some(popped.key) {
                own_waker = Some(popped.waker);
            } else {
                woken.push(popped.waker);
            }
        }
        self.settle(waiters);
        own_waker
    }

    /// Takes permits for a waiter, under the lock.
    fn take_for_waiter(&self, permits: usize) -> bool {
        // Acquire: see "Memory ordering". Relaxed: nothing was taken.
        let taken = self.word.fetch_update(Acquire, Relaxed, |word| {
            (word / ONE >= permits).then(|| word - permits * ONE)
        });
        taken.is_ok()
    }

    /// Clears WAITED if nobody waits. Under the lock.
    fn settle(&self, waiters: &WaitQueue<Request>) {
        if waiters.is_empty() {
            // Relaxed: see "Memory ordering".
            self.word.fetch_and(!WAITED, Relaxed);
        } else if cfg!(qi_mutant = "semaphore_waits_unannounced") {
            self.word.fetch_or(WAITED, Relaxed);
        }
    }

    /// What became of a request; if it is over, its entry is removed.
    fn outcome(mut waiters: Guard<'_>, key: WaiterKey) -> Outcome {
        if waiters.is_waiting(key) {
            return Outcome::Waiting(key);
        }
        let removed = waiters.remove(key);
        drop(waiters);
        // What is left of a waker that was not taken is dropped here, without the lock.
        match removed {
            Some(removed) if removed.payload.is_granted => Outcome::Granted,
            _ => Outcome::Closed,
        }
    }
}
