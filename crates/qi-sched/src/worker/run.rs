//! Running one task: from a hint to its next suspension point or its end.

use super::context::Context;
use crate::coop;
use crate::scheduler::Shared;
use crate::task::{self, Claim, Header, Home, Outcome, Suspend, TaskPtr, TaskRef};
use std::sync::atomic::Ordering::Relaxed;

/// Runs a task that came out of a queue. `false` if the entry was stale.
pub(crate) fn run(context: &Context, task: TaskRef) -> bool {
    let task = task.into_raw();
    // SAFETY: the hint's reference keeps the block until it is given back below.
    let head = unsafe { task.as_ref() };
    match head.state.claim() {
        Claim::Stale { free } => {
            if free {
                // SAFETY: that was the last reference.
                unsafe { Header::free(task) };
            }
            forget_stale_child(context);
            false
        }
        Claim::Run { cancelled, lane } => {
            match context.core() {
                Some(core) => {
                    let seat = &context.shared.seats[core.seat];
                    seat.counters.polls[lane.index()].add(1);
                    seat.counters.tasks.claimed.add(1);
                    // Relaxed: for the monitor, which copes with any value.
                    seat.current.store(head.id().as_u64(), Relaxed);
                }
                None => context.shared.foreign.claimed.add_shared(1),
            }
            // A task pinned to a thread that blocks runs inside another one's poll.
            let outer = context.budget.replace(coop::PER_POLL);
            execute(context, task, cancelled, true);
            context.budget.set(outer);
            if let Some(core) = context.core() {
                // Relaxed: as above.
                context.shared.seats[core.seat].current.store(0, Relaxed);
            }
            true
        }
    }
}

fn forget_stale_child(context: &Context) {
    if let Some(core) = context.core() {
        core.stale_children.set(core.stale_children.get().saturating_sub(1));
    }
}

/// Polls a task, or drops its future if it is cancelled, and does what follows. The caller holds
/// RUNNING; `hint`: and the reference of a hint. `true` if the task has ended.
pub(crate) fn execute(context: &Context, task: TaskPtr, cancelled: bool, hint: bool) -> bool {
    // SAFETY: while it is RUNNING the life's reference keeps the block.
    let head = unsafe { task.as_ref() };
    if !cancelled && head.polls() == 0 {
        settle_home(context, head);
    }
    // The one who polls this task may have asked to be polled again itself.
    let outer_yields = context.yielding.replace(false);
    let outcome = context.with_frame(Some(task), || {
        if cancelled {
            // SAFETY: the caller holds RUNNING, and the task has not ended.
            return Some(unsafe { Header::drop_future(task) });
        }
        head.count_poll();
        // SAFETY: the life's reference keeps the task while the waker is used.
        let waker = unsafe { task::borrowed(task) };
        let mut cx = std::task::Context::from_waker(&waker);
        // SAFETY: the caller holds RUNNING.
        unsafe { Header::poll(task, &mut cx) }
    });
    let yields = context.yielding.replace(outer_yields);
    if let Some(outcome) = outcome {
        conclude(context, task, outcome, hint);
        return true;
    }
    let suspended =
        if yields { head.state.suspend_yielding(hint) } else { head.state.suspend(hint) };
    match suspended {
        Suspend::Waiting => false,
        Suspend::Requeue(lane) => {
            // SAFETY: the hint has its reference.
            Shared::schedule(unsafe { TaskRef::from_raw(task) }, lane);
            false
        }
        Suspend::Cancelled => {
            // SAFETY: RUNNING is still the caller's, and the future is still there.
            let drop_future = || unsafe { Header::drop_future(task) };
            let outcome = context.with_frame(Some(task), drop_future);
            conclude(context, task, outcome, hint);
            true
        }
    }
}

/// A pinned task begins: this thread is its home from now on.
#[inline]
fn settle_home(context: &Context, head: &Header) {
    if let (Home::Thread(home), Some(slot)) = (head.home(), &context.slot) {
        home.get_or_init(|| slot.clone());
        context.pinned_live.set(context.pinned_live.get() + 1);
    }
}

/// Ends a task whose future is gone and whose output is in place.
fn conclude(context: &Context, task: TaskPtr, outcome: Outcome, hint: bool) {
    // SAFETY: the life's reference is given back by `complete` at the earliest.
    let head = unsafe { task.as_ref() };
    if head.polls() > 0 && matches!(head.home(), Home::Thread(_)) {
        context.pinned_live.set(context.pinned_live.get() - 1);
    }
    context.shared.count_end(context.core().map(|core| core.seat), outcome);
    let completion = head.state.complete(outcome, hint);
    // SAFETY: the completion is this task's.
    unsafe { Header::finish(task, completion) };
    context.shared.after_end(outcome);
}
