//! The runtime as its owner holds it.

use crate::builder::AsyncRuntimeBuilder;
use crate::config::AsyncRuntimeConfig;
use crate::error::RuntimeError;
use crate::handle::Handle;
use crate::stats::RuntimeStats;
use qi_sched::{
    SchedState, Scheduler, ShutdownError, ShutdownReport, TaskBuilder, TaskHandle, TaskPriority,
};
use qi_stackful::CoroutineBuilder;
use std::fmt;
use std::future::Future;
use std::time::Duration;

/// The runtime: worker threads, event queues, timers. Dropping it shuts it down.
///
/// # Examples
/// ```
/// use qi_runtime::{AsyncRuntime, TaskPriority};
/// use std::time::Duration;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
/// let task = runtime.spawn_with_priority(
///     async {
///         qi_runtime::time::sleep(Duration::from_millis(1)).await;
///         "done"
///     },
///     TaskPriority::High,
/// );
/// assert_eq!(runtime.block_on(task.join())?, "done");
/// runtime.shutdown()?;
/// # Ok(()) }
/// ```
pub struct AsyncRuntime {
    scheduler: Scheduler,
    handle: Handle,
    config: AsyncRuntimeConfig,
}

impl AsyncRuntime {
    /// Starts a runtime.
    ///
    /// # Errors
    /// As [`AsyncRuntimeBuilder::build`].
    pub fn new(config: AsyncRuntimeConfig) -> Result<Self, RuntimeError> {
        Self::builder().config(config).build()
    }

    /// All options, with their defaults.
    pub fn builder() -> AsyncRuntimeBuilder {
        AsyncRuntimeBuilder::new()
    }

    pub(crate) fn new_from_parts(scheduler: Scheduler, config: AsyncRuntimeConfig) -> Self {
        let handle = Handle::new(scheduler.handle().clone());
        Self { scheduler, handle, config }
    }

    /// The options that the runtime was made with.
    #[must_use]
    pub fn config(&self) -> &AsyncRuntimeConfig {
        &self.config
    }

    /// A handle to spawn with from anywhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task of Normal priority. After a shutdown began the future is dropped by the
    /// caller, and the handle resolves to Cancelled.
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

    /// Options for one task: name, priority, home worker.
    #[track_caller]
    pub fn task(&self) -> TaskBuilder<'_> {
        self.handle.task()
    }

    /// Makes a future on a worker thread and keeps it there: it need not be `Send`.
    #[track_caller]
    pub fn spawn_pinned<C, F>(&self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn_pinned(make)
    }

    /// Spawns a coroutine: straight-line code on a stack of its own. See
    /// [`coroutine`](crate::coroutine).
    #[track_caller]
    pub fn spawn_coroutine<F, T>(&self, f: F) -> TaskHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.coroutine().spawn(f)
    }

    /// Options for one coroutine: name, priority, size of its stack.
    #[track_caller]
    pub fn coroutine(&self) -> CoroutineBuilder<'_> {
        self.handle.coroutine()
    }

    /// Runs a blocking call on a thread of the elastic pool. Once it has begun it cannot be
    /// cancelled.
    #[track_caller]
    pub fn spawn_blocking<C, T>(&self, call: C) -> TaskHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_blocking(call)
    }

    /// Runs a future on the calling thread until it is ready. Allowed everywhere, also inside a
    /// task: see [`Handle::block_on`].
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Figures of the present moment.
    #[must_use]
    pub fn stats(&self) -> RuntimeStats {
        self.handle.stats()
    }

    /// Whether the runtime runs, shuts down, or has stopped.
    #[must_use]
    pub fn state(&self) -> SchedState {
        self.handle.state()
    }

    /// Stops accepting work, cancels what is left, drops every future exactly once on a worker
    /// (pinned ones on their thread), and joins the threads. Idempotent.
    ///
    /// Called on one of the runtime's own threads it begins the shutdown and returns; the last
    /// thread finishes it.
    ///
    /// # Errors
    /// [`ShutdownError::LeftBehind`], which names what has not ended within the builder's
    /// [`shutdown_timeout`](AsyncRuntimeBuilder::shutdown_timeout).
    pub fn shutdown(&self) -> Result<(), ShutdownError> {
        self.scheduler.shutdown()
    }

    /// Lets tasks finish for at most `deadline`, then shuts down. Meanwhile tasks may still spawn;
    /// other threads may not.
    pub fn shutdown_graceful(&self, deadline: Duration) -> ShutdownReport {
        self.scheduler.shutdown_graceful(deadline)
    }
}

/// For what takes a handle of either layer, such as sets of tasks.
impl AsRef<qi_sched::Handle> for AsyncRuntime {
    fn as_ref(&self) -> &qi_sched::Handle {
        self.scheduler.handle()
    }
}

impl Drop for AsyncRuntime {
    fn drop(&mut self) {
        if let Err(error) = self.shutdown() {
            tracing::warn!(%error, "the runtime was dropped and left something behind");
        }
    }
}

impl fmt::Debug for AsyncRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncRuntime")
            .field("config", &self.config)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
