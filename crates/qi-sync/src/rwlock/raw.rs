//! A lock for many readers or one writer, without content: who has it, and who is next.
//!
//! # States
//! One word: free, so many readers, or one writer with its name
//! ([`Holder`](qi_sched::lock::Holder)), and whether somebody waits.
//!
//! ```text
//!  63                                   5 4    2     1        0
//! ┌──────────────────────────────────────┬──────┬─────────┬────────┐
//! │ number of readers, or the writer     │ zero │ WAITERS │ WRITER │
//! └──────────────────────────────────────┴──────┴─────────┴────────┘
//! ```
//!
//! # Protocol
//! * While WAITERS is clear, taking and releasing the lock is one step on the word.
//! * WAITERS is set exactly while the queue is not empty, and changed under its mutex. While it is
//!   set, the lock is taken on behalf of the next waiter only, under the mutex ([`Raw::grant`]): so
//!   nobody overtakes, and a writer waits for the readers before it only. A writer releases under
//!   the mutex, a reader on the word; the last one goes on to grant.
//! * Who has to wait enters the queue, sets WAITERS and then grants, all under the mutex: either
//!   a release sees WAITERS, or the waiter sees the lock free.
//! * A popped waiter has the lock. One that gives up releases it. (I51)
//!
//! # Escalation
//! The writer is lent urgency by those who wait. Readers are not: there may be many, and a list of
//! them would cost each of them its one atomic operation.
//!
//! # Memory ordering
//! Taking acquires, releasing releases. Readers' releases are read-modify-writes, so a writer that
//! acquires after the last of them sees what all did. A waiter that is granted the lock is ordered
//! after the granter by the mutex, and the granter has acquired.
#![forbid(unsafe_code)]

use crate::sync::{AtomicU64, Mutex, const_unless_loom, lock};
use qi_sched::lock::{Effect, Holder, Loan};
use qi_sched::wait_queue::{WaitQueue, WaiterKey, WakeList};
use qi_sched::{context, coop};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::task::{Context, Poll, Waker, ready};

const WRITER: u64 = 1 << 0;
const WAITERS: u64 = 1 << 1;
/// One reader.
const READER: u64 = 1 << Holder::FLAG_BITS;

/// What somebody wants of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Read,
    Write,
}

/// One waiter: what it wants, and its name if it writes.
#[derive(Debug)]
struct Waiter {
    want: Want,
    holder: Holder,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: WaitQueue<Waiter>,
    loan: Loan,
}

/// The lock.
pub(super) struct Raw {
    word: AtomicU64,
    /// Made when somebody waits for the first time.
    waiting: Mutex<Option<Box<Waiting>>>,
}

/// What is left to do when the mutex is released.
#[derive(Default)]
struct After {
    woken: WakeList,
    /// The waker of the waiter that asks itself, if it was popped: dropped, not woken.
    own: Option<Waker>,
    /// Whether more could be granted than the list holds.
    more: bool,
    effect: Effect,
}

/// Who writes, by the word.
fn writer(word: u64) -> Option<Holder> {
    (word & WRITER != 0).then(|| Holder::from_bits(word))
}

impl Raw {
    const_unless_loom! {
        pub(super) fn new() -> Self {
            Self { word: AtomicU64::new(0), waiting: Mutex::new(None) }
        }
    }

    /// Takes the lock for somebody, if it is free for that and nobody waits.
    #[inline]
    pub(super) fn try_take(&self, want: Want) -> bool {
        match want {
            Want::Read => self.try_read(),
            Want::Write => {
                let new = Holder::current().bits() | WRITER;
                // Acquire: pairs with the releases before. Relaxed: nothing is read then.
                self.word.compare_exchange(0, new, Acquire, Relaxed).is_ok()
            }
        }
    }

