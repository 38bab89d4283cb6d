//! The one task that the present poll has woken, before thieves can see it.
//!
//! Who wakes another task has most often written what that one is about to read. Run next, it finds
//! it in the cache, and its hint passes through no queue: a push and a pop with their fences saved.
//!
//! # States
//! `Empty`; `Full`, with the only task that was woken since the last pick; `Crowded`: there were
//! several, all of which went into the queue, so that they keep their order.
//!
//! # Protocol
//! As for the nursery: only the worker on the seat puts in and takes out, and nothing stays here
//! beyond the next pick, which runs it or queues it (`Core::take_at_hand`). While the poll that woke
//! it goes on for long, the monitor finds its address beside those of the children. (I29) A thief
//! counts it, so that a task queued besides is not left to its worker as the only one.
//!
//! # Rejected
//! The last of several, as in Tokio: whoever was woken first then runs last. Without a limit, as in
//! Go: a pair of tasks that wake each other keeps all others waiting for as long as a thread may run.
#![forbid(unsafe_code)]

use super::nursery::Cradles;
use crate::task::TaskRef;
use std::cell::Cell;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Empty,
    Full,
    Crowded,
}

/// The owner's part.
pub(crate) struct Handoff {
    place: Cell<Place>,
    kept: Cell<Option<TaskRef>>,
    shown: Arc<Cradles>,
}

/// What the worker queues because it is not kept.
pub(crate) struct Refused {
    /// The task that was kept until now; it goes first.
    pub(crate) before: Option<TaskRef>,
    pub(crate) task: TaskRef,
}

impl Handoff {
    pub(crate) fn new(shown: Arc<Cradles>) -> Self {
        Self { place: Cell::new(Place::Empty), kept: Cell::new(None), shown }
    }

    /// Whether nothing was woken since the last pick.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.place.get() == Place::Empty
    }

    /// Keeps a task if it is the first.
    #[inline]
    pub(crate) fn put(&self, task: TaskRef) -> Option<Refused> {
        if self.is_empty() {
            self.shown.show_handoff(Some(&task));
            self.place.set(Place::Full);
            self.kept.set(Some(task));
            return None;
        }
        self.shown.show_handoff(None);
        self.place.set(Place::Crowded);
        Some(Refused { before: self.kept.take(), task })
    }

    /// Takes the task out, if there is one, and begins anew.
    #[inline]
    pub(crate) fn take(&self) -> Option<TaskRef> {
        if self.place.replace(Place::Empty) == Place::Empty {
            return None;
        }
        self.shown.show_handoff(None);
        self.kept.take()
    }
}
