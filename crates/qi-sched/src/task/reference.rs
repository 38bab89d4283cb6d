//! A counted reference to a task; also the entry of every queue.
//!
//! An entry is a hint for one turn of its task. Which of the two it is stands in the lowest bit of the
//! address, which is that of an aligned block; in a reference that is no hint the bit says nothing.

use super::header::{Header, TaskPtr};
use super::snapshot::Turn;
use crate::pool::FreeBlock;
use std::mem::ManuallyDrop;
use std::num::NonZero;
use std::ops::Deref;
use std::ptr::NonNull;

/// Where a hint's turn stands.
const TURN: usize = 1;
const _: () = assert!(align_of::<Header>() > TURN);

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
    /// The caller has a reference to give; `task` is a task's address, or comes from
    /// [`into_raw`](Self::into_raw).
    #[inline]
    pub(crate) unsafe fn from_raw(task: TaskPtr) -> Self {
        Self(task)
    }

    /// A hint for one turn of a task.
    ///
    /// # Safety
    /// The caller has a reference to give.
    #[inline]
    pub(crate) unsafe fn hint(task: TaskPtr, turn: Turn) -> Self {
        Self(task.map_addr(|address| address | turn.number()))
    }

    /// This reference as a hint for one turn.
    pub(crate) fn for_turn(self, turn: Turn) -> Self {
        // SAFETY: the reference is this one.
        unsafe { Self::hint(self.into_parts().0, turn) }
    }

    /// The turn that this is a hint for.
    #[inline]
    fn turn(&self) -> Turn {
        Turn::of_number(self.0.addr().get() & TURN)
    }

    /// One more reference to a task that somebody refers to.
    pub(crate) fn to(task: &Header) -> Self {
        task.state.add_ref();
        // SAFETY: added just now; what borrows a head keeps the block meanwhile.
        unsafe { Self::from_raw(TaskPtr::from(task)) }
    }

    /// Gives the reference to the caller: the task's address with the turn in it.
    #[inline]
    pub(crate) fn into_raw(self) -> TaskPtr {
        ManuallyDrop::new(self).0
    }

    /// Gives the reference to the caller, with the turn beside it.
    #[inline]
    pub(crate) fn into_parts(self) -> (TaskPtr, Turn) {
        let this = ManuallyDrop::new(self);
        (this.address(), this.turn())
    }

    /// The task's address, without the turn.
    #[inline]
    pub(crate) fn address(&self) -> TaskPtr {
        // SAFETY: a block is aligned, so without the bit its address is what it was: not zero.
        self.0.map_addr(|address| unsafe { NonZero::new_unchecked(address.get() & !TURN) })
    }

    /// Whether this refers to that task.
    pub(crate) fn is(&self, task: &Header) -> bool {
        self.address() == TaskPtr::from(task)
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

    #[inline]
    fn deref(&self) -> &Header {
        // SAFETY: the reference keeps the block.
        unsafe { self.address().as_ref() }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the reference is given up.
        unsafe { Header::release(self.address(), 1) };
    }
}
