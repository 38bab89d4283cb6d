//! Worker threads: the driver of [`step`](super::step) in production.
//!
//! A thread begins with a seat, or as a substitute with a seat that somebody hands over. It may
//! lose the seat inside a task (a nested `block_on` gives it away); then it goes on without: it
//! runs the tasks pinned to it, and is spare otherwise. A spare thread takes the next seat that is
//! handed over, or ends after a while.
#![forbid(unsafe_code)]

use super::core::Core;
use super::slot::ThreadSlot;
use super::{Context, Step, step};
use crate::scheduler::Shared;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A spare thread waits so long for another seat. Long enough to serve a phase of blocking calls,
/// short enough to be gone within a quiet second.
const SPARE_FOR: Duration = Duration::from_millis(750);

/// Of a thread's stack this much is kept free of in-place runs: the deepest poll needs room, too.
const STACK_RESERVE: usize = 256 * 1024;

/// Starts a thread that begins on the seat of `core`. On failure the core comes back.
pub(crate) fn start(
    shared: &Arc<Shared>,
    core: Box<Core>,
    name: String,
) -> Result<(), (io::Error, Box<Core>)> {
    // The core travels in a place that survives a failed start.
    let parcel = Arc::new(Mutex::new(Some(core)));
    let open = |parcel: &Mutex<Option<Box<Core>>>| {
        parcel.lock().unwrap_or_else(PoisonError::into_inner).take()
    };
    let (thread_parcel, thread_shared) = (parcel.clone(), shared.clone());
    let started = shared.start_thread(name, move || {
        if let Some(core) = open(&thread_parcel) {
            work_from(&thread_shared, core);
        }
    });
    started.map_err(|error| {
        (error, open(&parcel).expect("the thread that would have taken it was not started"))
    })
}

fn work_from(shared: &Arc<Shared>, core: Box<Core>) {
    let slot = Arc::new(ThreadSlot::new());
    let worker = Context::new(shared.clone(), Some(slot.clone()));
    worker.allow_stack_below_here(shared.config.thread_stack_size.saturating_sub(STACK_RESERVE));
    shared.watch_worker(&slot);
    worker.enter(|| {
        worker.sit(core);
        work(&worker);
        if let Some(core) = worker.stand_up() {
            shared.retire(core);
        }
        slot.close();
    });
    shared.forget_worker(&slot);
}

fn work(worker: &Context) {
    loop {
        if worker.core().is_some() {
            match step(worker) {
                Step::Worked => {}
                Step::WouldPark => super::park(worker),
                Step::Leave => return,
            }
        } else if !without_seat(worker) {
            return;
        }
    }
}

/// Runs pinned tasks, waits for a seat. `false`: the thread is to end.
fn without_seat(worker: &Context) -> bool {
    let Some(slot) = &worker.slot else { return false };
    if let Some(core) = slot.offer.take() {
        worker.sit(core);
        return true;
    }
    if run_pinned(worker) {
        return true;
    }
    let shared = &worker.shared;
    if worker.pinned_live.get() > 0 {
        // Its tasks keep it: it may still take a seat meanwhile.
        shared.threads.spare.join(slot);
        slot.park(shared);
        shared.threads.spare.withdraw(slot);
        return true;
    }
    shared.threads.spare.join(slot);
    // Looked at while on the list: whoever closes after that finds this thread there and wakes it.
    let woken = !shared.is_closing() && slot.park_for(SPARE_FOR, shared);
    let withdrawn = shared.threads.spare.withdraw(slot);
    // Not on the list any more: somebody has made, or is about to make, an offer.
    woken || !withdrawn
}

/// Runs one task pinned to this thread; `false` if there is none.
pub(crate) fn run_pinned(worker: &Context) -> bool {
    let Some(slot) = &worker.slot else { return false };
    worker.pinned.collect(&slot.inbox);
    let next = crate::TaskPriority::DESCENDING.into_iter().find_map(|lane| worker.pinned.pop(lane));
    next.map(|task| super::run_task(worker, task)).is_some()
}

/// Gives the seat to another thread, because this one is about to block. `false`: the system
/// refuses a thread (or there is no seat); the caller keeps its seat and must step it itself.
pub(crate) fn hand_over(worker: &Context) -> bool {
    let Some(core) = worker.core() else { return worker.slot.is_some() };
    if worker.is_stepped() {
        // Stepped by hand, not by a thread of ours: there is nobody to hand over to.
        return false;
    }
    // What runs on goes on without the seat, and is no stall of it.
    let current = worker.replace_current(0);
    // As a searcher it would hold the role up.
    if core.searching.take() && worker.shared.sleep.stop_searching() {
        worker.shared.notify();
    }
    let Some(core) = worker.stand_up() else { return false };
    match worker.shared.seat_someone(core) {
        Ok(()) => true,
        Err((error, core)) => {
            tracing::warn!(%error, "no thread for a seat: the blocked one steps it itself");
            worker.sit(core);
            // The seat is stuck after all, and the monitor is to see it.
            worker.replace_current(current);
            false
        }
    }
}
