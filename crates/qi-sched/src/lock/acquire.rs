//! Waiting for a lock: the slow path of taking it.
#![forbid(unsafe_code)]

use super::holder::Holder;
use super::loan::Effect;
use super::waiting::{self, LOCKED, MARKS, Told, Waiter, Waiting};
use super::{AcquireOrder, RawLock, wake};
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
}

/// What comes of a try with the mutex held.
enum Outcome {
    Taken,
    Waits(WaiterKey),
}

impl<'a> Acquire<'a> {
    pub(super) fn new(lock: &'a RawLock) -> Self {
        Self { lock, place: Place::Nowhere }
    }

    #[cold]
    fn wait(&mut self, cx: &Context<'_>, me: Holder) -> Poll<()> {
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
        self.settle(outcome)
    }

    /// A poll of a future that has a place.
    #[cold]
    fn go_on(&mut self, key: WaiterKey, cx: &Context<'_>) -> Poll<()> {
        let mut spare = None;
        loop {
            let mut guard = lock(&self.lock.waiting);
            let waiting = guard.get_or_insert_with(Box::default);
            let told = waiting.told(key);
            let needs_waker = match told {
                Told::Nothing => !waiting.queue.wakes(key, cx.waker()),
                Told::Try => true,
                Told::Yours => false,
            };
            if needs_waker && spare.is_none() {
                // A waker is cloned with no lock held, and then all is looked at again.
                drop(guard);
                spare = Some(cx.waker().clone());
                continue;
            }
            let (outcome, unused, effect) = self.lock.look(waiting, key, spare.take());
            drop(guard);
            drop((unused, effect));
            return self.settle(outcome);
        }
    }

    fn settle(&mut self, outcome: Outcome) -> Poll<()> {
        match outcome {
            Outcome::Taken => {
                self.place = Place::Nowhere;
                Poll::Ready(())
            }
            Outcome::Waits(key) => {
                self.place = Place::Queue(key);
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

    /// What has become of a waiter. `spare` is a waker for it, which it has at hand if it may need
    /// one; what comes back of wakers is dropped outside of the mutex.
    fn look(
        &self,
        waiting: &mut Waiting,
        key: WaiterKey,
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
        match (waiting.leave(key), spare) {
            (Some((waiter, ..)), Some(waker)) if waiter.told == Told::Try => {
                let late = waiter.late + 1;
                let waiter = Waiter { late, told: Told::Nothing, ..waiter };
                self.take_or_wait(waiting, waiter, lane, waker)
            }
            // Handed over.
            (_, spare) => (Outcome::Taken, spare, Effect::default()),
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
            Place::Queue(key) => self.go_on(key, cx),
        }
    }
}

impl Drop for Acquire<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Place::Queue(key) = self.place {
            self.lock.give_up(key);
        }
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = matches!(self.place, Place::Queue(_));
        f.debug_struct("Acquire").field("waits", &waits).finish_non_exhaustive()
    }
}
