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
use super::run::execute_in_place;
use crate::TaskPriority;
use crate::coop;
use crate::queue::Arrival;
use crate::task::{self, Ended, Header, Running, Snapshot};
use std::sync::Arc;
use std::task::Context as TaskContext;

/// Children inside one another. Each level takes some stack.
const MAX_NESTING: u32 = 64;

/// Stale entries looked at when a child that was run in place ends.
const CLEAN_UP: u32 = 16;

/// Runs `child` now if it has not begun and nothing speaks against it. Its end, if it came to one,
/// is the caller's, who holds the child's handle.
#[inline]
pub(crate) fn try_run(child: &Header, cx: &TaskContext<'_>) -> Option<Ended> {
    if !child.state.load().may_run_in_place() {
        return None;
    }
    super::context::with(|context| {
        let context = context?;
        let core = context.core()?;
        if may_run(context, core, child, cx) { run(context, child) } else { None }
    })
}

/// The conditions under which a child may run in place: the parent is a task of this scheduler,
/// polled with its own waker on a seat, free to move (not pinned, no root future: it may hold
/// guards that the child wants) and with budget left; nothing more urgent waits, and the pick is not
/// owed to another lane; and there is stack. Whether the child is un-started is decided by the claim.
#[inline]
fn may_run(context: &Context, core: &Core, child: &Header, cx: &TaskContext<'_>) -> bool {
    let Some(parent) = context.current_task() else { return false };
    context.shared.config.run_in_place
        && is_free_to_move(parent.state.load())
        && task::wakes(cx.waker(), parent.into())
        && Arc::ptr_eq(child.shared(), &context.shared)
        && context.nesting.get() < MAX_NESTING
        && stack_pointer() > context.stack_floor.get()
        && has_budget(context, core)
        && (only_normal(context, core) || is_its_turn(context, core, child))
}

/// Whether the parent may hold no guard that the child wants: nor may it have a stack of its own,
/// which may be small.
#[inline]
fn is_free_to_move(parent: Snapshot) -> bool {
    !parent.is_pinned() && !parent.is_stackful()
}

/// Whether no lane but Normal is in use anywhere that this worker can see.
#[inline]
fn only_normal(context: &Context, core: &Core) -> bool {
    context.shared.lanes.only_normal() && core.homed.is_empty() && context.pinned.is_empty()
}

/// Among several lanes in use: whether the child may be picked now.
#[cold]
fn is_its_turn(context: &Context, core: &Core, child: &Header) -> bool {
    let lane = child.state.load().lane();
    if lane == TaskPriority::Low {
        // What is kept at hand is above it.
        core.spill(&context.shared);
    }
    !anything_above(context, core, lane)
        && (context.shared.lanes.only_normal() || core.shares.begin_in_place(lane))
}

/// Whether something more urgent than `lane` waits.
fn anything_above(context: &Context, core: &Core, lane: TaskPriority) -> bool {
    // Normal work is not counted globally; it stands above Low children only.
    let normal = || {
        lane == TaskPriority::Low
            && (core.queues.used(TaskPriority::Normal).is_some_and(|queue| queue.len() > 0)
                || !context.shared.backlogs.is_empty()
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

#[inline]
fn run(context: &Context, child: &Header) -> Option<Ended> {
    let core = context.core()?;
    let lane = child.state.load().lane();
    let mut running = Running::in_place(child)?;
    match core.nursery.take(child) {
        Some(hint) => running.keep(hint),
        None => core.stale_children.set(core.stale_children.get() + 1),
    }
    core.counters.in_place.add(1);
    core.counters.polls[lane.index()].add(1);
    core.counters.tasks.claimed.add(1);
    // The child's polls spend the parent's budget, and so does the join.
    context.budget.set(context.budget.get() - 2);
    context.nesting.set(context.nesting.get() + 1);
    let ended = execute_in_place(context, running);
    context.nesting.set(context.nesting.get() - 1);
    clean_up(context, lane);
    ended
}

/// Drops entries of children that were run in place while they lie on top: so a whole tree run in
/// place leaves nothing behind.
#[inline]
fn clean_up(context: &Context, lane: TaskPriority) {
    // The child may have handed the seat over.
    let Some(core) = context.core() else { return };
    if core.stale_children.get() > 0 && core.nursery.is_empty() {
        drop_stale(context, core, lane);
    }
}

fn drop_stale(context: &Context, core: &Core, lane: TaskPriority) {
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
