//! A handle that can cancel a task and look at it, but not wait for it.
#![forbid(unsafe_code)]

use super::id::TaskId;
use super::reference::TaskRef;
use super::status::TaskStatus;
use crate::error::CancelError;
use crate::scheduler::Shared;
use std::fmt;

/// Cancels a task. Can be cloned, and outlives the task without keeping its result.
#[derive(Clone)]
pub struct AbortHandle {
    task: TaskRef,
}

impl AbortHandle {
    pub(crate) fn new(task: TaskRef) -> Self {
        Self { task }
    }

    /// Asks for the task to be cancelled; see [`TaskHandle::cancel`](crate::TaskHandle::cancel).
    ///
    /// # Errors
    /// As there.
    pub fn cancel(&self) -> Result<(), CancelError> {
        Shared::cancel(&self.task)
    }

    /// What the task is doing now.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        self.task.state.load().into()
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.state.load().is_done()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task.id()
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
