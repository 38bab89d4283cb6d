//! Tasks whose code has a stack of its own: what they need of the scheduler, and no more. Stacks, and
//! the switching between them, are the business of a layer above, which this crate does not know.
//!
//! # Life of such a task
//! ```text
//!   spawn ──► stealable by any worker ──► first poll: this thread is its home from now on
//!                                            │ suspend            ▲ claimed by that thread only
//!                                            ▼                    │
//!                                        waits ── wake ──► the thread's own queue, or its inbox
//! ```
//! 1. Until its first poll its hint lies in ordinary queues: thieves take it, and whoever joins it
//!    may run it in place, on the stack that it brings along.
//! 2. The first poll settles its home, before the code runs. A hint from before may still lie in
//!    anybody's queue; `claim` lets a thread that is not the home only begin a task, never go on with
//!    it, so such a hint is found stale. (I60)
//! 3. Wakes go to the home: by its own thread straight into a queue that nobody steals from, by others
//!    into its inbox. A thread that has given its seat away runs them in its `block_on`, as other
//!    pinned tasks. So values that are not `Send`, thread-locals and guards are safe to keep while
//!    suspended.
//! 4. Cancelling does not drop such a task once it has begun: frames would be left without their
//!    destructors. It is polled, and [`is_cancelled`] says so; its code unwinds, or ends, or goes on to
//!    wait for what must end first. It is told once, and then suspends as it likes. (I61)
//!
//! # What is taken along
//! Code on a stack of its own may suspend inside a scope that has marked its thread: of a task-local,
//! or an entered scheduler. [`Baggage`] takes the marks off when it suspends, and puts them back. Where the
//! stack is a thread, all marks of its poller's thread go along with the turn ([`Stand`]).
//!
//! # Rejected alternatives
//! Dropping the future, which unwinds the stack in its drop: what has to wait meanwhile, such as the
//! end of a scope, would block the worker, and a shutdown with ten thousand of them would nest as
//! many blocks. A thread chosen at spawn: it may be stuck.

use crate::local::marks::Marks;
pub use crate::local::stand::Stand;
use crate::scheduler;
use crate::task::TaskHandle;
use crate::worker::context;
use std::any::Any;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The layer that gives tasks stacks of their own, as the scheduler sees it.
pub trait Stacks: Send + Sync + Any {
    /// Whether the calling code runs on a stack of its own and may suspend.
    fn is_here(&self) -> bool;

    /// Suspends the code that runs here until `poll` is ready. Called only where
    /// [`is_here`](Self::is_here) says yes. `shielded`: cancelling does not end the wait.
    fn wait(&self, shielded: bool, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>);

    /// Whether a payload that was caught is that of code that unwinds because it was cancelled.
    fn is_cancellation(&self, payload: &(dyn Any + Send)) -> bool;

    /// Called when all workers have slept for a while, and have dropped what was kept on their seats
    /// ([`with_seat_store`]): memory may go back. Does nothing by default.
    fn idle(&self) {}

    /// The layer as itself, for whoever handed it in.
    fn as_any(&self) -> &dyn Any;
}

/// With this payload a task unwinds because it was cancelled: it ends as Cancelled, not as Failed.
#[derive(Debug)]
pub(crate) struct CancelUnwind;

/// Ends the current poll: the task has been cancelled, and its code has unwound.
pub fn unwind_as_cancelled() -> ! {
    std::panic::resume_unwind(Box::new(CancelUnwind))
}

/// What a task fails with for which there was no stack; see [`JoinError::is_no_stack`](crate::JoinError).
#[derive(Debug, thiserror::Error)]
#[error("no stack for a coroutine: {why}")]
pub struct NoStack {
    /// What the layer of stacks said.
    pub(crate) why: String,
}

/// Ends the first poll of a task for which there is no stack: it has failed. No panic hook is called,
/// since it is nobody's bug.
pub fn fail_for_want_of_a_stack(why: &(dyn std::error::Error + 'static)) -> ! {
    tracing::error!(error = why, "no stack for a coroutine");
    std::panic::resume_unwind(Box::new(NoStack { why: why.to_string() }))
}

/// Spawns a task whose code has a stack of its own on the scheduler that the calling worker works for, as
/// [`TaskBuilder::spawn_stackful`](crate::TaskBuilder::spawn_stackful) does with nothing else said. The
/// short way, for whoever spawns many.
///
/// # Errors
/// `make` comes back on a thread that sits on no seat, and where something is out of the ordinary.
#[inline]
pub fn try_spawn<C, F>(
    location: &'static Location<'static>,
    make: C,
) -> Result<TaskHandle<F::Output>, C>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    scheduler::spawn_stackful_here(location, make)
}

/// Whether a payload that was caught is that of a task that unwinds because it was cancelled, and no
/// panic: whoever caught it resumes the unwinding.
#[must_use]
pub fn is_cancellation(payload: &(dyn Any + Send)) -> bool {
    payload.is::<CancelUnwind>()
        || with_stacks(|stacks| stacks.is_cancellation(payload)).unwrap_or(false)
}

/// Whether the task that is being polled has been told that it was cancelled.
#[inline]
#[must_use]
pub fn is_cancelled() -> bool {
    context::was_told()
}

/// Calls `code` with what the layer keeps on the calling worker's seat, where only that worker comes
/// to it; it is dropped when the runtime falls idle. `None` on a thread without a seat.
#[inline]
pub fn with_seat_store<R>(code: impl FnOnce(&mut Option<Box<dyn Any + Send>>) -> R) -> Option<R> {
    context::with(|context| Some(context?.core()?.with_store(code)))
}

/// Calls `code` with the layer of the scheduler that the calling thread works for.
pub fn with_stacks<R>(code: impl FnOnce(&dyn Stacks) -> R) -> Option<R> {
    context::with(|context| context?.shared.config.stacks.as_deref().map(code))
}

/// Runs a future to its end by suspending the code that runs here, if it has a stack of its own;
/// else gives it back.
pub(crate) fn suspend_instead<F: Future>(
    mut future: Pin<&mut F>,
    shielded: bool,
    mut poll: impl FnMut(Pin<&mut F>, &mut Context<'_>) -> Poll<F::Output>,
) -> Option<F::Output> {
    let stacks = context::with_worker(|worker| {
        worker?.shared.config.stacks.clone().filter(|stacks| stacks.is_here())
    })?;
    let mut output = None;
    stacks.wait(shielded, &mut |cx| poll(future.as_mut(), cx).map(|ready| output = Some(ready)));
    output
}

/// What code on a stack of its own has marked its thread with, while it is suspended.
#[derive(Debug, Default)]
pub struct Baggage(Marks);

impl Baggage {
    /// Puts the marks back, resumes the code by `resume`, and takes its marks off again.
    ///
    /// # Safety
    /// `resume` resumes one and the same piece of code each time, the one whose marks these are, and
    /// that runs on a stack that is not freed before its frames have returned or unwound. If the
    /// code is resumed on another thread, it is inside no scope that marks its thread.
    #[inline]
    pub unsafe fn carry<R>(&mut self, resume: impl FnOnce() -> R) -> R {
        // SAFETY: the caller's word.
        unsafe { self.0.carry(resume) }
    }
}
