//! Workers without threads: stepped one by one, by a test or by a host's own loop.
#![forbid(unsafe_code)]

use super::handle::Handle;
use super::shared::Shared;
use crate::worker::{Context, Core, Step, ThreadSlot, step};
use std::sync::Arc;

/// Bytes of the stepping thread's stack that children run in place may use: little enough for any
/// thread, whose stack's size is not known here.
const STACK_FOR_CHILDREN: usize = 64 * 1024;

/// Several workers on the calling thread.
///
/// With a seed, a clock and a driver that are handed in, the same sequence of calls gives the same
/// run: this is the production worker, only the thread around it is missing.
///
/// # Examples
/// ```
/// use qi_sched::{Scheduler, StepOutcome};
/// let stepper = Scheduler::builder().worker_threads(2).seed(7).build_stepper().unwrap();
/// let task = stepper.handle().spawn(async { 1 + 1 });
/// while stepper.step(0) == StepOutcome::Worked || stepper.step(1) == StepOutcome::Worked {}
/// assert!(task.is_finished());
/// ```
pub struct Stepper {
    handle: Handle,
    workers: Vec<Context>,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// A task was polled, or other work done.
    Worked,
    /// The worker would sleep until it is woken. Stepping it again does no harm.
    WouldPark,
    /// The scheduler shuts down, and the worker has nothing left.
    Left,
}

impl Stepper {
    pub(super) fn new(shared: Arc<Shared>, cores: Vec<Box<Core>>) -> Self {
        let workers = cores
            .into_iter()
            .map(|core| {
                let context = Context::stepped(shared.clone(), Arc::new(ThreadSlot::new()));
                context.sit(core);
                context
            })
            .collect();
        // The calling thread is the one that has to come last.
        shared.threads.began();
        shared.threads.set_residents(1);
        // A thread that watches real time would make runs differ.
        shared.monitor.forgo();
        Self { handle: Handle::new(shared), workers }
    }

    /// To spawn with.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Lets one worker do one thing.
    ///
    /// # Panics
    /// If there is no worker with this number.
    pub fn step(&self, worker: usize) -> StepOutcome {
        let worker = &self.workers[worker];
        worker.allow_stack_below_here(STACK_FOR_CHILDREN);
        match worker.enter(|| step(worker)) {
            Step::Worked => StepOutcome::Worked,
            Step::WouldPark => StepOutcome::WouldPark,
            Step::Leave => StepOutcome::Left,
        }
    }

    /// Cancels everything and steps until no task is left.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        let shared = self.handle.shared();
        shared.close();
        let mut present: Vec<usize> = (0..self.workers.len()).collect();
        while !present.is_empty() {
            present.retain(|worker| self.step(*worker) != StepOutcome::Left);
            // What is left may be a blocking call on another thread.
            std::thread::yield_now();
        }
        for worker in &self.workers {
            if let Some(core) = worker.stand_up() {
                shared.retire(core);
            }
            if let Some(slot) = &worker.slot {
                slot.close();
            }
        }
        if shared.threads.ended() {
            shared.sweep();
        }
    }
}

impl std::fmt::Debug for Stepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepper").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}
