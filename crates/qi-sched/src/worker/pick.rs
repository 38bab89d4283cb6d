//! Which of its own tasks a worker runs next.
//!
//! While only the Normal lane is in use the pick is that of a scheduler without priorities
//! ([`next_normal`]). Otherwise a lane is chosen first ([`next_mixed`]): one that is due by its
//! share, else the highest in which anybody has something that this worker can reach.
#![forbid(unsafe_code)]

use super::context::Context;
use super::core::Core;
use super::steal;
use crate::priority::TaskPriority;
use crate::queue::Arrival;
use crate::task::{Home, TaskRef};

/// So many new children and events are taken before something else gets its turn.
const IN_A_ROW: u32 = 32;

/// Every so many picks the global queue goes first, and half-way in between the oldest child: what
/// waits there would otherwise wait for as long as new work keeps coming. A power of two.
const FAIRNESS: u64 = 64;

/// The pick at which the oldest child goes first.
const HALF_WAY: u64 = FAIRNESS / 2;

/// The next task from the worker's own queues, its homes and the global queue; in mixed lanes also
/// from others' queues if they have something more urgent.
#[inline(always)]
pub(crate) fn next(context: &Context, core: &Core) -> Option<TaskRef> {
    collect_mail(context, core);
    let shared = &*context.shared;
    if shared.lanes.only_normal() && core.homed.is_empty() {
        if context.pinned.is_empty() {
            return next_normal(context, core);
        }
        if context.pinned.only_normal() {
            return next_normal_or_pinned(context, core);
        }
    }
    core.spill(shared);
    next_mixed(context, core)
}

/// Tasks pinned to this thread and all others take turns at going first. While somebody searches for
/// work the pinned ones go first nearly always: what he can take, such as coroutines that have not begun
/// and would be bound to this thread if they did, is left for him.
#[inline(never)]
fn next_normal_or_pinned(context: &Context, core: &Core) -> Option<TaskRef> {
    let pinned = || context.pinned.pop(TaskPriority::Normal);
    let picks = core.picks.get();
    let leaves_work = picks % FAIRNESS != 1 && context.shared.sleep.somebody_searches();
    if picks % 2 == 0 || leaves_work {
        core.spill(&context.shared);
        pinned().or_else(|| next_normal(context, core))
    } else {
        next_normal(context, core).or_else(|| from_beside(context, core)).or_else(pinned)
    }
}

/// What lies with other workers, for one that its pinned tasks alone keep busy: it never comes to
/// searching. A theft brings no more than a few dozen, so it looks at each of its turns while that pays.
fn from_beside(context: &Context, core: &Core) -> Option<TaskRef> {
    if !core.robs.get() && core.picks.get() % FAIRNESS != 1 {
        return None;
    }
    let lane = TaskPriority::Normal;
    let task = steal::from_others(context, core, lane, steal::Reach::Surplus);
    core.robs.set(task.is_some());
    task
}

#[inline]
fn collect_mail(context: &Context, core: &Core) {
    let inbox = &core.shown.inbox;
    if !inbox.is_empty() {
        while let Some(task) = inbox.take() {
            sort_mail(context, core, task);
        }
    }
    if let Some(slot) = &context.slot {
        if !slot.inbox.is_empty() {
            context.pinned.collect(&slot.inbox);
        }
    }
}

/// What came to this seat stays here if it must; a task that was only meant to begin here may be
/// stolen like any other.
fn sort_mail(context: &Context, core: &Core, task: TaskRef) {
    let word = task.state.load();
    if matches!(task.home(), Home::Seat(_)) {
        core.homed.push(task, word.lane());
    } else {
        core.push(&context.shared, task, word.lane(), Arrival::Woken);
    }
}

#[inline(always)]
fn next_normal(context: &Context, core: &Core) -> Option<TaskRef> {
    if let Some(task) = fair(context, core, TaskPriority::Normal) {
        core.spill(&context.shared);
        return Some(task);
    }
    if core.has_at_hand() {
        if let Some(task) = at_hand(context, core) {
            return Some(task);
        }
    }
    core.end_handing();
    local(core, TaskPriority::Normal)
        .or_else(|| steal::from_global(context, core, TaskPriority::Normal))
}

