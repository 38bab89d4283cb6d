//! Running one task: from a hint to its next suspension point or its end.
#![forbid(unsafe_code)]

use super::context::Context;
use crate::coop;
use crate::local::Heritage;
use crate::queue::Arrival;
use crate::scheduler::Shared;
use crate::task::{Claimed, Ended, Header, Home, Polled, Running, Suspended, TaskRef};
use std::sync::atomic::Ordering::Relaxed;

/// Runs a task that came out of a queue. `false` if the entry was stale.
pub(crate) fn run(context: &Context, task: TaskRef) -> bool {
    let Claimed::Run { running, cancelled, lane } = task.claim(context.slot.as_ref()) else {
        forget_stale_child(context);
        return false;
    };
    // A task that the walk of a shutdown has not seen would go on for ever if it likes.
    let cancelled = cancelled || context.shared.cancels_all();
    match context.core() {
        Some(core) => {
            let seat = &core.shown;
            core.counters.polls[lane.index()].add(1);
            core.counters.tasks.claimed.add(1);
            // Relaxed: for the monitor, which copes with any value.
            seat.current.store(running.as_ptr().addr().get(), Relaxed);
        }
        None => context.shared.foreign.claimed.add_shared(1),
    }
    // A task pinned to a thread that blocks runs inside another one's poll.
    let outer = context.budget.replace(coop::PER_POLL);
    execute(context, running, cancelled);
    context.budget.set(outer);
    if let Some(core) = context.core() {
        // Relaxed: as above.
        core.shown.current.store(0, Relaxed);
        if !context.shared.lanes.only_normal() {
            // The others may have to prefer it to what they have.
            core.spill(&context.shared);
        }
    }
    true
}

fn forget_stale_child(context: &Context) {
    if let Some(core) = context.core() {
        core.stale_children.set(core.stale_children.get().saturating_sub(1));
    }
}

/// Polls a task, or drops its future if it is cancelled, and does what follows.
#[inline(always)]
fn execute(context: &Context, running: Running, cancelled: bool) {
    if running.header().is_plain() {
        return execute_as(Kind::Plain, context, running, cancelled);
    }
    if !cancelled && running.header().polls() == 0 {
        settle_home(context, running.header());
    }
    execute_as(Kind::Special, context, running, cancelled);
}

/// Whether a task is pinned, named, or has inherited something. Known to the compiler, so that plain
/// tasks pay nothing for the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Special,
}

#[inline(always)]
fn execute_as(kind: Kind, context: &Context, running: Running, cancelled: bool) {
    if cancelled {
        return end_early(context, running);
    }
    poll_on(kind, context, running);
}

/// Polls a task, and does what follows.
#[inline(always)]
fn poll_on(kind: Kind, context: &Context, running: Running) {
    let (polled, yields) = poll(kind, context, running);
    match polled {
        Polled::Ended(ended) => conclude(context, ended),
        Polled::Pending(running) => suspend(context, running, yields),
    }
}

/// Polls a task; says also whether it asked to be polled again.
#[inline(always)]
fn poll(kind: Kind, context: &Context, running: Running) -> (Polled, bool) {
    // The one who polls this task may have asked to be polled again itself.
    let outer_yields = context.yielding.replace(false);
    let frame = context.frame_of(Some(running.as_ptr()));
    let entered = context.enter_frame(&frame);
    let polled = match kind {
        Kind::Plain => running.poll(),
        Kind::Special => with_legacy(running.legacy(), || running.poll()),
    };
    drop(entered);
    (polled, context.yielding.replace(outer_yields))
}

/// Polls a task for the one who joins it and runs it in place; gives back its end.
#[inline]
pub(crate) fn execute_in_place(context: &Context, running: Running) -> Option<Ended> {
    let plain = running.header().is_plain();
    let kind = if plain { Kind::Plain } else { Kind::Special };
    if !plain {
        settle_home(context, running.header());
    }
    let (polled, yields) = poll(kind, context, running);
    match polled {
        Polled::Ended(ended) => {
            if kind == Kind::Special {
                leave_home(context, ended.header());
                ended.give_up_legacy();
            }
            context.shared.before_end(ended.outcome());
            context.shared.count_end(context.core(), ended.outcome());
            // Its state says so a moment later, when the caller has the result.
            context.shared.after_end(ended.outcome());
            Some(ended)
        }
        Polled::Pending(running) => {
            suspend(context, running, yields);
            None
        }
    }
}

