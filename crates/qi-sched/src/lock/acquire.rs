//! Waiting for a lock: the slow path of taking it.
#![forbid(unsafe_code)]

use super::holder::Holder;
use super::loan::Effect;
use super::waiting::{self, LOCKED, MARKS, Told, Waiter, Waiting};
use super::{AcquireOrder, LATE_LIMIT, RawLock, wake};
use crate::coop;
use crate::priority::TaskPriority;
use crate::sync::{SPIN_ROUNDS, lock};
use crate::wait_queue::WaiterKey;
use crate::worker::context;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker, ready};

/// Waits for a lock. Made by [`RawLock::acquire`]; when it is ready, the lock is held.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Acquire<'a> {
    lock: &'a RawLock,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    /// Not polled yet, or taken.
    Nowhere,
    /// In the queue, or popped from it.
    Queue(WaiterKey),
    /// Popped and told to try; so often it came too late.
    Trying(WaiterKey, u32),
}

/// What comes of a try with the mutex held.
enum Outcome {
    Taken,
    Waits(WaiterKey),
    /// It came too late so often, and tries again at once.
    Tries(WaiterKey, u32),
}

impl<'a> Acquire<'a> {
    pub(super) fn new(lock: &'a RawLock) -> Self {
        Self { lock, place: Place::Nowhere }
    }

    #[cold]
    fn wait(&mut self, cx: &mut Context<'_>, me: Holder) -> Poll<()> {
        if self.lock.spin(me) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let mut guard = lock(&self.lock.waiting);
        let waiting = guard.get_or_insert_with(Box::default);
        let newcomer = Waiter { holder: me, late: 0, told: Told::Nothing };
        let (outcome, unused, effect) =
            self.lock.take_or_wait(waiting, newcomer, context::lane(), waker);
        drop(guard);
        drop((unused, effect));
        self.settle(outcome, cx)
    }

    /// A poll of a future that was told to try and came too late before. While the lock is held it
    /// lets others run and looks again, a few times: that is cheaper for everybody than the queue,
    /// and whoever releases the lock meanwhile has nobody to wake.
    #[inline]
    fn try_again(&mut self, key: WaiterKey, late: u32, cx: &mut Context<'_>) -> Poll<()> {
        if late + 1 < LATE_LIMIT && self.lock.is_held() {
            self.place = Place::Trying(key, late + 1);
            coop::request_another_poll(cx);
            return Poll::Pending;
        }
        self.go_on(key, late, cx)
    }

    /// A poll of a future that has a place in the queue, or had one.
    #[cold]
    fn go_on(&mut self, key: WaiterKey, late: u32, cx: &mut Context<'_>) -> Poll<()> {
        let mut spare = None;
        loop {
            let mut guard = lock(&self.lock.waiting);
            let waiting = guard.get_or_insert_with(Box::default);
            let told = waiting.told(key);
            let needs_waker = match told {
                Told::Nothing => !waiting.queue.wakes(key, cx.waker()),
                Told::Try => !self.lock.may_try_again(late + 1),
                Told::Yours => false,
            };
            if needs_waker && spare.is_none() {
                // A waker is cloned with no lock held, and then all is looked at again.
                drop(guard);
                spare = Some(cx.waker().clone());
                continue;
            }
            let (outcome, unused, effect) = self.lock.look(waiting, key, late, spare.take());
            drop(guard);
            drop((unused, effect));
            return self.settle(outcome, cx);
        }
    }

    fn settle(&mut self, outcome: Outcome, cx: &mut Context<'_>) -> Poll<()> {
        match outcome {
            Outcome::Taken => {
                self.place = Place::Nowhere;
                Poll::Ready(())
            }
            Outcome::Waits(key) => {
                self.place = Place::Queue(key);
                Poll::Pending
            }
            Outcome::Tries(key, late) => {
                self.place = Place::Trying(key, late);
                coop::request_another_poll(cx);
                Poll::Pending
            }
        }
    }
}

impl RawLock {
    /// A holder on another processor may be about to release the lock: waiting in the queue would
    /// cost both far more than that takes.
    fn spin(&self, me: Holder) -> bool {
        for round in 0..SPIN_ROUNDS {
            if self.word.load(Relaxed) & MARKS != 0 || !context::has_company() {
                return false;
            }
            for _ in 0..1 << round {
                std::hint::spin_loop();
            }
            if self.try_take(me) {
                return true;
            }
        }
        false
    }