    fn try_read(&self) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & (WRITER | WAITERS) == 0 {
            // As in `try_take`.
            match self.word.compare_exchange_weak(word, word + READER, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
        false
    }

    /// Gives a reader's part back.
    #[inline]
    pub(super) fn release_read(&self) {
        // Release: pairs with the acquire of the next writer.
        let before = self.word.fetch_sub(READER, Release);
        debug_assert!(before & WRITER == 0 && before >= READER, "a read lock is released once");
        if before & WAITERS != 0 && before < 2 * READER {
            self.update(|_, _| {});
        }
    }

    /// Gives a writer's part back.
    #[inline]
    pub(super) fn release_write(&self) {
        self.leave_write(0);
    }

    /// Makes the writer a reader; nobody else writes in between.
    pub(super) fn downgrade(&self) {
        self.leave_write(READER);
    }

    /// Puts `remains` in the place of the writer.
    #[inline]
    fn leave_write(&self, remains: u64) {
        let word = self.word.load(Relaxed);
        debug_assert!(word & WRITER != 0, "a write lock is released once");
        // Release: pairs with the acquire of whoever is next. With the writer in it and no waiters
        // the word changes only when somebody comes to wait.
        if word & WAITERS != 0
            || self.word.compare_exchange(word, remains, Release, Relaxed).is_err()
        {
            self.update(|raw, _| {
                // Release: as above. The writer and the mutex are ours, so nobody else writes it.
                let waiters = raw.word.load(Relaxed) & WAITERS;
                raw.word.store(remains | waiters, Release);
            });
        }
    }

    /// Changes something under the mutex, grants what can be granted then, and wakes who has it.
    fn update(&self, change: impl FnOnce(&Self, &mut Waiting)) {
        let mut change = Some(change);
        loop {
            let mut guard = lock(&self.waiting);
            let waiting = guard.get_or_insert_with(Box::default);
            if let Some(change) = change.take() {
                change(self, waiting);
            }
            let mut after = self.grant(waiting, None);
            drop(guard);
            after.woken.wake_all();
            if !after.more {
                return;
            }
        }
    }

    /// Gives the lock to waiters, in their order, as long as it is free for the next; settles what
    /// is lent to the writer. The waiter `own` asks itself, and is not woken.
    fn grant(&self, waiting: &mut Waiting, own: Option<WaiterKey>) -> After {
        let mut after = After::default();
        while let Some(key) = waiting.queue.next() {
            after.more = after.woken.is_full();
            if after.more || !self.take_for(waiting, key) {
                break;
            }
            if let Some(popped) = waiting.queue.pop() {
                if own == Some(popped.key) {
                    after.own = Some(popped.waker);
                } else {
                    after.woken.push(popped.waker);
                }
            }
        }
        let urgency = waiting.queue.urgency();
        if urgency.is_none() {
            // Relaxed: who takes the lock next acquires it from whoever released it.
            self.word.fetch_and(!WAITERS, Relaxed);
        }
        // With waiters a writer needs the mutex to release; without, nothing is lent.
        after.effect = waiting.loan.settle(writer(self.word.load(Relaxed)), urgency);
        after
    }

    /// Takes the lock for the next waiter, if it is free for it.
    fn take_for(&self, waiting: &Waiting, key: WaiterKey) -> bool {
        let Some(waiter) = waiting.queue.payload(key) else { return false };
        let mut word = self.word.load(Relaxed);
        loop {
            let free = word & !WAITERS == 0 || (waiter.want == Want::Read && word & WRITER == 0);
            if !free {
                return false;
            }
            let new = match waiter.want {
                Want::Read => word + READER,
                Want::Write => waiter.holder.bits() | WRITER | WAITERS,
            };
            // AcqRel: the waiter sees through the mutex what is acquired here; and the readers that
            // release at the same time keep their releases visible.
            match self.word.compare_exchange_weak(word, new, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
    }

    /// Waits for the lock.
    pub(super) fn acquire(&self, want: Want) -> Acquiring<'_> {
        Acquiring { raw: self, want, key: None }
    }

    /// Whether nobody has the lock.
    pub(super) fn is_free(&self) -> bool {
        // Relaxed: the answer may be old as soon as it is given.
        self.word.load(Relaxed) & !WAITERS == 0
    }
}

/// Waits for the lock; when it is ready, the caller has it.
pub(super) struct Acquiring<'a> {
    raw: &'a Raw,
    want: Want,
    /// The place in the queue, while there is one.
    key: Option<WaiterKey>,
}

impl Acquiring<'_> {
    #[cold]
    fn wait(&mut self, waker: Waker) -> Poll<()> {
        let waiter = Waiter { want: self.want, holder: Holder::current() };
        let lane = context::lane();
        let mut guard = lock(&self.raw.waiting);
        let waiting = guard.get_or_insert_with(Box::default);
        let key = waiting.queue.insert(lane, waker, waiter);
        // AcqRel: a release that came before is seen by `grant`, one that comes after sees this.
        #[cfg(not(qi_mutant = "rwlock_waits_unannounced"))]
        self.raw.word.fetch_or(WAITERS, AcqRel);
        self.key = Some(key);
        self.look(guard, key, None)
    }

    #[cold]
    fn go_on(&mut self, key: WaiterKey, cx: &Context<'_>) -> Poll<()> {
        let guard = lock(&self.raw.waiting);
        let known = guard.as_ref().is_some_and(|waiting| {
            !waiting.queue.is_waiting(key) || waiting.queue.wakes(key, cx.waker())
        });
        if known {
            return self.look(guard, key, None);
        }
        // A waker is cloned with no lock held.
        drop(guard);
        let waker = cx.waker().clone();
        self.look(lock(&self.raw.waiting), key, Some(waker))
    }

    /// What has become of the waiter.
    fn look(
        &mut self,
        mut guard: crate::sync::MutexGuard<'_, Option<Box<Waiting>>>,
        key: WaiterKey,
        waker: Option<Waker>,
    ) -> Poll<()> {
        let waiting = guard.get_or_insert_with(Box::default);
        let unused = waker.and_then(|waker| waiting.queue.set_waker(key, waker));
        let waits = waiting.queue.is_waiting(key);
        let mut after = After::default();
        if waits {
            waiting.queue.set_lane(key, context::lane());
            after = self.raw.grant(waiting, Some(key));
        }
        let granted = !waiting.queue.is_waiting(key);
        let removed = granted.then(|| waiting.queue.remove(key));
        drop(guard);
        drop((unused, removed));
        after.woken.wake_all();
        if after.more {
            self.raw.update(|_, _| {});
        }
        if granted {
            self.key = None;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Future for Acquiring<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(key) = self.key {
            return self.go_on(key, cx);
        }
        let progress = ready!(coop::poll_proceed(cx));
        if self.raw.try_take(self.want) {
            progress.made_progress();
            return Poll::Ready(());
        }
        // Who has to wait lets others run anyway.
        drop(progress);
        self.wait(cx.waker().clone())
    }
}

impl Drop for Acquiring<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let (mut granted, mut unused) = (false, None);
        self.raw.update(|_, waiting| {
            if let Some(removed) = waiting.queue.remove(key) {
                granted = !removed.was_waiting;
                unused = removed.waker;
            }
        });
        drop(unused);
        if granted && !cfg!(qi_mutant = "rwlock_cancel_keeps_lock") {
            match self.want {
                Want::Read => self.raw.release_read(),
                Want::Write => self.raw.release_write(),
            }
        }
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("free", &self.is_free()).finish_non_exhaustive()
    }
}
