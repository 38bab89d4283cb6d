//! A simulation as its owner holds it.
#![forbid(unsafe_code)]

use super::error::SimulationError;
use super::net::Network;
use super::trace::{Event, Trace};
use super::world::{self, World};
use crate::handle::Handle;
use crate::stats::RuntimeStats;
use qi_sched::SchedState;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

/// A runtime on one thread, with a seed, a clock of its own and a network in memory. See the
/// [module](super).
pub struct Simulation {
    /// There until it is finished.
    world: Option<Rc<World>>,
    handle: Handle,
}

/// What a simulation came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SimulationReport {
    /// What happened.
    pub trace: Trace,
    /// The runtime's figures at the end.
    pub stats: RuntimeStats,
    /// Steps made.
    pub steps: u64,
    /// Time that passed on the simulation's clock.
    pub elapsed: Duration,
}

impl Simulation {
    pub(super) fn new(world: Rc<World>) -> Self {
        let handle = Handle::new(world.stepper().handle().clone());
        Self { world: Some(world), handle }
    }

    fn world(&self) -> &Rc<World> {
        self.world.as_ref().expect("only finish takes it")
    }

    /// Runs `future` to its end, as [`AsyncRuntime::block_on`](crate::AsyncRuntime::block_on) would.
    ///
    /// # Panics
    /// If the simulation cannot go on, with the message of the [`SimulationError`].
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        match self.try_run(future) {
            Ok(output) => output,
            Err(error) => panic!("{error}\n{}", self.trace()),
        }
    }

    /// Runs `future` to its end.
    ///
    /// # Errors
    /// Why the simulation cannot go on; the future is dropped.
    pub fn try_run<F: Future>(&self, future: F) -> Result<F::Output, SimulationError> {
        let run = || world::enter(self.world(), || self.handle.block_on(future));
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(output) => self.world().fault().map_or(Ok(output), Err),
            Err(payload) => match payload.downcast::<SimulationError>() {
                Ok(error) => Err(*error),
                Err(payload) => resume_unwind(payload),
            },
        }
    }

    /// To spawn with.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The seed that it was made with.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.world().seed()
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        self.world().network()
    }

    /// Time that has passed on its clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.world().elapsed()
    }

    /// What has happened so far.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.world().trace()
    }

    /// Shuts the runtime down, step by step as it ran, and looks whether the books balance: every task
    /// ended and forgotten, every timer fired or dropped.
    ///
    /// # Errors
    /// [`SimulationError`] if the shutdown does not come to its end, or something does not add up.
    pub fn finish(mut self) -> Result<SimulationReport, SimulationError> {
        let (trace, steps, elapsed) = self.end()?;
        let stats = self.handle.stats();
        balance(trace.seed(), &self.handle, &stats)?;
        Ok(SimulationReport { trace, stats, steps, elapsed })
    }

    /// Shuts down. What cannot be shut down is kept for ever: its futures may be dropped by nobody else.
    fn end(&mut self) -> Result<(Trace, u64, Duration), SimulationError> {
        let world = self.world.take().expect("only finish takes it");
        match guarded(&world, || world.close()) {
            Ok(()) => {
                let figures = (world.trace(), world.steps(), world.elapsed());
                drop(world);
                Ok(figures)
            }
            Err(error) => {
                std::mem::forget(world);
                Err(error)
            }
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        if self.world.is_some() {
            if let Err(error) = self.end() {
                tracing::warn!(%error, "the simulation was dropped, and could not be shut down");
            }
        }
    }
}

fn guarded(
    world: &Rc<World>,
    code: impl FnOnce() -> Result<(), SimulationError>,
) -> Result<(), SimulationError> {
    let unwound = |payload: Box<dyn Any + Send>| match payload.downcast::<SimulationError>() {
        Ok(error) => Err(*error),
        Err(payload) => resume_unwind(payload),
    };
    catch_unwind(AssertUnwindSafe(|| world::enter(world, code))).unwrap_or_else(unwound)
}

/// Whether everything that was begun has ended. (I77)
fn balance(seed: u64, handle: &Handle, stats: &RuntimeStats) -> Result<(), SimulationError> {
    let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
    let checks = [
        (handle.state() == SchedState::Stopped, "the runtime has not stopped"),
        (stats.spawned_tasks == ended, "tasks spawned are not tasks ended"),
        (stats.active_tasks == 0, "tasks are active after the end"),
        (stats.queued_tasks == 0, "tasks are queued after the end"),
        (stats.tasks().is_empty(), "tasks live after the end"),
        (stats.timers() == 0, "timers are set after the end"),
    ];
    match checks.into_iter().find(|(holds, _)| !holds) {
        None => Ok(()),
        Some((_, what)) => {
            Err(SimulationError::Unbalanced { seed, what: format!("{what}: {stats:?}") })
        }
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed())
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}

/// A number below `bound` from the seed of the simulation that this thread runs; zero if `bound` is.
/// `None` outside of simulations.
#[must_use]
pub fn random_below(bound: u64) -> Option<u64> {
    world::current().map(|world| world.program_below(bound))
}

/// Puts a line of the program's own into the trace; outside of simulations it does nothing.
pub fn note(text: impl Into<String>) {
    if let Some(world) = world::current() {
        world.note(Event::Note(text.into()));
    }
}
