//! Locks and other things to wait for, behind handles.
//!
//! A guard cannot cross the boundary, so the objects here keep what they handed out themselves, and
//! know by whom it was taken: releasing what one does not hold is an error, not a corrupted lock.
#![forbid(unsafe_code)]

pub(crate) mod event;
pub(crate) mod mutex;
pub(crate) mod once;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod wait_group;

use std::thread::{self, ThreadId};

/// Who holds a lock: a task, or a thread that is inside none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Task(u64),
    Thread(ThreadId),
}

impl Holder {
    pub(crate) fn here() -> Self {
        match qi_runtime::task_id() {
            Some(id) => Holder::Task(id.as_u64()),
            None => Holder::Thread(thread::current().id()),
        }
    }
}
