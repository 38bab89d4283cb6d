//! A counted reference to a task; also the entry of every queue.

use super::header::{Header, TaskPtr};
use crate::pool::FreeBlock;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

/// Counts one reference to a task.
#[derive(Debug)]
pub(crate) struct TaskRef(TaskPtr);

// SAFETY: the head may be looked at from any thread (who may touch what is said there), and the
// future is only touched by the holder of RUNNING, who respects the task's home.
unsafe impl Send for TaskRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// # Safety
    /// The caller has a reference to give.
    pub(crate) unsafe fn from_raw(task: TaskPtr) -> Self {
        Self(task)
    }

    /// One more reference to a task that somebody refers to.
    pub(crate) fn to(task: &Header) -> Self {
        task.state.add_ref();
        // SAFETY: added just now; what borrows a head keeps the block meanwhile.
        unsafe { Self::from_raw(TaskPtr::from(task)) }
    }

    /// Gives the reference to the caller.
    pub(crate) fn into_raw(self) -> TaskPtr {
        ManuallyDrop::new(self).0
    }

    /// Whether this refers to that task.
    pub(crate) fn is(&self, task: &Header) -> bool {
        self.0 == TaskPtr::from(task)
    }

    /// A reference to the task in a block, if there is one that has not ended. (I6)
    pub(crate) fn from_block(block: NonNull<FreeBlock>) -> Option<Self> {
        let task: TaskPtr = block.cast();
        // SAFETY: the first word of a carved block is a state word, live or not.
        let state = unsafe { &(*task.as_ptr()).state };
        state.try_add_ref().then(|| Self(task))
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.state.add_ref();
        Self(self.0)
    }
}

impl Deref for TaskRef {
    type Target = Header;

    fn deref(&self) -> &Header {
        // SAFETY: the reference keeps the block.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        // SAFETY: the reference is given up.
        unsafe { Header::release(self.0, 1) };
    }
}
