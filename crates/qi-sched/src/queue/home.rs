//! Queues of tasks that have a home: one thread (their futures are not `Send`) or one seat
//! (stealing is off). Others put tasks into the inbox, only the owner takes them.
#![forbid(unsafe_code)]

use super::local::settled;
use crate::priority::TaskPriority;
use crate::task::TaskRef;
use crossbeam_deque::Injector;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicIsize, Ordering::Acquire, Ordering::Release};

/// What others see of a home.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    mail: Injector<TaskRef>,
    /// Raised after the push: an owner that sees it finds the entry. An entry may be taken before it
    /// is counted, so for a moment this can be below zero.
    len: AtomicIsize,
}

impl Inbox {
    /// Puts a runnable task in. The caller makes the owner look.
    pub(crate) fn push(&self, task: TaskRef) {
        self.mail.push(task);
        // Release: pairs with the acquire in `is_empty`; who sees the count finds the entry.
        self.len.fetch_add(1, Release);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Acquire: pairs with `push`.
        self.len.load(Acquire) <= 0
    }

    pub(crate) fn len(&self) -> usize {
        // Acquire: pairs with `push`.
        usize::try_from(self.len.load(Acquire)).unwrap_or(0)
    }

    /// Drops the hints of an inbox that has lost its owner.
    pub(crate) fn clear(&self) {
        while let Some(task) = self.take() {
            drop(task);
        }
    }

    /// Takes one out. Only the owner does, or whoever finds that it does not come to it.
    pub(crate) fn take(&self) -> Option<TaskRef> {
        let task = settled(|| self.mail.steal())?;
        // Release: only for symmetry with `push`; the count says where to look, and no more.
        self.len.fetch_sub(1, Release);
        Some(task)
    }
}

/// What the owner has taken out of its inbox, by lane.
#[derive(Debug, Default)]
pub(crate) struct HomeQueues {
    lanes: RefCell<[VecDeque<TaskRef>; TaskPriority::COUNT]>,
    len: Cell<usize>,
    /// Those in other lanes than Normal.
    unusual: Cell<usize>,
}

impl HomeQueues {
    /// Moves the mail into the lanes.
    pub(crate) fn collect(&self, inbox: &Inbox) {
        while let Some(task) = inbox.take() {
            let lane = task.state.load().lane();
            self.push(task, lane);
        }
    }

    pub(crate) fn push(&self, task: TaskRef, lane: TaskPriority) {
        self.lanes.borrow_mut()[lane.index()].push_back(task);
        self.len.set(self.len.get() + 1);
        self.unusual.set(self.unusual.get() + usize::from(lane != TaskPriority::Normal));
    }

    pub(crate) fn pop(&self, lane: TaskPriority) -> Option<TaskRef> {
        if self.is_empty() {
            return None;
        }
        let task = self.lanes.borrow_mut()[lane.index()].pop_front()?;
        self.len.set(self.len.get() - 1);
        self.unusual.set(self.unusual.get() - usize::from(lane != TaskPriority::Normal));
        Some(task)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Whether no lane but Normal has something.
    #[inline]
    pub(crate) fn only_normal(&self) -> bool {
        self.unusual.get() == 0
    }

    /// Whether a lane above `lane` has something.
    pub(crate) fn any_above(&self, lane: TaskPriority) -> bool {
        !self.is_empty() && self.lanes.borrow()[lane.index() + 1..].iter().any(|q| !q.is_empty())
    }
}