    /// Takes the lock if it is free, else has the waiter wait for it. (I27) `waker` comes back if it
    /// was not needed.
    fn take_or_wait(
        &self,
        waiting: &mut Waiting,
        waiter: Waiter,
        lane: TaskPriority,
        waker: Waker,
    ) -> (Outcome, Option<Waker>, Effect) {
        let mut word = self.word.load(Relaxed);
        loop {
            let free = word & LOCKED == 0 && !cfg!(qi_mutant = "lock_waits_without_second_look");
            let new = if free {
                waiter.holder.bits() | LOCKED | waiting.marks(Some(waiter.holder), None)
            } else {
                (word & !MARKS) | waiting.marks(waiting::holder(word), Some(lane))
            };
            // Acquire: for the one who takes the lock, as in `try_take`.
            match self.word.compare_exchange_weak(word, new, AcquireOrder, Relaxed) {
                Ok(_) if free => return (Outcome::Taken, Some(waker), waiting.settle(new)),
                Ok(_) => {
                    let key = if waiter.late == 0 {
                        waiting.queue.insert(lane, waker, waiter)
                    } else {
                        waiting.queue.insert_first(lane, waker, waiter)
                    };
                    return (Outcome::Waits(key), None, waiting.settle(new));
                }
                Err(seen) => word = seen,
            }
        }
    }

    /// Whether a waiter that was told to try, and came too late so often now, looks again before it
    /// goes back into the queue.
    fn may_try_again(&self, late: u32) -> bool {
        late < LATE_LIMIT && self.is_held()
    }

    /// What has become of a waiter that came too late so often before. `spare` is a waker for it,
    /// which it has at hand if it may need one; what comes back of wakers is dropped outside of the
    /// mutex.
    fn look(
        &self,
        waiting: &mut Waiting,
        key: WaiterKey,
        late: u32,
        spare: Option<Waker>,
    ) -> (Outcome, Option<Waker>, Effect) {
        let lane = context::lane();
        if waiting.queue.is_waiting(key) {
            let unused = spare.and_then(|waker| waiting.queue.set_waker(key, waker));
            let effect = if waiting.queue.set_lane(key, lane) {
                // It was raised, and passes that on.
                let word = self.publish(waiting);
                waiting.settle(word)
            } else {
                Effect::default()
            };
            return (Outcome::Waits(key), unused, effect);
        }
        let Some(waker) = spare else {
            if waiting.told(key) == Told::Try {
                return (Outcome::Tries(key, late + 1), None, Effect::default());
            }
            // Handed over.
            let _ = waiting.leave(key);
            return (Outcome::Taken, None, Effect::default());
        };
        match waiting.leave(key) {
            Some((waiter, ..)) if waiter.told == Told::Try => {
                let late = waiter.late + late + 1;
                let waiter = Waiter { late, told: Told::Nothing, ..waiter };
                self.take_or_wait(waiting, waiter, lane, waker)
            }
            _ => (Outcome::Taken, Some(waker), Effect::default()),
        }
    }

    /// A waiter gives up.
    #[cold]
    fn give_up(&self, key: WaiterKey) {
        let mut guard = lock(&self.waiting);
        let waiting = guard.get_or_insert_with(Box::default);
        let Some((waiter, _, unused)) = waiting.leave(key) else { return };
        let (next, effect) = match waiter.told {
            Told::Nothing => {
                let word = self.publish(waiting);
                (None, waiting.settle(word))
            }
            Told::Try => self.pass_on_chance(waiting),
            Told::Yours => self.pass_on_held(waiting),
        };
        drop(guard);
        drop((unused, effect));
        wake(next);
    }
}

impl Future for Acquire<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.place {
            Place::Nowhere => {
                let progress = ready!(coop::poll_proceed(cx));
                let me = Holder::current();
                if self.lock.try_take(me) {
                    progress.made_progress();
                    return Poll::Ready(());
                }
                // Who has to wait lets others run anyway.
                drop(progress);
                self.wait(cx, me)
            }
            Place::Queue(key) => self.go_on(key, 0, cx),
            Place::Trying(key, late) => self.try_again(key, late, cx),
        }
    }
}

impl Drop for Acquire<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Place::Queue(key) | Place::Trying(key, _) = self.place {
            self.lock.give_up(key);
        }
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = !matches!(self.place, Place::Nowhere);
        f.debug_struct("Acquire").field("waits", &waits).finish_non_exhaustive()
    }
}
