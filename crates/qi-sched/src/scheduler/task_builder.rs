//! Options of one task.

use super::call::BlockingCall;
use super::shared::Shared;
use super::spawn::Spec;
use crate::error::{ConfigError, NoWorkerError};
use crate::priority::TaskPriority;
use crate::task::{Placement, TaskHandle};
use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Options for one task.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// use qi_sched::TaskPriority;
/// let task = scheduler
///     .handle()
///     .task()
///     .name("report")
///     .priority(TaskPriority::Low)
///     .spawn(async { "done" });
/// assert_eq!(task.name(), Some("report"));
/// assert_eq!(scheduler.block_on(task).unwrap(), "done");
/// ```
#[must_use = "a task is spawned by one of the spawn methods"]
pub struct TaskBuilder<'a> {
    shared: &'a Arc<Shared>,
    spec: Spec,
}

impl<'a> TaskBuilder<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, location: &'static Location<'static>) -> Self {
        Self { shared, spec: Spec::new(location) }
    }

    /// Names the task in statistics, errors and logs.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.spec.name = Some(name.into());
        self
    }

    /// The task's priority; Normal if not said.
    pub fn priority(mut self, priority: TaskPriority) -> Self {
        self.spec.priority = priority;
        self
    }

    /// Whether the task finds the task-locals that its spawner lets children inherit; it does if not
    /// said. Without, it outlives the spawner's deadline and cancellation, too.
    pub fn inherit(mut self, on: bool) -> Self {
        self.spec.inherits = on;
        self
    }

    /// The place that statistics and errors name as the one where the task was spawned; where the
    /// builder was made if not said. For layers above that spawn on behalf of their callers.
    pub fn spawned_at(mut self, location: &'static Location<'static>) -> Self {
        self.spec.location = location;
        self
    }

    /// Puts the task into the inbox of this worker, which takes it over. With stealing on, others may
    /// then take it like any other, and need not wait for a worker that is stuck inside one poll.
    ///
    /// # Errors
    /// If there is no worker with this number.
    pub fn home_worker(mut self, worker: usize) -> Result<Self, ConfigError> {
        let workers = self.shared.config.worker_threads;
        if worker >= workers {
            let accepted = format!("0..{workers}");
            return Err(ConfigError::out_of_range("home_worker", worker, accepted));
        }
        self.spec.first_seat = Some(worker);
        Ok(self)
    }

    /// Spawns a future.
    pub fn spawn<F>(self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn(self.spec, future)
    }

    /// Makes a future on a worker and keeps it on that thread: it need not be `Send`. Until it has
    /// begun, any worker may take it.
    pub fn spawn_pinned<C, F>(self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn_made(self.spec, make)
    }

    /// Spawns a future that is not `Send` on the calling thread, which must be a worker of this
    /// scheduler.
    ///
    /// # Errors
    /// [`NoWorkerError`] if it is not; the future is dropped.
    pub fn spawn_local<F>(self, future: F) -> Result<TaskHandle<F::Output>, NoWorkerError>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.shared.spawn_here_for_good(self.spec, future).ok_or(NoWorkerError)
    }

    /// Makes a future whose code has a stack of its own on a worker and keeps it on that thread; see
    /// [`stackful`](crate::stackful). Until it has begun, any worker may take it.
    pub fn spawn_stackful<C, F>(self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn_stackful(self.spec, make)
    }

    /// As [`spawn_stackful`](Self::spawn_stackful), for a future that any worker may poll at any time.
    ///
    /// # Safety
    /// The future may be sent to another thread whenever it is not being polled, whatever lies on its
    /// stack then.
    pub unsafe fn spawn_migratable<F>(self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // SAFETY: the caller's word.
        unsafe { self.shared.spawn_migratable(self.spec, future) }
    }

    /// Runs a blocking call on a thread of the elastic pool.
    pub fn spawn_blocking<C, T>(mut self, call: C) -> TaskHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spec.placement = Placement::Blocking;
        self.shared.spawn(self.spec, BlockingCall(Some(call)))
    }
}
