//! All that a thread is marked with, taken to another thread that goes on in its place.
//!
//! Where nobody can switch stacks, code with a stack of its own has a thread of its own, and one of the two
//! runs. What the polling thread is marked with (the innermost entered scheduler, entered task-locals, the
//! inherited ones in force, and whose thread it is) goes along with the turn, both ways: so the code finds
//! what it would find on its poller's thread, and leaves there what it would leave. (I64)

use super::heritage::InForce;
use super::stack::Top;
use crate::scheduler::Owner;
use crate::worker::context::Entered;

/// The marks of a thread that waits while another one runs in its place.
#[derive(Debug)]
pub struct Stand {
    entered: Entered,
    scopes: Top,
    in_force: InForce,
    owner: Owner,
}

impl Stand {
    /// Takes the marks off the calling thread, which finds no scheduler and no task-local from then on.
    ///
    /// # Examples
    /// ```
    /// use qi_sched::{Scheduler, context, stackful::Stand};
    /// let scheduler = Scheduler::builder().worker_threads(1).build()?;
    /// scheduler.handle().enter(|| {
    ///     let stand = Stand::leave();
    ///     assert!(qi_sched::Handle::try_current().is_err());
    ///     // SAFETY: what was left is taken up again where it was left.
    ///     unsafe { stand.arrive() };
    ///     assert!(qi_sched::Handle::try_current().is_ok());
    /// });
    /// # Ok::<(), qi_sched::SchedError>(())
    /// ```
    #[must_use]
    pub fn leave() -> Self {
        Self {
            entered: Entered::take(),
            scopes: Top::take(),
            in_force: InForce::take_off(),
            owner: Owner::take(),
        }
    }

    /// Marks the calling thread with them.
    ///
    /// # Safety
    /// The frames that the marks lie in exist until the calling thread has left in turn, or returned to where
    /// it had none: the thread that left waits meanwhile.
    pub unsafe fn arrive(self) {
        // SAFETY: the caller's word.
        unsafe { self.entered.put_back() };
        self.scopes.restore();
        self.in_force.put_back();
        self.owner.put_back();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{Handle, Scheduler};
    use std::thread;

    crate::task_local! {
        static NUMBER: u64;
        inherit static NAME: &'static str;
    }

    struct Sent(Stand);

    // SAFETY: whoever sends it waits until the other thread has ended.
    unsafe impl Send for Sent {}

    impl Sent {
        fn arrive(self) {
            // SAFETY: as above.
            unsafe { self.0.arrive() };
        }
    }

    fn marks() -> (bool, Option<u64>, Option<&'static str>) {
        (Handle::try_current().is_ok(), NUMBER.try_get().ok(), NAME.try_get().ok())
    }

    #[test]
    fn what_a_thread_is_marked_with_goes_to_another_one_and_comes_back() {
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        let there = move |left: Sent| {
            assert_eq!(marks(), (false, None, None));
            left.arrive();
            assert_eq!(marks(), (true, Some(7), Some("ada")));
            let task = crate::spawn(async { NAME.get() });
            let left = Sent(Stand::leave());
            assert_eq!(marks(), (false, None, None));
            (left, task)
        };
        let here = || {
            let left = Sent(Stand::leave());
            assert_eq!(marks(), (false, None, None));
            let (left, task) = thread::spawn(move || there(left)).join().unwrap();
            left.arrive();
            assert_eq!(marks(), (true, Some(7), Some("ada")));
            task
        };
        let task =
            scheduler.handle().enter(|| NUMBER.sync_scope(7, || NAME.sync_scope("ada", here)));
        assert_eq!(scheduler.block_on(task).unwrap(), "ada");
        assert_eq!(marks(), (false, None, None));
    }
}