/// What the last poll has spawned or woken, if it is not the turn of others.
#[inline(always)]
fn at_hand(context: &Context, core: &Core) -> Option<TaskRef> {
    let is_child = !core.nursery.is_empty();
    let in_a_row = core.in_a_row.get();
    let task = core.take_at_hand(&context.shared, in_a_row % IN_A_ROW != IN_A_ROW - 1)?;
    if is_child {
        core.in_a_row.set(in_a_row.wrapping_add(1));
    }
    Some(task)
}

/// The picks that go to what waits elsewhere come early: called when many polls' time has passed since
/// the last of them, so that long polls do not make the others wait for dozens of them.
pub(crate) fn hurry_fairness(core: &Core) {
    for looks in &core.looks {
        looks.set(looks.get() | (HALF_WAY - 1));
    }
}

/// Every now and then, what would otherwise wait for as long as there is newer work.
#[inline(always)]
fn fair(context: &Context, core: &Core, lane: TaskPriority) -> Option<TaskRef> {
    // Counted by lane: with several in use, one might else only ever be looked at in between.
    let looks = &core.looks[lane.index()];
    looks.set(looks.get().wrapping_add(1));
    match looks.get() % FAIRNESS {
        0 => steal::from_global(context, core, lane),
        HALF_WAY => core.shown.stealers.used(lane)?.oldest_child(),
        // What did not fit here must not wait for those that did, which may go on for ever.
        pick if core.overflowing.get() && pick % 2 == 1 => {
            let task = steal::from_global(context, core, lane);
            core.overflowing.set(task.is_some());
            task
        }
        _ => None,
    }
}

/// The worker's own queues of a lane: new children first, then events, then what was woken. After a
/// run of children and events the other two get a turn, each in turn the first choice.
#[inline(always)]
fn local(core: &Core, lane: TaskPriority) -> Option<TaskRef> {
    use Arrival::{Child, Event, Woken};
    let queue = core.queues.used(lane)?;
    let in_a_row = core.in_a_row.get();
    if in_a_row % IN_A_ROW != IN_A_ROW - 1 {
        if let Some(task) = queue.pop(Child).or_else(|| queue.pop(Event)) {
            core.in_a_row.set(in_a_row.wrapping_add(1));
            return Some(task);
        }
        return queue.pop(Woken);
    }
    core.in_a_row.set(in_a_row.wrapping_add(1));
    let order = if (in_a_row / IN_A_ROW) % 2 == 0 { [Event, Woken] } else { [Woken, Event] };
    let [first, second] = order;
    queue.pop(first).or_else(|| queue.pop(second)).or_else(|| queue.pop(Child))
}

#[cold]
fn next_mixed(context: &Context, core: &Core) -> Option<TaskRef> {
    for lane in core.shares.begin_pick() {
        let task = reachable(context, core, lane);
        core.shares.settle(lane);
        if task.is_some() {
            return task;
        }
    }
    for lane in TaskPriority::DESCENDING {
        if let Some(task) = reachable(context, core, lane) {
            core.shares.settle(lane);
            return Some(task);
        }
    }
    None
}

/// A task of this lane from wherever this worker may take one.
fn reachable(context: &Context, core: &Core, lane: TaskPriority) -> Option<TaskRef> {
    // Pinned tasks and the others take turns at going first.
    let homed = || core.homed.pop(lane).or_else(|| context.pinned.pop(lane));
    let homed_first = core.picks.get() % 2 == 0;
    if homed_first {
        if let Some(task) = homed() {
            return Some(task);
        }
    }
    if context.shared.lanes.may_have(lane) {
        let shared = || {
            fair(context, core, lane)
                .or_else(|| local(core, lane))
                .or_else(|| steal::from_global(context, core, lane))
                .or_else(|| steal::from_others(context, core, lane, steal::Reach::Everything))
        };
        if let Some(task) = shared() {
            context.shared.lanes.lower(lane);
            return Some(task);
        }
    }
    if homed_first { None } else { homed() }
}
