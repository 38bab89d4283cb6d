//! The worker: a value that steps.
//!
//! [`step`] runs one task, or says that the worker would park. A thread is one driver of it
//! ([`thread`]); a test that steps several workers in turn with a seed and a clock of its own is
//! another ([`crate::Stepper`]).
//!
//! ```text
//! step: shutting down? ─► duties (clock, timers, events) ─► pick ─► run ─► Worked
//!                                                             │ nothing
//!                                                 search the global queue and others' ─► run
//!                                                             │ nothing
//!                                              announce sleep, look once more ─► WouldPark
//! ```

pub(crate) mod chance;
pub(crate) mod context;
pub(crate) mod core;
pub(crate) mod counters;
pub(crate) mod duty;
pub(crate) mod glance;
pub(crate) mod in_place;
mod pick;
mod place;
mod run;
pub(crate) mod slot;
mod spare;
pub(crate) mod spin;
mod steal;
pub(crate) mod thread;

pub(crate) use self::context::Context;
#[cfg(all(test, loom))]
pub(crate) use self::place::Place;
pub(crate) use self::run::{cancel as cancel_task, run as run_task};
pub(crate) use self::slot::ThreadSlot;
#[cfg(all(test, loom))]
pub(crate) use self::spare::Offer;
pub(crate) use self::spare::Spare;

pub(crate) use self::core::{Core, Seat};
use crate::sleep::{Announced, Roused};
use crate::task::TaskRef;
use std::sync::atomic::Ordering::Relaxed;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A task was run, or other work done.
    Worked,
    /// There is nothing to do: the caller parks on the seat's driver.
    WouldPark,
    /// The scheduler shuts down and this worker has nothing left to do: the caller leaves.
    Leave,
}

/// Does one thing. The context sits on a seat and is the thread's current one.
pub(crate) fn step(context: &Context) -> Step {
    let Some(core) = context.core() else { return Step::Leave };
    if core.asleep.get() {
        wake_up(context, core);
    }
    let pick = core.picks.get() + 1;
    core.picks.set(pick);
    // Relaxed: the heartbeat says only that the worker moves.
    core.shown.heartbeat.store(pick, Relaxed);
    if pick >= core.duty.next.get() {
        // Wakers run inside, which may take long. (I29)
        core.spill(&context.shared);
        duty::perform(context);
    }
    if context.shared.is_closing() && take_part_in_closing(context) {
        return Step::Leave;
    }
    // Wakers and log subscribers have run: the seat may have been handed over meanwhile.
    let Some(core) = context.core() else { return Step::Worked };
    let Some(task) = pick::next(context, core).or_else(|| search(context, core)) else {
        return out_of_work(context);
    };
    found_work(context, core);
    run::run(context, task);
    Step::Worked
}

/// `true`: the worker leaves.
#[cold]
fn take_part_in_closing(context: &Context) -> bool {
    if let Some(core) = context.core() {
        core.spill(&context.shared);
    }
    context.shared.take_part_in_closing(context)
}

/// Looks at the global queue and at those of others, if this worker may be the one who searches.
#[cold]
fn search(context: &Context, core: &Core) -> Option<TaskRef> {
    // The clock is looked at again at the next step.
    core.duty.next.set(0);
    if core.searching.get() || context.shared.sleep.try_search() {
        core.searching.set(true);
        return steal::search(context, core);
    }
    None
}

/// Waits a little for work, or falls asleep. Wakers run inside, so no borrow of the seat is taken in.
fn out_of_work(context: &Context) -> Step {
    let Some(core) = context.core() else { return Step::Worked };
    if core.searching.get() && (spin::wait(context, core) || duty::turn_others(context, core.seat))
    {
        return Step::Worked;
    }
    // Wakers may have run.
    let Some(core) = context.core() else { return Step::Worked };
    if glance::look(context, core) {
        return Step::Worked;
    }
    fall_asleep(context)
}

/// Sleeps until there is something to do: what follows a step that says so. An extra worker,
/// started while all others were stuck, has done its part and gives its seat back instead.
pub(crate) fn park(context: &Context) {
    match context.core().map(|core| core.seat) {
        Some(seat) if context.shared.is_extra(seat) => context.shared.return_extra_seat(context),
        Some(seat) => context.turn(|driver| driver.park(seat)),
        None => {}
    }
}

/// Gives the searcher's role up; if nobody else has it and work is left, passes it on.
fn found_work(context: &Context, core: &Core) {
    if !core.watched.get() {
        call_monitor(context, core);
    }
    if core.searching.take()
        && context.shared.sleep.stop_searching()
        && (core.queues.len() > 0 || steal::visible_work(&context.shared, core.seat))
    {
        context.shared.notify();
    }
}

fn fall_asleep(context: &Context) -> Step {
    let Some(core) = context.core() else { return Step::Worked };
    let searching = core.searching.take();
    let work_left = || steal::visible_work(&context.shared, core.seat);
    let announced = context.shared.sleep.fall_asleep(core.seat, searching, work_left);
    core.asleep.set(true);
    if announced == Announced::WorkLeft {
        wake_up(context, core);
        return Step::Worked;
    }
    context.shared.leave_if_idle();
    core.counters.parks.add(1);
    let now = context.shared.clock.now();
    duty::before_sleep(core, now);
    core.patience.sleeps(now);
    if context.shared.look_idle() {
        // Wakers have run: the seat may be another one, and has work.
        if let Some(core) = context.core() {
            wake_up(context, core);
        }
        return Step::Worked;
    }
    Step::WouldPark
}

/// A worker that has kept its seat in a block goes on with the poll that blocked: it is awake, whatever it
/// came to while it stepped. Else it would be taken for a sleeper, be woken for work that it does not come
/// to, and keep the role of the searcher from others for as long as that poll lasts.
pub(crate) fn be_awake(context: &Context) {
    if let Some(core) = context.core() {
        if core.asleep.get() {
            wake_up(context, core);
        }
    }
}

fn wake_up(context: &Context, core: &Core) {
    core.asleep.set(false);
    if context.shared.sleep.rouse(core.seat) == Roused::Notified {
        // Without the role's mark nobody gives it up, and nobody is woken for work any more.
        core.searching.set(!cfg!(qi_mutant = "role_is_never_given_up"));
        core.patience.was_woken(context.shared.clock.now());
    } else {
        core.searching.set(false);
    }
    core.duty.next.set(0);
    let recalled = &core.shown.recalled;
    // Relaxed: what goes back does so under the depot's lock.
    if recalled.load(Relaxed) {
        context.shared.pool.flush(&core.magazine);
        core.clear_store();
        recalled.store(false, Relaxed);
    }
    call_monitor(context, core);
}

/// From now on somebody watches whether this worker moves: called before it runs a task for the
/// first time, and whenever it wakes up, because the monitor may have fallen asleep meanwhile.
fn call_monitor(context: &Context, core: &Core) {
    core.watched.set(true);
    if !context.shared.is_closing() {
        context.shared.monitor.rouse(&context.shared);
    }
}
