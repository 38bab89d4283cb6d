//! The scheduler as its owner holds it.

mod block_on;
mod builder;
mod call;
mod closing;
mod covered;
mod handle;
mod idle;
mod seating;
mod shared;
mod spawn;
mod spawn_stackful;
mod stepper;
mod task_builder;

pub use block_on::block_in_place;
pub use builder::SchedulerBuilder;
pub(crate) use closing::Finish;
pub use closing::ShutdownReport;
pub(crate) use covered::{Blocks, Covered};
pub use handle::Handle;
pub(crate) use seating::Owner;
pub(crate) use shared::Shared;
pub(crate) use spawn::spawn_plain;
pub(crate) use spawn_stackful::spawn_stackful_here;
pub use stepper::{StepOutcome, Stepper, Tally};
pub use task_builder::TaskBuilder;

use crate::TaskPriority;
use crate::error::ShutdownError;
use crate::stats::SchedStats;
use crate::task::TaskHandle;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Owns the worker threads. Dropping it shuts the scheduler down.
///
/// # Examples
/// ```
/// use qi_sched::{Scheduler, TaskPriority};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = Scheduler::builder().worker_threads(2).build()?;
/// let urgent = scheduler.spawn_with_priority(async { 1 }, TaskPriority::High);
/// assert_eq!(scheduler.block_on(urgent)?, 1);
/// scheduler.shutdown()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Scheduler {
    handle: Handle,
}

impl Scheduler {
    /// Options with their defaults.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::new()
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { handle: Handle::new(shared) }
    }

    /// A handle to spawn with, which does not keep the threads.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task of Normal priority.
    ///
    /// After a shutdown began the future is dropped by the caller, and the handle resolves to
    /// Cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn_with_priority<F>(&self, future: F, priority: TaskPriority) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn_with_priority(future, priority)
    }

    /// Runs a future on the calling thread until it is ready; see [`Handle::block_on`].
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Figures of the present moment.
    #[must_use]
    pub fn stats(&self) -> SchedStats {
        self.handle.stats()
    }

    /// Stops accepting work, cancels what is left, drops every future on a worker, and joins the
    /// threads. Idempotent. From one of the scheduler's own threads it begins the shutdown and
    /// returns; the last thread finishes it.
    ///
    /// # Errors
    /// [`ShutdownError::LeftBehind`] if something has not ended within the `shutdown_timeout`.
    pub fn shutdown(&self) -> Result<(), ShutdownError> {
        let shared = self.handle.shared();
        shared.shut_down(shared.config.shutdown_timeout)
    }

    /// Lets tasks finish for at most `deadline`, then shuts down. Meanwhile tasks may still spawn;
    /// other threads may not.
    pub fn shutdown_graceful(&self, deadline: Duration) -> ShutdownReport {
        self.handle.shared().shut_down_gracefully(deadline)
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if let Err(error) = self.shutdown() {
            tracing::warn!(%error, "the scheduler was dropped and left something behind");
        }
    }
}
