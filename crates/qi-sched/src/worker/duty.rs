//! What a worker owes besides running tasks: looking at the clock, firing timers, collecting
//! events, and saying how long polls take.
//!
//! # How often
//! Reading the clock costs as much as running a small task. So it is read after every poll while
//! polls are long, and after every [`MAX_INTERVAL`] polls while they are short: the interval
//! follows the average. A single long poll among short ones is noticed at the next reading, which
//! is a few short polls later. Timers are thus looked at after long polls, not every so many
//! polls; and events at least every [`TURN_EVERY`]. Each reading is also a look at the timers of one
//! other worker, which may be inside a long poll or waiting for a processor: the monitor, a thread
//! that has to wait for a processor itself, is not the only one to notice.
#![forbid(unsafe_code)]

use super::context::Context;
use super::core::Core;
use crate::priority::TaskPriority;
use crate::scheduler::Shared;
use std::time::{Duration, Instant};

/// Picks between two readings of the clock while polls are short.
pub(crate) const MAX_INTERVAL: u64 = 16;

/// Polls longer than this on average are timed one by one: the reading is then small beside them.
const LONG_NS: u64 = 2_000;

/// A busy worker collects events this often: a system call of half a microsecond, so half a
/// percent of its time.
const TURN_EVERY: Duration = Duration::from_micros(100);

/// What waits in the global queue is looked at after so long, also if few polls were made meanwhile: a
/// task that a thread outside has woken would else wait for dozens of long polls.
const FAIR_EVERY: Duration = Duration::from_micros(200);

/// But not more often than every so many polls, so that the worker's own queue has its turns too.
const FAIR_APART: u64 = 2;

/// A timer that is so late is fired by another worker that passes by: about as long as a poll may last
/// among many without a thought. Much less, and workers would take each other's timers all the time.
const NEGLECTED: Duration = Duration::from_micros(50);

/// Reads the clock and does what is due. Called at the beginning of a step. Wakers run inside, so
/// afterwards the caller looks for its seat anew, and no borrow of it is taken in.
#[cold]
pub(crate) fn perform(context: &Context) {
    let Some(core) = context.core() else { return };
    let shared = &*context.shared;
    let duty = &core.duty;
    let seat = core.seat;
    let now = shared.clock.now();
    let pick = core.picks.get();
    account(core, now, pick);
    duty.last_pick.set(pick);
    duty.last_time.set(now);
    duty.ticks.set(shared.ticks(now));
    duty.next.set(pick + duty.interval.get());
    if now.saturating_duration_since(duty.last_fair.get()) >= FAIR_EVERY
        && pick - duty.fair_pick.get() >= FAIR_APART
        && !shared.nothing_global()
    {
        duty.last_fair.set(now);
        duty.fair_pick.set(pick);
        super::pick::hurry_fairness(core);
    }
    let events_due = !shared.is_extra(seat)
        && shared.driver.has_sources(seat)
        && now.saturating_duration_since(duty.last_turn.get()) >= TURN_EVERY;
    if duty.is_worth_help(core.queues.len()) {
        shared.notify();
    }
    let neglected = neglected(shared, core, now);
    if events_due || shared.next_deadline(seat).is_some_and(|due| due <= now) {
        duty.last_turn.set(now);
        context.turn(|driver| driver.try_turn(seat));
    }
    if let Some(other) = neglected {
        context.turn(|driver| driver.try_turn(other));
    }
}

/// The seat of another worker, if it does not come to a timer of its own: its thread is inside a long
/// poll, or waits for a processor. One seat is looked at each time, in turns.
fn neglected(shared: &Shared, core: &Core, now: Instant) -> Option<usize> {
    let beside = &core.duty.beside;
    let next = beside.get() + 1;
    let other = if next < shared.config.worker_threads { next } else { 0 };
    beside.set(other);
    let overdue =
        |due| now.checked_duration_since(due).is_some_and(|lateness| lateness >= NEGLECTED);
    (other != core.seat && shared.driver.next_deadline(other).is_some_and(overdue)).then_some(other)
}

/// The last reading before a sleep: the polls since the one before would go unnoticed otherwise.
pub(crate) fn before_sleep(core: &Core, now: Instant) {
    account(core, now, core.picks.get());
    core.duty.slept.set(true);
}

/// Notes the longest poll, and adapts the interval, unless the worker has slept since the last
/// reading.
fn account(core: &Core, now: Instant, pick: u64) {
    let duty = &core.duty;
    let picks = pick - duty.last_pick.get();
    if duty.slept.replace(false) || picks == 0 {
        return;
    }
    let elapsed = now.saturating_duration_since(duty.last_time.get());
    let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
    let average = nanoseconds / picks;
    if picks == 1 || average > LONG_NS {
        // For several picks together this is an upper bound, close because the others were short.
        core.counters.longest_poll_ns.at_least(nanoseconds);
    }
    // Children run in place count here: a backlog of them is worth what they take each.
    let polls = core.counters.tasks.claimed.get();
    let polled = polls.wrapping_sub(duty.last_claimed.replace(polls)).max(1);
    duty.note_polls(nanoseconds / polled);
    let interval = if average > LONG_NS { 1 } else { (duty.interval.get() * 2).min(MAX_INTERVAL) };
    duty.interval.set(interval);
}

/// Whether a task that goes on keeps nobody waiting: no other task is queued here or globally, and
/// the driver was looked at lately and has nothing due. New children of the task itself do not
/// count: it is them that it goes on with.
#[cold]
pub(crate) fn nobody_waits(context: &Context, core: &Core) -> bool {
    let shared = &*context.shared;
    let queued = TaskPriority::DESCENDING
        .into_iter()
        .any(|lane| core.queues.used(lane).is_some_and(|queue| queue.has_others()))
        || !shared.nothing_global()
        || !core.handoff.is_empty()
        || !core.homed.is_empty()
        || !context.pinned.is_empty();
    if queued {
        return false;
    }
    let now = shared.clock.now();
    let last_look = core.duty.last_time.get().max(core.duty.last_turn.get());
    now.saturating_duration_since(last_look) < TURN_EVERY
        && shared.next_deadline(core.seat).is_none_or(|due| due > now)
}

/// Before it sleeps, a searching worker fires what is due on the seats of workers that are busy.
/// `true` if something was woken. Wakers run inside, as in [`perform`].
pub(crate) fn turn_others(context: &Context, seat: usize) -> bool {
    let shared = &*context.shared;
    let now = shared.clock.now();
    let mut woke = false;
    for other in (0..shared.config.worker_threads).filter(|other| *other != seat) {
        if shared.driver.next_deadline(other).is_some_and(|due| due <= now) {
            woke |= context.turn(|driver| driver.try_turn(other)) == Some(true);
        }
    }
    woke
}
