//! A worker's own run queues, and the ends at which others steal. The one file that names the
//! deques: protocols around it see only pushes and takes.
//!
//! Each lane has three, made when the lane is first used:
//!
//! * `children`, last in first out, for new tasks and for those that joined a task which has just
//!   ended here. Depth first is what keeps a tree of tasks small:
//!   breadth first, memory grows with the tree and each child is switched to twice.
//! * `events`, first in first out, for tasks whose timer was due or whose I/O is ready: they come
//!   in few and small batches, and how late they are is what users measure.
//! * `woken`, first in first out, for tasks that other tasks woke, and that yielded.
//!
//! A worker takes from them in this order, but not for ever from the first two (see
//! `worker::pick`); thieves take the oldest of each.
#![forbid(unsafe_code)]

use crate::priority::TaskPriority;
use crate::task::TaskRef;
use crossbeam_deque::{Injector, Steal, Stealer, Worker};
use std::cell::OnceCell;
use std::sync::OnceLock;

/// The most entries a thief takes from one queue at once; it takes at most half.
const STEAL_LIMIT: usize = 32;

/// Which of a lane's queues a task goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It was spawned by the task that runs here, or joined the one that has just ended.
    Child,
    /// A timer or an I/O event woke it.
    Event,
    /// Another task woke it, or it yielded.
    Woken,
}

/// The owner's ends of one lane.
pub(crate) struct LaneQueues {
    children: Worker<TaskRef>,
    events: Worker<TaskRef>,
    woken: Worker<TaskRef>,
}

/// The thieves' ends of one lane.
pub(crate) struct LaneStealers {
    children: Stealer<TaskRef>,
    events: Stealer<TaskRef>,
    woken: Stealer<TaskRef>,
}

/// The owner's ends of all lanes in use.
#[derive(Default)]
pub(crate) struct LocalQueues {
    lanes: [OnceCell<LaneQueues>; TaskPriority::COUNT],
}

/// The thieves' ends of all lanes in use.
#[derive(Default)]
pub(crate) struct Stealers {
    lanes: [OnceLock<LaneStealers>; TaskPriority::COUNT],
}

impl LocalQueues {
    /// The lane's queues; the first use makes them, and shows them to thieves.
    #[inline]
    pub(crate) fn lane(&self, lane: TaskPriority, shown: &Stealers) -> &LaneQueues {
        self.lanes[lane.index()].get_or_init(|| {
            let queues = LaneQueues {
                children: Worker::new_lifo(),
                events: Worker::new_fifo(),
                woken: Worker::new_fifo(),
            };
            let stealers = LaneStealers {
                children: queues.children.stealer(),
                events: queues.events.stealer(),
                woken: queues.woken.stealer(),
            };
            // The owner is the only one who sets it, and does so once.
            let _ = shown.lanes[lane.index()].set(stealers);
            queues
        })
    }

    /// The lane's queues, if it was ever used.
    #[inline]
    pub(crate) fn used(&self, lane: TaskPriority) -> Option<&LaneQueues> {
        self.lanes[lane.index()].get()
    }

    /// Entries in all lanes.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().filter_map(OnceCell::get).map(LaneQueues::len).sum()
    }
}

impl LaneQueues {
    /// Entries now; thieves may lower it any time.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.woken.len() + self.children.len() + self.events.len()
    }

    /// Whether a timer or I/O event woke something that waits.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether anything but new children waits.
    pub(crate) fn has_others(&self) -> bool {
        !self.woken.is_empty() || !self.events.is_empty()
    }

    #[inline]
    pub(crate) fn push(&self, task: TaskRef, arrival: Arrival) {
        match arrival {
            Arrival::Child => self.children.push(task),
            Arrival::Event => self.events.push(task),
            Arrival::Woken => self.woken.push(task),
        }
    }

    #[inline]
    pub(crate) fn pop(&self, arrival: Arrival) -> Option<TaskRef> {
        match arrival {
            Arrival::Child => self.children.pop(),
            // A look is cheaper than a pop, and most lanes most of the time have no events.
            Arrival::Event if self.events.is_empty() => None,
            Arrival::Event => self.events.pop(),
            Arrival::Woken => self.woken.pop(),
        }
    }

    /// Takes from the global queue: one to run, and as many to keep as fit below `capacity`.
    pub(crate) fn take_from(
        &self,
        injector: &Injector<TaskRef>,
        capacity: usize,
    ) -> Option<TaskRef> {
        let limit = self.room(capacity);
        settled(|| injector.steal_batch_with_limit_and_pop(&self.woken, limit))
    }

    /// How many entries may be taken at once: one is run, the others are kept.
    pub(crate) fn room(&self, capacity: usize) -> usize {
        capacity.saturating_sub(self.len()).saturating_add(1).min(STEAL_LIMIT)
    }
}

impl Stealers {
    /// Entries of one lane.
    #[inline]
    pub(crate) fn lane_len(&self, lane: TaskPriority) -> usize {
        self.used(lane).map_or(0, LaneStealers::len)
    }

    #[inline]
    pub(crate) fn used(&self, lane: TaskPriority) -> Option<&LaneStealers> {
        self.lanes[lane.index()].get()
    }

    /// Whether nothing lies in any lane.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries in all lanes.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().filter_map(OnceLock::get).map(LaneStealers::len).sum()
    }
}

impl LaneStealers {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.woken.len() + self.children.len() + self.events.len()
    }

    /// Steals about half of one queue: one to run, the others into the thief's own, as far as they
    /// fit below `capacity`.
    pub(crate) fn steal_into(&self, thief: &LaneQueues, capacity: usize) -> Option<TaskRef> {
        let limit = thief.room(capacity);
        half(&self.events, &thief.events, limit)
            .or_else(|| half(&self.woken, &thief.woken, limit))
            .or_else(|| half(&self.children, &thief.children, limit))
    }

    /// Takes the oldest child: for the owner, so that it does not starve.
    pub(crate) fn oldest_child(&self) -> Option<TaskRef> {
        if self.children.is_empty() {
            return None;
        }
        settled(|| self.children.steal())
    }
}

fn half(victim: &Stealer<TaskRef>, thief: &Worker<TaskRef>, limit: usize) -> Option<TaskRef> {
    if victim.is_empty() {
        return None;
    }
    let limit = victim.len().div_ceil(2).clamp(1, limit);
    settled(|| victim.steal_batch_with_limit_and_pop(thief, limit))
}

/// Repeats a steal that lost a race.
pub(crate) fn settled(mut steal: impl FnMut() -> Steal<TaskRef>) -> Option<TaskRef> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}
