//! Work of others: the global queue, and the queues of other workers.
//!
//! # The lone task
//! A worker's only task is left to it, because it comes to it sooner than a thief could: else a
//! chain of tasks that wake each other would hop from worker to worker (Tokio 7431 measured 30 %
//! for that, and gave stealing up; 4941 is the price of giving it up). It is taken all the same
//! when the worker does not move: the monitor marks such a worker.
#![forbid(unsafe_code)]

use super::context::Context;
use super::core::{Core, Seat};
use crate::priority::TaskPriority;
use crate::queue::Arrival;
use crate::scheduler::Shared;
use crate::task::TaskRef;
use std::sync::atomic::Ordering::Relaxed;

/// What a thief takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// What its owner will not come to at once.
    Surplus,
    /// Anything: the thief would otherwise run something less urgent.
    Everything,
}

/// Looks through all lanes of the global queue and of all workers, the most urgent first.
pub(crate) fn search(context: &Context, core: &Core) -> Option<TaskRef> {
    let lanes = &context.shared.lanes;
    TaskPriority::DESCENDING.into_iter().filter(|lane| lanes.may_have(*lane)).find_map(|lane| {
        let task = from_global(context, core, lane)
            .or_else(|| from_others(context, core, lane, Reach::Surplus))?;
        lanes.lower(lane);
        Some(task)
    })
}

/// Takes from the global queue of a lane. Of its two parts each in turn is the first choice.
pub(crate) fn from_global(context: &Context, core: &Core, lane: TaskPriority) -> Option<TaskRef> {
    let shared = &*context.shared;
    if lane != TaskPriority::Normal || shared.backlogs.is_empty() {
        return from_injector(shared, core, lane);
    }
    let turn = core.desk_turns.get();
    core.desk_turns.set(turn.wrapping_add(1));
    if turn % 2 == 0 {
        from_desks(shared, core, turn / 2).or_else(|| from_injector(shared, core, lane))
    } else {
        from_injector(shared, core, lane).or_else(|| from_desks(shared, core, turn / 2))
    }
}

fn from_injector(shared: &Shared, core: &Core, lane: TaskPriority) -> Option<TaskRef> {
    let injector = &shared.injectors[lane.index()];
    if injector.is_empty() {
        return None;
    }
    core.queues.lane(lane, &core.shown.stealers).take_from(injector, shared.config.queue_capacity)
}

fn from_desks(shared: &Shared, core: &Core, first: usize) -> Option<TaskRef> {
    let own = core.queues.lane(TaskPriority::Normal, &core.shown.stealers);
    let limit = own.room(shared.config.queue_capacity);
    shared.backlogs.take(first, limit, |task| own.push(task, Arrival::Woken))
}

/// Steals from the other workers, beginning with a random one.
pub(crate) fn from_others(
    context: &Context,
    core: &Core,
    lane: TaskPriority,
    reach: Reach,
) -> Option<TaskRef> {
    let shared = &*context.shared;
    if !shared.config.work_stealing {
        return None;
    }
    let seats = &shared.seats;
    let start = core.rng.below(seats.len());
    let task = (0..seats.len())
        .map(|offset| (start + offset) % seats.len())
        .filter(|&victim| victim != core.seat)
        .filter(|&victim| may_rob(&seats[victim], lane, reach))
        .find_map(|victim| {
            let own = core.queues.lane(lane, &core.shown.stealers);
            seats[victim].stealers.used(lane)?.steal_into(own, shared.config.queue_capacity)
        })?;
    core.counters.steals.add(1);
    Some(task)
}

/// Whether a thief may take from this worker's lane.
fn may_rob(victim: &Seat, lane: TaskPriority, reach: Reach) -> bool {
    match victim.stealers.lane_len(lane) {
        0 => false,
        1 => {
            reach == Reach::Everything
                || lane.is_urgent()
                || victim.cradles.has_handoff()
                || is_stuck(victim)
        }
        _ => true,
    }
}

/// Whether the worker has been inside one poll since the monitor marked it.
fn is_stuck(seat: &Seat) -> bool {
    // Relaxed: a mark that is seen late costs a tick of the monitor.
    seat.stuck_at.load(Relaxed) == seat.heartbeat.load(Relaxed)
}

/// Whether a search by the worker of `seat` would find something: what the last searcher checks
/// after it announced its sleep.
pub(crate) fn visible_work(shared: &Shared, seat: usize) -> bool {
    if !shared.nothing_global() {
        return true;
    }
    if !shared.config.work_stealing {
        return false;
    }
    let mut others = shared.seats.iter().enumerate().filter(|(other, _)| *other != seat);
    others.any(|(_, victim)| {
        TaskPriority::DESCENDING.into_iter().any(|lane| may_rob(victim, lane, Reach::Surplus))
    })
}
