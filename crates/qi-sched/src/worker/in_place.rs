//! Running an un-started child inside the poll of the task that joins it.
//!
//! Every async runtime queues children; a tree of tasks then unfolds breadth first, with memory
//! for all of it and two switches per child. Compute pools run a child that nobody has taken yet
//! at the point where its parent waits for it (Cilk's and rayon's join). Here that is allowed only
//! where the parent could not tell the difference from a fast worker next door, see [`may_run`].
#![forbid(unsafe_code)]

use super::context::Context;
use super::core::Core;
use super::duty;
use super::run::execute;
use crate::TaskPriority;
use crate::coop;
use crate::queue::Arrival;
use crate::task::{self, Header, Running};
use std::sync::Arc;
use std::task::Context as TaskContext;

/// Children inside one another. Each level takes some stack.
const MAX_NESTING: u32 = 64;

/// Stale entries looked at when a child that was run in place ends.
const CLEAN_UP: u32 = 16;

/// Runs `child` now if it has not begun and nothing speaks against it.
pub(crate) fn try_run(child: &Header, cx: &TaskContext<'_>) {
    super::context::with(|context| {
        let Some(context) = context else { return };
        if may_run(context, child, cx) {
            run(context, child);
        }
    });
}

/// The conditions under which a child may run in place: the parent is a task of this scheduler,
/// polled with its own waker on a seat, free to move (not pinned, no root future: it may hold
/// guards that the child wants) and with budget left; nothing more urgent waits, and the pick is not
/// owed to another lane; and there is stack. Whether the child is un-started is decided by the claim.
fn may_run(context: &Context, child: &Header, cx: &TaskContext<'_>) -> bool {
    let word = child.state.load();
    if !word.is_fresh() || !word.is_scheduled() || word.is_pinned() || word.is_blocking() {
        return false;
    }
    let (Some(parent), Some(core)) = (context.current_task(), context.core()) else { return false };
    let parent_is_free = !parent.state.load().is_pinned();
    context.shared.config.run_in_place
        && parent_is_free
        && task::wakes(cx.waker(), parent.into())
        && Arc::ptr_eq(child.shared(), &context.shared)
        && context.nesting.get() < MAX_NESTING
        && stack_pointer() > context.stack_floor.get()
        && !anything_above(context, core, word.lane())
        && has_budget(context, core)
        && (context.shared.lanes.only_normal() || core.shares.begin_in_place(word.lane()))
}

/// Whether something more urgent than `lane` waits.
fn anything_above(context: &Context, core: &Core, lane: TaskPriority) -> bool {
    // Normal work is not counted globally; it stands above Low children only.
    let normal = || {
        lane == TaskPriority::Low
            && (core.queues.used(TaskPriority::Normal).is_some_and(|queue| queue.len() > 0)
                || !context.shared.injectors[TaskPriority::Normal.index()].is_empty())
    };
    context.shared.lanes.any_above(lane)
        || core.homed.any_above(lane)
        || context.pinned.any_above(lane)
        || normal()
}

/// Whether the parent has budget for the child and for the join. When it is spent although nobody
/// waits for this worker, a pause would serve nobody, and would unwind the whole tree of calls: the
/// budget is filled up again.
fn has_budget(context: &Context, core: &Core) -> bool {
    if context.budget.get() >= 2 {
        return true;
    }
    let alone = !context.shared.is_closing() && duty::nobody_waits(context, core);
    if alone {
        context.budget.set(coop::PER_POLL);
    }
    alone
}

fn run(context: &Context, child: &Header) {
    let lane = child.state.load().lane();
    let Some(running) = Running::in_place(child) else { return };
    if let Some(core) = context.core() {
        let counters = &context.shared.seats[core.seat].counters;
        counters.in_place.add(1);
        counters.polls[lane.index()].add(1);
        counters.tasks.claimed.add(1);
        core.stale_children.set(core.stale_children.get() + 1);
    }
    // The child's polls spend the parent's budget.
    context.budget.set(context.budget.get() - 1);
    context.nesting.set(context.nesting.get() + 1);
    execute(context, running, false);
    context.nesting.set(context.nesting.get() - 1);
    clean_up(context, lane);
}

/// Drops entries of children that were run in place while they lie on top: so a whole tree run in
/// place leaves nothing behind.
fn clean_up(context: &Context, lane: TaskPriority) {
    let Some(core) = context.core() else { return };
    let Some(queue) = core.queues.used(lane) else { return };
    for _ in 0..CLEAN_UP {
        if core.stale_children.get() == 0 {
            return;
        }
        let Some(top) = queue.pop(Arrival::Child) else {
            // Thieves have taken (and dropped) the rest.
            core.stale_children.set(0);
            return;
        };
        if top.state.load().is_scheduled() {
            queue.push(top, Arrival::Child);
            return;
        }
        core.stale_children.set(core.stale_children.get() - 1);
        context.shared.lanes.lower(lane);
        drop(top);
    }
}

/// About where the stack is now.
#[inline]
fn stack_pointer() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}
