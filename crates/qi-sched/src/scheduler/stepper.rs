//! Workers without threads: stepped one by one, by a test or by a host's own loop.
#![forbid(unsafe_code)]

use super::handle::Handle;
use super::shared::Shared;
use crate::queue::Arrival;
use crate::worker::{Context, Core, Step, ThreadSlot, run_task, step};
use std::cell::Cell;
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
    /// Bytes of stack for children run in place.
    stack: Cell<usize>,
    /// The end of that stack, as of the outermost call that is under way.
    floor: Cell<usize>,
    /// Calls under way: one inside the other if a task blocks and the driver steps on.
    depth: Cell<u32>,
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

/// What a worker has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Tasks polled, children run in place among them.
    pub polls: u64,
    /// Tasks taken from other workers.
    pub steals: u64,
    /// Children run in place.
    pub in_place: u64,
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
        Self {
            handle: Handle::new(shared),
            workers,
            stack: Cell::new(STACK_FOR_CHILDREN),
            floor: Cell::new(usize::MAX),
            depth: Cell::new(0),
        }
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

    /// Keeps everything on the calling thread: blocking calls wait for
    /// [`run_blocking_call`](Self::run_blocking_call), and a shutdown cancels tasks in the order of their
    /// ids. For runs that are to be repeated.
    pub fn stay_alone(&self) {
        self.handle.shared().be_alone();
    }

    /// Lets children run in place on so many bytes of the calling thread's stack, 64 KiB if not said.
    pub fn allow_stack(&self, bytes: usize) {
        self.stack.set(bytes);
    }

    /// Lets one worker do one thing.
    ///
    /// # Panics
    /// If there is no worker with this number.
    pub fn step(&self, worker: usize) -> StepOutcome {
        let worker = &self.workers[worker];
        let outcome = self.nested(|| {
            worker.set_stack_floor(self.floor.get());
            worker.enter(|| step(worker))
        });
        match outcome {
            Step::Worked => StepOutcome::Worked,
            Step::WouldPark => StepOutcome::WouldPark,
            Step::Leave => StepOutcome::Left,
        }
    }

    /// Runs `code` as what happens while a worker collects events: what it wakes is queued there.
    ///
    /// # Panics
    /// If there is no worker with this number.
    pub fn collect<R>(&self, worker: usize, code: impl FnOnce() -> R) -> R {
        let worker = &self.workers[worker];
        worker.enter(|| worker.with_arrival(Arrival::Event, code))
    }

    /// Blocking calls that wait to be run, if everything [stays](Self::stay_alone) on this thread.
    #[must_use]
    pub fn blocking_calls(&self) -> usize {
        self.handle.shared().blocking.waiting()
    }

    /// Runs the blocking call at this place of the queue, to its end; `false` if there is none.
    pub fn run_blocking_call(&self, index: usize) -> bool {
        let shared = self.handle.shared();
        let Some(call) = shared.blocking.take(index) else { return false };
        // As on a thread of its own.
        let context = Context::new(shared.clone(), None);
        self.nested(|| context.enter_apart(|| run_task(&context, call)));
        true
    }

    /// What a worker has done so far.
    ///
    /// # Panics
    /// If there is no worker with this number.
    #[must_use]
    pub fn tally(&self, worker: usize) -> Tally {
        let counters = &self.handle.shared().seats[worker].counters;
        Tally {
            polls: counters.tasks.claimed.get(),
            steals: counters.steals.get(),
            in_place: counters.in_place.get(),
        }
    }

    /// Tasks that are runnable now, and are not being run.
    #[must_use]
    pub fn runnable(&self) -> u64 {
        self.handle.shared().runnable()
    }

    /// Begins the shutdown: workers that are stepped cancel everything, and leave.
    pub fn close(&self) {
        self.handle.shared().close();
    }

    /// Cancels everything and steps until no task is left.
    pub fn shutdown(self) {
        drop(self);
    }

    /// Runs `code` on top of the calling thread's stack, whose allowance is that of the outermost call.
    fn nested<R>(&self, code: impl FnOnce() -> R) -> R {
        if self.depth.get() == 0 {
            let here = 0_u8;
            self.floor.set((&raw const here).addr().saturating_sub(self.stack.get()));
        }
        self.depth.set(self.depth.get() + 1);
        let _up = Up(&self.depth);
        code()
    }
}

/// A call ends, also by a panic of the driver.
struct Up<'a>(&'a Cell<u32>);

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
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