#[inline(always)]
fn suspend(context: &Context, running: Running, yields: bool) {
    if !running.header().is_plain() {
        keep_home(context, running.header());
    }
    match running.suspend(yields) {
        Suspended::Waiting => {}
        Suspended::Requeue(task, lane) => match context.core() {
            // As `schedule` would do, which has to find out where it is.
            Some(core) if task.state.load().may_run_anywhere() => {
                core.counters.tasks.woken.add(1);
                core.push(&context.shared, task, lane, context.arrival());
            }
            Some(core) if context.is_home_of(&task) => {
                core.counters.tasks.woken.add(1);
                context.pinned.push(task, lane);
            }
            _ => Shared::schedule(task, lane),
        },
        Suspended::Cancelled(running) => end_early(context, running),
    }
}

/// A task that is cancelled: its future is dropped. One with a stack of its own that has begun is
/// polled once more instead, to unwind; it may have to wait meanwhile. (I61)
#[cold]
fn end_early(context: &Context, running: Running) {
    let task = running.header();
    if task.polls() > 0 && task.state.load().is_stackful() {
        task.state.tell();
        return poll_on(Kind::Special, context, running);
    }
    conclude(context, cancel(context, running));
}

/// Drops a task's future as the task's own code. (I40)
pub(crate) fn cancel(context: &Context, running: Running) -> Ended {
    let legacy = running.legacy();
    context.with_frame(Some(running.as_ptr()), || with_legacy(legacy, || running.cancel()))
}

/// Runs `code`, which is a task's, with what the task has inherited.
#[inline]
fn with_legacy<R>(legacy: Option<Heritage>, code: impl FnOnce() -> R) -> R {
    match legacy {
        Some(heritage) => heritage.in_force(code),
        None => code(),
    }
}

/// A pinned task begins: this thread is its home from now on. (I60)
#[inline]
fn settle_home(context: &Context, task: &Header) {
    if let (Home::Thread(home), Some(slot)) = (task.home(), &context.slot) {
        home.settle(slot);
        let live = context.pinned_live.get() + 1;
        context.pinned_live.set(live);
        if live >= MANY_PINNED && live.is_power_of_two() {
            share_out(context);
        }
    }
}

/// A pinned task is about to wait: others will want to reach it here. (I59) No part of what every task
/// runs through.
#[inline(never)]
fn keep_home(context: &Context, task: &Header) {
    if let (Home::Thread(home), Some(slot)) = (task.home(), &context.slot) {
        home.keep(slot);
    }
}

/// So many pinned tasks on one thread, and each doubling, are a reason to look for help: what begins here
/// as well stays here for good, however short the backlog is at the moment.
const MANY_PINNED: usize = 8;

/// Wakes somebody who can take what has not begun.
#[cold]
fn share_out(context: &Context) {
    let Some(core) = context.core() else { return };
    core.spill(&context.shared);
    if core.queues.len() > 0 && context.shared.sleep.somebody_sleeps() {
        context.shared.notify();
    }
}

/// A pinned task that had begun has ended.
fn leave_home(context: &Context, task: &Header) {
    if task.polls() > 0 && matches!(task.home(), Home::Thread(_)) {
        context.pinned_live.set(context.pinned_live.get() - 1);
    }
}

/// Ends a task whose future is gone and whose output is in place.
fn conclude(context: &Context, ended: Ended) {
    if !ended.header().is_plain() {
        leave_home(context, ended.header());
        ended.give_up_legacy();
    }
    let outcome = ended.outcome();
    context.shared.before_end(outcome);
    context.shared.count_end(context.core(), outcome);
    // Who joined this task goes on before anything else: so a tree of tasks stays depth first.
    context.with_arrival(Arrival::Child, || ended.finish());
    context.shared.after_end(outcome);
}
