//! Requests to a task from outside: each may give a hint that the caller has to queue.

use super::header::{Header, TaskPtr};
use super::reference::TaskRef;
use super::transition::{CancelRequest, Due, Raise};
use crate::error::CancelError;
use crate::priority::TaskPriority;
use crate::scheduler::Shared;

/// A hint, and the lane to queue it in.
pub(crate) type Hint = Option<(TaskRef, TaskPriority)>;

impl Header {
    /// Asks for the task to be cancelled.
    pub(crate) fn request_cancel(&self) -> Result<Hint, CancelError> {
        match self.state.request_cancel() {
            CancelRequest::Taken => Ok(None),
            CancelRequest::Schedule(due) => Ok(Some((self.hint(due), due.lane))),
            CancelRequest::Ended => Err(CancelError::Ended),
            CancelRequest::Uncancellable => Err(CancelError::NotCancellable),
        }
    }

    /// Changes the task's own priority, and queues it where that is due.
    pub(crate) fn change_priority(&self, priority: TaskPriority) {
        self.follow(self.state.set_priority(priority));
    }

    /// Lends the task the urgency of one that waits for it, and queues it where that is due.
    pub(crate) fn lend(&self, waiter: TaskPriority) {
        self.follow(self.state.raise(waiter));
    }

    /// Queues the task where a change of its priority makes that due.
    pub(crate) fn follow(&self, raise: Raise) {
        match raise {
            Raise::Nothing => {}
            Raise::Requeue(due) => Shared::enqueue(self.hint(due), due.lane),
            Raise::Wake(due) => Shared::schedule(self.hint(due), due.lane),
        }
    }

    /// The reference that a transition has just added for a hint.
    fn hint(&self, due: Due) -> TaskRef {
        // SAFETY: what is due has its reference.
        unsafe { TaskRef::hint(TaskPtr::from(self), due.turn) }
    }
}
