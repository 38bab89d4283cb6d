//! Those who wait for a lock, and what the lock's word says of them.
#![forbid(unsafe_code)]

use super::holder::Holder;
use super::loan::{Effect, Loan};
use crate::priority::TaskPriority;
use crate::wait_queue::{WaitQueue, WaiterKey};
use std::task::Waker;

/// Set while somebody holds the lock.
pub(super) const LOCKED: u64 = 1 << 0;
/// Set while the queue is not empty.
pub(super) const WAITERS: u64 = 1 << 1;
/// Set with WAITERS while a waiter that was told to try is on its way, no less urgent than those
/// in the queue, and nothing is lent: then releasing the lock leaves nothing to do.
pub(super) const ON_THE_WAY: u64 = 1 << 2;
/// Two bits, valid with WAITERS: the most urgent lane in the queue.
const URGENCY_SHIFT: u32 = 3;
/// All that is said of waiters.
pub(super) const MARKS: u64 = WAITERS | ON_THE_WAY | (0b11 << URGENCY_SHIFT);

const _: () = assert!(URGENCY_SHIFT + 2 == Holder::FLAG_BITS);

/// How urgent the waiters are, by the word.
pub(super) fn urgency(word: u64) -> Option<TaskPriority> {
    (word & WAITERS != 0).then(|| TaskPriority::from_bits(word >> URGENCY_SHIFT))
}

/// Who holds the lock, by the word.
pub(super) fn holder(word: u64) -> Option<Holder> {
    (word & LOCKED != 0).then(|| Holder::from_bits(word))
}

/// What a waiter was told when it was popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is still in the queue.
    Nothing,
    /// The lock was free: it may try, as others may.
    Try,
    /// The lock was handed over to it.
    Yours,
}

/// One waiter.
#[derive(Debug)]
pub(super) struct Waiter {
    /// Who holds the lock when it is handed over.
    pub(super) holder: Holder,
    /// How often it was told to try, and came too late.
    pub(super) late: u32,
    pub(super) told: Told,
}

/// What the lock's mutex guards.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) queue: WaitQueue<Waiter>,
    /// How many were told to try and have neither tried nor given up, per lane.
    trying: [u32; TaskPriority::COUNT],
    loan: Loan,
}

impl Waiting {
    /// Whether somebody so urgent or more is on the way to the lock.
    pub(super) fn is_expected(&self, urgency: TaskPriority) -> bool {
        self.trying[urgency.index()..].iter().any(|count| *count > 0)
    }

    /// What the word must say of the waiters if `holder` holds the lock and somebody `joins` them.
    pub(super) fn marks(&self, holder: Option<Holder>, joins: Option<TaskPriority>) -> u64 {
        let Some(urgency) = self.queue.urgency().max(joins) else { return 0 };
        let lends = holder.is_some_and(|holder| holder.gains_from(urgency));
        let expected = if !lends && self.is_expected(urgency) { ON_THE_WAY } else { 0 };
        WAITERS | ((urgency as u64) << URGENCY_SHIFT) | expected
    }

    /// Makes the loan what the word asks for.
    pub(super) fn settle(&mut self, word: u64) -> Effect {
        self.loan.settle(holder(word), self.queue.urgency())
    }

    /// What a waiter was told. Its entry stays until it asks, or gives up.
    pub(super) fn told(&self, key: WaiterKey) -> Told {
        self.queue.payload(key).expect("a waiter that asks has an entry").told
    }

    /// Pops the next waiter and tells it something.
    pub(super) fn tell(&mut self, told: Told) -> Option<(Waker, Holder)> {
        let popped = self.queue.pop()?;
        if told == Told::Try {
            if let Some(lane) = self.queue.lane(popped.key) {
                self.trying[lane.index()] += 1;
            }
        }
        let waiter = self.queue.payload_mut(popped.key)?;
        waiter.told = told;
        Some((popped.waker, waiter.holder))
    }

    /// Takes out a waiter that tries now, or gives up; with its lane, and its own waker if nobody
    /// has taken that.
    pub(super) fn leave(
        &mut self,
        key: WaiterKey,
    ) -> Option<(Waiter, TaskPriority, Option<Waker>)> {
        let lane = self.queue.lane(key)?;
        let removed = self.queue.remove(key)?;
        if removed.payload.told == Told::Try {
            self.trying[lane.index()] -= 1;
        }
        Some((removed.payload, lane, removed.waker))
    }
}
