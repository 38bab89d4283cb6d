//! A lock without content that knows the scheduler: for authors of primitives.
//!
//! [`RawLock`] is what `qi-sync`'s `Mutex` is made of; [`Holder`] and [`Loan`] are the parts of it
//! that other kinds of locks need.
//!
//! # States
//! One word says whether the lock is held, by whom ([`Holder`]), and three things of those who
//! wait; the waiters themselves are behind a mutex.
//!
//! ```text
//!                 lock: one compare-and-swap                        release: one, if nobody waits
//!   free ────────────────────────────────────────► held by a task ───────────────────────► free
//!    ▲                                              │      ▲
//!    │ release, the next waiter is told to try      │      │ release: handed over to the next
//!    └──────────────────────────────────────────────┘      └──── waiter, never free meanwhile
//! ```
//!
//! # Protocol
//! * Whoever finds LOCKED clear may set it, whether others wait or not: a task that runs makes
//!   better use of the lock than one that must be woken first. The holder's name goes into the word
//!   in the same step.
//! * What the word says of waiters is changed with the mutex held only, and *while LOCKED is set
//!   with WAITERS and without ON_THE_WAY, the lock is released with the mutex held only*. So whoever
//!   has the mutex and sees such a word knows that the holder stays. (I26)
//! * Who has to wait takes the mutex and, in one step, either takes the lock after all or marks the
//!   word of a lock that is held; then it enters the queue. So no release is missed. (I27)
//! * A release with WAITERS pops the next waiter. Usually it is *told to try*: the lock is free
//!   until it comes, and no further waiter is woken before, unless it is more urgent than those on
//!   the way. The lock is *handed over* instead to a waiter that came too late `LATE_LIMIT` times,
//!   and to one that is more urgent than the task that releases.
//! * A waiter that was told to try and finds the lock held looks again after others have run, until
//!   it has come too late `LATE_LIMIT` times; then it goes back to the head of the queue.
//! * A waiter that gives up passes on what it was told: it releases what was handed over; if it was
//!   told to try and the lock is free, the next is told. (I27)
//!
//! # Escalation
//! A holder less urgent than the most urgent waiter is lent the difference, see `loan.rs`. A task
//! that takes a free lock while others wait looks after that itself. The holder is the task that
//! ran when the lock was taken, for as long as it is held: a guard that is given to another task
//! still counts for the first. Waiters lend to tasks of the scheduler that they run on; what is no
//! task neither lends nor borrows.
//!
//! # Memory ordering
//! Taking the lock acquires what the release before it published; a hand-over is ordered by the
//! mutex, which both sides hold. The marks are changed by relaxed operations: they are
//! read-modify-writes, so they keep a release that came before visible to who acquires after them.
//!
//! # Rejected alternatives
//! A counted reference to the holder (a second atomic operation each time). The holder's name in a
//! place of its own, written after the lock was taken (a waiter would find the one before, and the
//! holder would have to look for waiters again behind a fence). Handing over always (a lock that is
//! wanted often then moves at the pace of wake-ups).
#![forbid(unsafe_code)]

mod acquire;
mod holder;
mod loan;
mod waiting;

pub use acquire::Acquire;
pub use holder::Holder;
pub(crate) use loan::Ledger;
pub use loan::{Effect, Loan};

use crate::sync::{AtomicU64, Mutex, lock};
use crate::task::guard;
use std::fmt;
use std::sync::atomic::Ordering::{Acquire as AcquireOrder, Relaxed, Release};
use std::task::Waker;
use waiting::{LOCKED, MARKS, ON_THE_WAY, Told, WAITERS, Waiting};

/// A waiter that came too late so often is handed the lock. Each time costs it a poll; a hand-over
/// costs everybody the time until it runs. (In the models two times show all that four do.)
const LATE_LIMIT: u32 = if cfg!(loom) { 2 } else { 4 };

/// A lock for tasks: fair in the end, urgent waiters first, with escalation of its holder.
///
/// Taking it while it is free and releasing it while nobody waits is one atomic operation each. It
/// guards nothing by itself.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// use qi_sched::lock::RawLock;
/// let lock = RawLock::new();
/// scheduler.block_on(async {
///     lock.acquire().await;
///     assert!(!lock.try_acquire());
///     lock.release();
/// });
/// assert!(lock.try_acquire());
/// ```
pub struct RawLock {
    word: AtomicU64,
    /// Made when somebody waits for the first time.
    waiting: Mutex<Option<Box<Waiting>>>,
}

impl RawLock {
    crate::sync::const_unless_loom! {
        /// A lock that nobody holds.
        #[must_use]
        pub fn new() -> Self {
            Self { word: AtomicU64::new(0), waiting: Mutex::new(None) }
        }
    }

