//! A handle to a runtime: to spawn with from anywhere.

use crate::driver::ReactorDriver;
use crate::stats::RuntimeStats;
use crate::time::Instant;
use qi_sched::{NoRuntimeError, SchedState, TaskBuilder, TaskHandle, TaskPriority};
use qi_stackful::CoroutineBuilder;
use std::future::Future;
use std::time::Instant as StdInstant;

/// Refers to a runtime without keeping it. Cheap to clone.
///
/// # Examples
/// ```
/// use qi_runtime::{AsyncRuntime, Handle};
/// let runtime = AsyncRuntime::builder().worker_threads(1).build()?;
/// let handle = runtime.handle().clone();
/// let from_a_thread = std::thread::spawn(move || handle.block_on(handle.spawn(async { 7 })));
/// assert_eq!(from_a_thread.join().unwrap().unwrap(), 7);
/// assert!(Handle::try_current().is_err(), "no runtime on this thread");
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    scheduler: qi_sched::Handle,
}

impl Handle {
    pub(crate) fn new(scheduler: qi_sched::Handle) -> Self {
        Self { scheduler }
    }

    /// The runtime that the calling thread works for: inside a task, a `block_on`, a blocking
    /// call, or an [`enter`](Self::enter)ed scope.
    ///
    /// # Errors
    /// [`NoRuntimeError`] on any other thread.
    pub fn try_current() -> Result<Self, NoRuntimeError> {
        qi_sched::Handle::try_current().map(Self::new)
    }

    /// As [`try_current`](Self::try_current).
    ///
    /// # Panics
    /// On a thread that works for no runtime.
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The driver, through which timers and sockets reach the reactor. `None` on a scheduler that
    /// runs without this crate.
    pub(crate) fn reactor_driver(&self) -> Option<&ReactorDriver> {
        self.scheduler.driver().as_any().downcast_ref()
    }

    /// Spawns a task of Normal priority. After a shutdown began the future is dropped by the
    /// caller, and the handle resolves to Cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.scheduler.spawn(future)
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn_with_priority<F>(&self, future: F, priority: TaskPriority) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.scheduler.spawn_with_priority(future, priority)
    }

    /// Options for one task: name, priority, home worker.
    #[track_caller]
    pub fn task(&self) -> TaskBuilder<'_> {
        self.scheduler.task()
    }

    /// Makes a future on a worker thread and keeps it there: it need not be `Send`.
    #[track_caller]
    pub fn spawn_pinned<C, F>(&self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.scheduler.spawn_pinned(make)
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
        CoroutineBuilder::new(&self.scheduler)
    }

    /// Runs a blocking call on a thread of the elastic pool.
    #[track_caller]
    pub fn spawn_blocking<C, T>(&self, call: C) -> TaskHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.scheduler.spawn_blocking(call)
    }

    /// Runs a future on the calling thread until it is ready.
    ///
    /// Allowed everywhere, also inside a task: then the worker's seat is given to another thread
    /// while this one blocks, and tasks pinned to this thread are run meanwhile. Blocks stacked on
    /// one thread return innermost first. Inside a coroutine it suspends that instead, and unwinds if the
    /// coroutine is cancelled meanwhile.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.scheduler.block_on(future)
    }

    /// Makes this the calling thread's current runtime while `code` runs.
    pub fn enter<R>(&self, code: impl FnOnce() -> R) -> R {
        self.scheduler.enter(code)
    }

    /// The present moment on this runtime's clock, whichever thread asks. Within the runtime
    /// [`Instant::now`] is the same.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::AsyncRuntime;
    /// use qi_runtime::time::{Duration, TestClock, sleep};
    /// let clock = TestClock::paused();
    /// let runtime = AsyncRuntime::builder().worker_threads(1).test_clock(&clock).build()?;
    /// let begun = runtime.handle().now();
    /// runtime.block_on(async { sleep(Duration::from_secs(60)).await });
    /// assert_eq!(runtime.handle().now() - begun, Duration::from_secs(60));
    /// # Ok::<(), qi_runtime::RuntimeError>(())
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        let driver = self.reactor_driver();
        driver.map_or_else(StdInstant::now, |driver| driver.reactor().now()).into()
    }

    /// Figures of the present moment.
    #[must_use]
    pub fn stats(&self) -> RuntimeStats {
        RuntimeStats::collect(&self.scheduler, self.reactor_driver())
    }

    /// Whether the runtime runs, shuts down, or has stopped.
    #[must_use]
    pub fn state(&self) -> SchedState {
        self.scheduler.state()
    }
}

/// For what takes a handle of either layer, such as sets of tasks.
impl AsRef<qi_sched::Handle> for Handle {
    fn as_ref(&self) -> &qi_sched::Handle {
        &self.scheduler
    }
}
