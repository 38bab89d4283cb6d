//! The senders that wait for room, in line by urgency, and those that wait for the end.
#![forbid(unsafe_code)]

use crate::sync::{Mutex, lock};
use qi_sched::context;
use qi_sched::wait_queue::{WaitQueue, WaiterKey, WakeList};
use std::task::{Context, Waker};

/// What a sender in line wants, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// So many places.
    Places(usize),
    /// It got them, as reservations.
    LetIn,
}

/// It lies behind a lock. Boxed, because most channels have no sender waiting most of the time.
#[derive(Default)]
pub(super) struct Line(Option<Box<Queues>>);

#[derive(Default)]
pub(super) struct Queues {
    pub(super) wants: WaitQueue<Want>,
    /// Those who wait until the channel is closed.
    closers: WaitQueue<()>,
}

/// How a wait stands.
pub(super) enum Standing {
    LetIn,
    Waiting,
    /// It waited, and the channel is closed.
    Closed,
}

impl Line {
    #[inline]
    pub(super) fn queues(&mut self) -> &mut Queues {
        self.0.get_or_insert_default()
    }

    /// Nobody has waited since the channel was made if there are none.
    #[inline]
    pub(super) fn existing(&mut self) -> Option<&mut Queues> {
        self.0.as_deref_mut()
    }

    /// Lets all go who wait now.
    pub(super) fn dismiss_all(&mut self) {
        if let Some(queues) = self.existing() {
            queues.wants.dismiss_all();
            queues.closers.dismiss_all();
        }
    }

    /// `true` if some are left.
    pub(super) fn pop_dismissed(&mut self, woken: &mut WakeList) -> bool {
        self.existing().is_some_and(|queues| {
            queues.wants.pop_dismissed(woken) || queues.closers.pop_dismissed(woken)
        })
    }

    /// Adds one who waits for the end.
    pub(super) fn insert_closer(&mut self, waker: Waker) -> WaiterKey {
        self.queues().closers.insert(context::lane(), waker, ())
    }

    /// Takes one who waited for the end out; its waker is dropped outside of the lock.
    #[must_use = "a waker is dropped outside of the lock"]
    pub(super) fn remove_closer(&mut self, key: WaiterKey) -> Option<Waker> {
        self.existing()?.closers.remove(key)?.waker
    }
}

impl Queues {
    /// Takes an entry out whose wait is over, and says how.
    #[inline]
    pub(super) fn settle(&mut self, key: WaiterKey, is_closed: bool) -> (Standing, Option<Waker>) {
        let standing = match self.wants.payload(key) {
            Some(Want::LetIn) => Standing::LetIn,
            _ if is_closed => Standing::Closed,
            _ => return (Standing::Waiting, None),
        };
        (standing, self.wants.remove(key).and_then(|removed| removed.waker))
    }
}

/// Which of the two queues.
#[derive(Clone, Copy)]
pub(super) enum Which {
    Wants,
    Closers,
}

/// Gives a waiter that was polled again the waker and the lane of this poll; `true` if it moved to
/// another lane: it may be the first now.
pub(super) fn refresh(line: &Mutex<Line>, which: Which, key: WaiterKey, cx: &Context<'_>) -> bool {
    let (mut waker, mut moved) = (None, false);
    loop {
        let mut guard = lock(line);
        let Some(queues) = guard.existing() else { return moved };
        let lane = context::lane();
        let replaced = match which {
            Which::Wants => {
                moved |= queues.wants.set_lane(key, lane);
                refresh_one(&mut queues.wants, key, cx, &mut waker)
            }
            Which::Closers => {
                moved |= queues.closers.set_lane(key, lane);
                refresh_one(&mut queues.closers, key, cx, &mut waker)
            }
        };
        drop(guard);
        if let Some(replaced) = replaced {
            drop(replaced);
            return moved;
        }
        // Cloned outside of the lock.
        waker = Some(cx.waker().clone());
    }
}

/// `None` if a waker is needed. What comes back is dropped outside of the lock.
fn refresh_one<P>(
    queue: &mut WaitQueue<P>,
    key: WaiterKey,
    cx: &Context<'_>,
    waker: &mut Option<Waker>,
) -> Option<Option<Waker>> {
    if queue.wakes(key, cx.waker()) {
        return Some(waker.take());
    }
    let waker = waker.take()?;
    Some(queue.set_waker(key, waker))
}
