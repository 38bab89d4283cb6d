//! What goes with the turn where a coroutine has a thread of its own: its poller's thread-locals.

use std::any::Any;

/// What whoever polls coroutines keeps in thread-locals of its own, and code inside of them must find there.
///
/// Where stacks are switched, a coroutine runs on its poller's thread and finds them. Where a thread stands
/// in for a stack they have to be carried: at each turn from the poller's thread to the coroutine's, and
/// back when that suspends or has ended.
pub trait Along: Sync {
    /// Takes off the calling thread what it is marked with: it gives the turn away, or ends.
    fn leave(&self) -> Box<dyn Any>;

    /// Marks the calling thread with what another one was marked with.
    ///
    /// # Safety
    /// `marks` come from [`leave`](Self::leave), on a thread that waits until the calling one has left in
    /// turn, or has ended and was given nothing to refer to that ended with it.
    unsafe fn arrive(&self, marks: Box<dyn Any>);
}
