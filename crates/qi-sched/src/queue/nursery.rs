//! The children that the present poll has spawned last, before thieves can see them.
//!
//! Most children of a tree are awaited by the very poll that spawned them. In a deque each of them
//! costs its owner a full fence, and a stale entry if it is run in place. Here it costs a store,
//! and whoever joins it takes it out again.
//!
//! # Protocol
//! * Only the worker on the seat puts in and takes out. It keeps nothing here beyond the next pick:
//!   that takes the youngest, and the others go into the children's queue, the oldest first
//!   (`Core::spill`). So does everything as soon as somebody searches for work, or the backlog is
//!   worth waking somebody; when the seat is handed over; and before the worker does anything else
//!   between two polls that may take long. (I29)
//! * A poll that goes on for long keeps its youngest children from the others. The monitor, which
//!   sees that the worker does not move, reads the addresses here and looks for live tasks in
//!   those blocks; for each it finds it queues one more hint. An address may be out of date: then
//!   the hint is one too many for some task, which hints may always be.
//!
//! # Memory ordering
//! Addresses are Relaxed: the monitor compares them with those of blocks that it finds in the
//! pool, and never follows them.
//!
//! # Rejected
//! A slot for the newest child alone, as in Tokio and Go: a tree with two children per node passes
//! every other one through the deque. Letting thieves take from here: the owner would need a
//! read-modify-write or a fence for each child, which is what this file is to save.

use crate::task::{Header, TaskPtr, TaskRef};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Children kept at most. A node with ten children, and its own siblings, leave room for half.
const CAPACITY: usize = 16;

/// What the monitor sees: addresses of tasks, zero where there is none.
#[derive(Debug, Default)]
pub(crate) struct Cradles {
    children: [AtomicUsize; CAPACITY],
    handoff: AtomicUsize,
}

impl Cradles {
    /// The addresses of the tasks that lie here, or did a moment ago.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = usize> + '_ {
        // Relaxed: see "Memory ordering".
        let cradles = self.children.iter().chain([&self.handoff]);
        cradles.map(|cradle| cradle.load(Relaxed)).filter(|address| *address != 0)
    }

    /// The worker keeps this task to run it next, or none.
    #[inline]
    pub(super) fn show_handoff(&self, task: Option<&TaskRef>) {
        let address = task.map_or(0, |task| std::ptr::from_ref::<Header>(task).addr());
        // Relaxed: see "Memory ordering".
        self.handoff.store(address, Relaxed);
    }

    /// Whether the worker keeps a task to run it next. A hint.
    pub(crate) fn has_handoff(&self) -> bool {
        // Relaxed: as the name says.
        self.handoff.load(Relaxed) != 0
    }
}

/// The owner's part.
#[derive(Debug)]
pub(crate) struct Nursery {
    shown: Arc<Cradles>,
    /// Each with the reference of a hint. `None` below `len`: it was taken out.
    kept: [Cell<Option<TaskPtr>>; CAPACITY],
    len: Cell<usize>,
}

// SAFETY: what is kept are references to tasks, which may be sent.
unsafe impl Send for Nursery {}

impl Nursery {
    pub(crate) fn new(shown: Arc<Cradles>) -> Self {
        Self { shown, kept: Default::default(), len: Cell::new(0) }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// Children here, those taken out of the middle included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len.get() == CAPACITY
    }

    /// Puts a child in. There is room.
    #[inline]
    pub(crate) fn push(&self, task: TaskRef) {
        let len = self.len.get();
        // Relaxed: see "Memory ordering".
        self.shown.children[len].store(task.address().addr().get(), Relaxed);
        self.kept[len].set(Some(task.into_raw()));
        self.len.set(len + 1);
    }

    /// Takes out this very child, which has not begun, if it is here. (So its hint is for the first turn,
    /// and equal to its address.)
    #[inline]
    pub(crate) fn take(&self, child: &Header) -> Option<TaskRef> {
        let wanted = Some(TaskPtr::from(child));
        let mut len = self.len.get();
        let place = self.kept[..len].iter().rposition(|kept| kept.get() == wanted)?;
        let task = self.empty(place);
        while len > 0 && self.kept[len - 1].get().is_none() {
            len -= 1;
        }
        self.len.set(len);
        task
    }

    /// Takes out the youngest.
    #[inline]
    pub(crate) fn take_newest(&self) -> Option<TaskRef> {
        loop {
            let place = self.len.get().checked_sub(1)?;
            self.len.set(place);
            // Those below may have been taken out of the middle.
            if let Some(task) = self.empty(place) {
                return Some(task);
            }
        }
    }

    /// Takes the oldest half out; [`Self::drain`] takes all.
    pub(crate) fn drain_half(&self, mut each: impl FnMut(TaskRef)) {
        let (len, half) = (self.len.get(), self.len.get() / 2);
        for place in 0..len {
            let Some(task) = self.empty(place) else { continue };
            if place < half {
                each(task);
            } else {
                // Emptied a moment ago.
                self.len.set(place - half);
                self.push(task);
            }
        }
        self.len.set(len - half);
    }

    /// Takes everything out, the oldest first.
    pub(crate) fn drain(&self, mut each: impl FnMut(TaskRef)) {
        let len = self.len.replace(0);
        for place in 0..len {
            if let Some(task) = self.empty(place) {
                each(task);
            }
        }
    }

    #[inline]
    fn empty(&self, place: usize) -> Option<TaskRef> {
        let task = self.kept[place].take()?;
        // Relaxed: see "Memory ordering".
        self.shown.children[place].store(0, Relaxed);
        // SAFETY: `push` left the reference here, and `take` has just emptied the place.
        Some(unsafe { TaskRef::from_raw(task) })
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        self.drain(drop);
    }
}
