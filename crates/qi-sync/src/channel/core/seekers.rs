//! The receivers that wait: one waker, or a queue ordered by urgency.
#![forbid(unsafe_code)]

use qi_sched::context;
use qi_sched::wait_queue::{WaitQueue, WaiterKey, WakeList};
use std::task::Waker;

/// Those who wait for a value. It lies behind a lock.
pub(super) enum Seekers {
    /// A lone receiver needs no queue.
    Lone(Option<Waker>),
    /// Boxed, because most channels have no receiver waiting most of the time.
    Several(Box<WaitQueue<()>>),
}

/// What a receiving future keeps about its wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seat {
    /// It does not wait.
    #[default]
    None,
    Lone,
    Queued(WaiterKey),
}

impl Seat {
    /// The entry in a queue, if it has one.
    #[inline]
    pub(super) fn key(self) -> Option<WaiterKey> {
        match self {
            Self::Queued(key) => Some(key),
            Self::None | Self::Lone => None,
        }
    }
}

impl Seekers {
    pub(super) fn new(shared: bool) -> Self {
        if shared { Self::Several(Box::new(WaitQueue::new())) } else { Self::Lone(None) }
    }

    /// Whether the waiter's waker is this one, and it still waits.
    #[inline]
    pub(super) fn waits_with(&self, seat: Seat, waker: &Waker) -> bool {
        match (self, seat) {
            (Self::Lone(known), Seat::Lone) => {
                known.as_ref().is_some_and(|known| known.will_wake(waker))
            }
            (Self::Several(queue), Seat::Queued(key)) => {
                queue.is_waiting(key) && queue.wakes(key, waker)
            }
            _ => false,
        }
    }

    /// Adds a waiter, or gives it another waker. One that was popped in vain goes to the head of
    /// its lane. Answers a waker to be dropped outside of the lock.
    #[inline]
    #[must_use = "a waker is dropped outside of the lock"]
    pub(super) fn enrol(&mut self, seat: &mut Seat, waker: Waker) -> Option<Waker> {
        match self {
            Self::Lone(known) => {
                *seat = Seat::Lone;
                known.replace(waker)
            }
            Self::Several(queue) => {
                let lane = context::lane();
                let Seat::Queued(key) = *seat else {
                    *seat = Seat::Queued(queue.insert(lane, waker, ()));
                    return None;
                };
                if queue.is_waiting(key) {
                    queue.set_lane(key, lane);
                    return queue.set_waker(key, waker);
                }
                let old = queue.remove(key).and_then(|removed| removed.waker);
                *seat = Seat::Queued(queue.insert_first(lane, waker, ()));
                old
            }
        }
    }

    /// Takes a waiter out; says whether it still waited, and gives its waker to be dropped outside
    /// of the lock.
    #[inline]
    #[must_use = "a waker is dropped outside of the lock"]
    pub(super) fn withdraw(&mut self, seat: &mut Seat) -> (bool, Option<Waker>) {
        match (self, std::mem::take(seat)) {
            (Self::Lone(known), Seat::Lone) => (known.is_some(), known.take()),
            (Self::Several(queue), Seat::Queued(key)) => match queue.remove(key) {
                Some(removed) => (removed.was_waiting, removed.waker),
                None => (false, None),
            },
            _ => (true, None),
        }
    }

    /// The waker of the next waiter, which does not wait any more.
    #[inline]
    #[must_use = "it is woken outside of the lock"]
    pub(super) fn pop(&mut self) -> Option<Waker> {
        match self {
            Self::Lone(known) => known.take(),
            Self::Several(queue) => queue.pop().map(|popped| popped.waker),
        }
    }

    /// Lets all go who wait now; [`Self::pop_dismissed`] gives their wakers.
    pub(super) fn dismiss_all(&mut self) {
        if let Self::Several(queue) = self {
            queue.dismiss_all();
        }
    }

    /// `true` if some are left.
    pub(super) fn pop_dismissed(&mut self, woken: &mut WakeList) -> bool {
        match self {
            Self::Lone(known) => {
                if let Some(waker) = known.take() {
                    woken.push(waker);
                }
                false
            }
            Self::Several(queue) => queue.pop_dismissed(woken),
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Lone(known) => known.is_none(),
            Self::Several(queue) => queue.is_empty(),
        }
    }
}
