//! A worker's own run queues, and the ends at which others steal. The one file that names the
//! deques: protocols around it see only pushes and takes.
//!
//! Each lane has two: `woken`, first in first out, for tasks that were woken; and `children`,
//! last in first out, for new ones. Depth first is what keeps a tree of tasks small: breadth
//! first, memory grows with the tree and each child is switched to twice. The newest child
//! does not starve the older: every few picks the oldest goes first (see `worker::pick`), and
//! thieves take from that end.
#![forbid(unsafe_code)]

use crate::priority::TaskPriority;
use crate::task::TaskRef;
use crossbeam_deque::{Injector, Steal, Stealer, Worker};

/// The most entries a thief takes from one queue at once; it takes at most half.
const STEAL_LIMIT: usize = 32;

/// The owner's ends of one lane.
pub(crate) struct LaneQueues {
    woken: Worker<TaskRef>,
    children: Worker<TaskRef>,
}

/// The thieves' ends of one lane.
pub(crate) struct LaneStealers {
    woken: Stealer<TaskRef>,
    children: Stealer<TaskRef>,
}

/// The owner's ends of all lanes.
pub(crate) struct LocalQueues {
    lanes: [LaneQueues; TaskPriority::COUNT],
}

/// The thieves' ends of all lanes.
pub(crate) struct Stealers {
    lanes: [LaneStealers; TaskPriority::COUNT],
}

impl LocalQueues {
    pub(crate) fn new() -> Self {
        Self {
            lanes: std::array::from_fn(|_| LaneQueues {
                woken: Worker::new_fifo(),
                children: Worker::new_lifo(),
            }),
        }
    }

    pub(crate) fn stealers(&self) -> Stealers {
        Stealers {
            lanes: std::array::from_fn(|lane| LaneStealers {
                woken: self.lanes[lane].woken.stealer(),
                children: self.lanes[lane].children.stealer(),
            }),
        }
    }

    #[inline]
    pub(crate) fn lane(&self, lane: TaskPriority) -> &LaneQueues {
        &self.lanes[lane.index()]
    }

    /// Entries in all lanes.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().map(LaneQueues::len).sum()
    }
}

impl LaneQueues {
    /// Entries now; thieves may lower it any time.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.woken.len() + self.children.len()
    }

    #[inline]
    pub(crate) fn push_woken(&self, task: TaskRef) {
        self.woken.push(task);
    }

    #[inline]
    pub(crate) fn push_child(&self, task: TaskRef) {
        self.children.push(task);
    }

    #[inline]
    pub(crate) fn pop_woken(&self) -> Option<TaskRef> {
        self.woken.pop()
    }

    #[inline]
    pub(crate) fn pop_child(&self) -> Option<TaskRef> {
        self.children.pop()
    }

    /// Takes from the global queue: one to run, and a few to keep.
    pub(crate) fn take_from(&self, injector: &Injector<TaskRef>) -> Option<TaskRef> {
        if injector.is_empty() {
            return None;
        }
        settled(|| injector.steal_batch_with_limit_and_pop(&self.woken, STEAL_LIMIT))
    }
}

impl Stealers {
    #[inline]
    pub(crate) fn lane(&self, lane: TaskPriority) -> &LaneStealers {
        &self.lanes[lane.index()]
    }

    /// Whether nothing lies in any lane.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| lane.len() == 0)
    }

    /// Entries in all lanes.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().map(LaneStealers::len).sum()
    }
}

impl LaneStealers {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.woken.len() + self.children.len()
    }

    /// Steals about half of what was woken, or of the oldest children: one to run, the others into
    /// the thief's own queues.
    pub(crate) fn steal_into(&self, thief: &LaneQueues) -> Option<TaskRef> {
        let woken = || {
            settled(|| {
                self.woken.steal_batch_with_limit_and_pop(
                    &thief.woken,
                    (self.woken.len().div_ceil(2)).clamp(1, STEAL_LIMIT),
                )
            })
        };
        let children = || {
            settled(|| {
                self.children.steal_batch_with_limit_and_pop(
                    &thief.children,
                    (self.children.len() / 2).clamp(1, STEAL_LIMIT),
                )
            })
        };
        woken().or_else(children)
    }

    /// Takes the oldest child: for the owner, so that it does not starve.
    pub(crate) fn oldest_child(&self) -> Option<TaskRef> {
        if self.children.is_empty() {
            return None;
        }
        settled(|| self.children.steal())
    }
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
