//! What goes with the turn where a coroutine has a thread of its own: the scheduler that its poller works
//! for, and the task-locals that are entered there.

use qi_coroutine::Along;
use qi_sched::stackful::Stand;
use std::any::Any;

/// The marks of qi-sched.
pub(crate) static MARKS: Marks = Marks;

pub(crate) struct Marks;

impl Along for Marks {
    fn leave(&self) -> Box<dyn Any> {
        Box::new(Stand::leave())
    }

    unsafe fn arrive(&self, marks: Box<dyn Any>) {
        if let Ok(stand) = marks.downcast::<Stand>() {
            // SAFETY: the caller's word: whoever left them waits, and its frames exist.
            unsafe { stand.arrive() };
        }
    }
}
