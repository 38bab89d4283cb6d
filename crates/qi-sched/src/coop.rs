//! The cooperative budget: a task whose waits always succeed at once still lets others run.
//!
//! Each poll of a task starts with a budget of 128 units. Qi's own primitives take one
//! for each success; when none is left they wake the task and answer `Pending`, although they
//! could have gone on. So a loop over a channel that is never empty suspends now and then.
#![forbid(unsafe_code)]

use crate::task;
use crate::worker::context;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Units per poll. Tokio and Go let about as many successes pass before they switch.
pub(crate) const PER_POLL: u32 = 128;

/// Outside of tasks nothing is limited.
pub(crate) const UNLIMITED: u32 = u32::MAX;

/// A unit taken from the budget. Unless the operation makes progress, it goes back.
#[derive(Debug)]
#[must_use = "say whether the operation made progress"]
pub struct Progress {
    taken: bool,
}

impl Progress {
    /// The operation succeeded: the unit is spent.
    #[inline]
    pub fn made_progress(mut self) {
        self.taken = false;
    }
}

impl Drop for Progress {
    #[inline]
    fn drop(&mut self) {
        if self.taken {
            context::with(|context| {
                if let Some(context) = context {
                    context.budget.set(context.budget.get().saturating_add(1));
                }
            });
        }
    }
}

/// Takes a unit of the current task's budget before an operation that may succeed at once.
///
/// `Pending` means that the budget is spent: the task has been woken, and the caller returns
/// `Pending` too. If the operation itself turns out to be pending, drop the [`Progress`].
///
/// # Examples
/// ```
/// use std::task::{ready, Context, Poll};
/// fn poll_next(cx: &mut Context<'_>, queue: &mut Vec<u32>) -> Poll<Option<u32>> {
///     let progress = ready!(qi_sched::coop::poll_proceed(cx));
///     let item = queue.pop();
///     progress.made_progress();
///     Poll::Ready(item)
/// }
/// # let waker = std::task::Waker::noop();
/// # assert_eq!(poll_next(&mut Context::from_waker(waker), &mut vec![7]), Poll::Ready(Some(7)));
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<Progress> {
    let left = context::with(|context| {
        let Some(context) = context else { return true };
        match context.budget.get() {
            UNLIMITED => true,
            0 => false,
            left => {
                context.budget.set(left - 1);
                true
            }
        }
    });
    if left {
        Poll::Ready(Progress { taken: true })
    } else {
        request_another_poll(cx);
        Poll::Pending
    }
}

/// Takes units from the current task's budget for work that was done at once, as many as are left.
/// For operations that do in one step what others do in many.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # let task = scheduler.spawn(async {
/// use qi_sched::coop;
/// use std::task::{Context, Waker};
///
/// coop::spend(u32::MAX);
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(coop::poll_proceed(&mut cx).is_pending(), "nothing is left");
/// # });
/// # scheduler.block_on(task).unwrap();
/// ```
#[inline]
pub fn spend(units: u32) {
    context::with(|context| {
        let Some(context) = context else { return };
        let left = context.budget.get();
        if left != UNLIMITED {
            context.budget.set(left.saturating_sub(units));
        }
    });
}

/// Runs `code` without a limit: what it polls spends nothing of the current task's budget. For
/// looks that cannot wait, such as a `try_` method that polls inside.
///
/// # Examples
/// ```
/// use std::task::{Context, Poll, Waker};
/// let mut cx = Context::from_waker(Waker::noop());
/// let looked = qi_sched::coop::unlimited(|| qi_sched::coop::poll_proceed(&mut cx).is_ready());
/// assert!(looked);
/// ```
pub fn unlimited<R>(code: impl FnOnce() -> R) -> R {
    context::with(|context| {
        let Some(context) = context else { return code() };
        let _restore = RestoreBudget(&context.budget, context.budget.replace(UNLIMITED));
        code()
    })
}

struct RestoreBudget<'a>(&'a Cell<u32>, u32);

impl Drop for RestoreBudget<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Lets other tasks run: the current task goes to the end of its lane's queue.
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// for step in 0..3 {
///     println!("step {step}");
///     qi_sched::coop::yield_now().await;
/// }
/// # });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// Suspends once. Made by [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        request_another_poll(cx);
        Poll::Pending
    }
}

/// Has the current task polled again. If the waker is the task's own, a mark on the thread does
/// it, which costs no atomic operation; else (inside a combinator with wakers of its own, or in a
/// foreign executor) the waker is woken.
#[inline]
pub(crate) fn request_another_poll(cx: &mut Context<'_>) {
    let marked = context::with(|context| {
        let Some(context) = context else { return false };
        let own = context.current_task().is_some_and(|task| task::wakes(cx.waker(), task.into()));
        if own {
            context.yielding.set(true);
        }
        own
    });
    if !marked {
        cx.waker().wake_by_ref();
    }
}
