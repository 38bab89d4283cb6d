//! Waiting in straight-line code: in a coroutine it suspends, on a thread it blocks.
#![forbid(unsafe_code)]

use qi_coroutine::Cancelled;
use qi_sched::{Handle, context};
use std::future::Future;

/// Waits for `future`. A coroutine is suspended, with all its callers, until it is ready; a thread
/// that runs no task, or a blocking call, is blocked.
///
/// Cancelling the coroutine takes effect where it waits next, or waits already: its stack is unwound
/// from here, which runs destructors and prints nothing. Code that catches that and waits again is
/// unwound twice more; after that it runs on as a blocking call, and is reported. Mutexes of the
/// standard library whose guards are held meanwhile are poisoned; Qi's are not.
///
/// A destructor may wait while its frame is unwound; then the coroutine blocks its thread, whose seat
/// goes to another one.
///
/// # Panics
/// In the poll of a future, other than one that a coroutine polls: there is nothing to suspend, and
/// blocking would stop the worker. Await it there, or use `block_on`.
///
/// # Examples
/// ```
/// # use qi_sched::Scheduler;
/// # use qi_stackful::{Coroutines, spawn};
/// # let scheduler = Scheduler::builder().worker_threads(1).stacks(Coroutines::new()).build()?;
/// use qi_stackful::wait;
/// fn deep(depth: u32) -> u32 {
///     if depth > 0 { deep(depth - 1) } else { wait(async { 5 }) }
/// }
/// let task = scheduler.handle().enter(|| spawn(|| deep(100)));
/// assert_eq!(scheduler.block_on(task)?, 5);
/// assert_eq!(wait(async { "on a thread" }), "on a thread");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
#[inline]
pub fn wait<F: Future>(future: F) -> F::Output {
    match qi_coroutine::wait_inside(future) {
        Ok(output) => output,
        Err(future) => block(future),
    }
}

/// As [`wait`], but answers instead of unwinding if the coroutine was cancelled.
///
/// # Errors
/// [`Cancelled`]; the future is dropped then. Code that takes no notice of ten thousand answers in a
/// row is treated as if it had caught the unwinding.
///
/// # Panics
/// As [`wait`].
///
/// # Examples
/// ```
/// # use qi_sched::Scheduler;
/// # use qi_stackful::{Coroutines, spawn};
/// # let scheduler = Scheduler::builder().worker_threads(1).stacks(Coroutines::new()).build()?;
/// use qi_stackful::try_wait;
/// let task = scheduler.handle().enter(|| {
///     spawn(|| match try_wait(std::future::pending::<()>()) {
///         Ok(()) => "done",
///         Err(_) => "told to stop",
///     })
/// });
/// # while task.status() != qi_sched::TaskStatus::Waiting { std::thread::yield_now() }
/// task.cancel()?;
/// assert_eq!(scheduler.block_on(task)?, "told to stop");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
#[inline]
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, Cancelled> {
    if qi_coroutine::in_coroutine() {
        return qi_coroutine::try_wait(future);
    }
    Ok(block(future))
}

/// Lets others run: the coroutine goes to the end of its lane's queue. A thread yields its processor.
///
/// # Examples
/// ```
/// qi_stackful::yield_now();
/// ```
#[inline]
pub fn yield_now() {
    if qi_coroutine::wait_inside(qi_sched::coop::yield_now()).is_err() {
        std::thread::yield_now();
    }
}

#[cold]
#[track_caller]
fn block<F: Future>(future: F) -> F::Output {
    assert!(
        context::may_block(),
        "a future's poll cannot wait as a coroutine does: await the future, or use block_on"
    );
    match Handle::try_current() {
        Ok(handle) => handle.block_on(future),
        Err(_) => qi_coroutine::block_on(future),
    }
}

/// [`wait`] as a method of every future: `handle.join().wait()`, `receiver.recv().wait()`.
///
/// # Examples
/// ```
/// use qi_stackful::Wait;
/// assert_eq!(async { 2 + 2 }.wait(), 4);
/// ```
pub trait Wait: Future + Sized {
    /// See [`wait`](fn@wait).
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    #[inline]
    fn wait(self) -> Self::Output {
        wait(self)
    }

    /// See [`try_wait`](fn@try_wait).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    #[inline]
    fn try_wait(self) -> Result<Self::Output, Cancelled> {
        try_wait(self)
    }
}

impl<F: Future> Wait for F {}