    /// Waits for the lock and takes it.
    ///
    /// # Cancel safety
    /// A waiter that is dropped loses its place, and nothing else: what it was given meanwhile is
    /// passed on.
    #[inline]
    pub fn acquire(&self) -> Acquire<'_> {
        Acquire::new(self)
    }

    /// Takes the lock if it is free, even if others wait for their turn.
    #[inline]
    #[must_use = "the lock is held if the answer is true"]
    pub fn try_acquire(&self) -> bool {
        self.try_take(Holder::current())
    }

    #[inline]
    fn try_take(&self, me: Holder) -> bool {
        // A look first: while others wait a guess would fail each time, and an exchange that fails costs
        // as much as one that succeeds.
        if self.word.load(Relaxed) != 0 {
            return self.try_barge(me);
        }
        let mine = me.bits() | LOCKED;
        // Acquire: pairs with the release in `release`. Relaxed: a failure is looked at again.
        self.word.compare_exchange(0, mine, AcquireOrder, Relaxed).is_ok() || self.try_barge(me)
    }

    /// Takes a lock that is free although others wait.
    #[inline(never)]
    fn try_barge(&self, me: Holder) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & LOCKED == 0 {
            let new = me.bits() | LOCKED | (word & MARKS);
            // As in `try_take`.
            match self.word.compare_exchange_weak(word, new, AcquireOrder, Relaxed) {
                Ok(_) => {
                    if waiting::urgency(word).is_some_and(|urgency| me.gains_from(urgency)) {
                        self.borrow_from_waiters();
                    }
                    return true;
                }
                Err(seen) => word = seen,
            }
        }
        false
    }

    /// The caller took the lock past waiters more urgent than itself.
    #[cold]
    fn borrow_from_waiters(&self) {
        let mut guard = lock(&self.waiting);
        let waiting = guard.get_or_insert_with(Box::default);
        let word = self.publish(waiting);
        let effect = waiting.settle(word);
        drop(guard);
        drop(effect);
    }

    /// Whether somebody holds the lock now.
    #[inline]
    #[must_use]
    pub fn is_held(&self) -> bool {
        // Relaxed: the answer may be old as soon as it is given.
        self.word.load(Relaxed) & LOCKED != 0
    }

    /// Releases the lock. The caller holds it; it need not be the task that took it.
    ///
    /// # Panics
    /// In debug builds, if nobody holds it.
    #[inline]
    pub fn release(&self) {
        let mut word = self.word.load(Relaxed);
        loop {
            debug_assert!(word & LOCKED != 0, "a lock that nobody holds is released");
            if word & (WAITERS | ON_THE_WAY) == WAITERS {
                return self.release_to_waiters();
            }
            // Release: pairs with the acquire of whoever takes the lock next.
            match self.word.compare_exchange_weak(word, word & MARKS, RELEASE, Relaxed) {
                Ok(_) => return,
                Err(seen) => word = seen,
            }
        }
    }

    #[cold]
    fn release_to_waiters(&self) {
        let mut guard = lock(&self.waiting);
        let waiting = guard.get_or_insert_with(Box::default);
        let (waker, effect) = self.pass_on_held(waiting);
        drop(guard);
        drop(effect);
        wake(waker);
    }

    /// Releases the lock, or hands it over. The caller holds lock and mutex, so nobody else changes
    /// the word.
    fn pass_on_held(&self, waiting: &mut Waiting) -> (Option<Waker>, Effect) {
        // Relaxed: see the line above.
        let releaser = Holder::from_bits(self.word.load(Relaxed));
        let (mut waker, mut next) = (None, None);
        if let Some((told, lane)) = self.next_told(waiting, releaser) {
            if let Some((popped, holder)) = waiting.tell(told) {
                waker = Some(popped);
                next = (told == Told::Yours).then_some(holder);
            }
            debug_assert!(waker.is_some(), "a waiter of lane {lane} is next");
        }
        let held = next.map_or(0, |holder| holder.bits() | LOCKED);
        let word = held | waiting.marks(next, None);
        // Release: as in `release`.
        self.word.store(word, RELEASE);
        (waker, waiting.settle(word))
    }

    /// What the next waiter is to be told; `None` if nobody waits, or one who was told before and
    /// is no less urgent is on its way.
    fn next_told(
        &self,
        waiting: &Waiting,
        releaser: Holder,
    ) -> Option<(Told, crate::TaskPriority)> {
        let key = waiting.queue.next()?;
        let lane = waiting.queue.lane(key)?;
        let late = waiting.queue.payload(key)?.late;
        if late >= LATE_LIMIT || lane > releaser.priority() {
            Some((Told::Yours, lane))
        } else if waiting.is_expected(lane) {
            None
        } else {
            Some((Told::Try, lane))
        }
    }

    /// Makes the word say of the waiters what is true; gives the word. The caller has the mutex.
    fn publish(&self, waiting: &Waiting) -> u64 {
        let mut word = self.word.load(Relaxed);
        loop {
            let marks = waiting.marks(waiting::holder(word), None);
            let new = (word & !MARKS) | marks;
            // Relaxed: see "Memory ordering".
            match self.word.compare_exchange_weak(word, new, Relaxed, Relaxed) {
                Ok(_) => return new,
                Err(seen) => word = seen,
            }
        }
    }

    /// A waiter that was told to try gives up: the next one is told, unless somebody has the lock
    /// (who will release it) or is on the way.
    fn pass_on_chance(&self, waiting: &mut Waiting) -> (Option<Waker>, Effect) {
        let mut word = self.publish(waiting);
        let mut waker = None;
        let missed = waiting::urgency(word).is_some_and(|urgency| !waiting.is_expected(urgency));
        #[cfg(qi_mutant = "lock_cancel_keeps_chance")]
        let missed = missed && false;
        if word & LOCKED == 0 && missed {
            waker = waiting.tell(Told::Try).map(|(waker, _)| waker);
            word = self.publish(waiting);
        }
        (waker, waiting.settle(word))
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        guard("a waker panicked", || waker.wake());
    }
}

const RELEASE: std::sync::atomic::Ordering =
    if cfg!(qi_mutant = "lock_release_relaxed") { Relaxed } else { Release };

impl Default for RawLock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawLock").field("held", &self.is_held()).finish_non_exhaustive()
    }
}
