//! Options of one task.

use super::shared::Shared;
use super::spawn::Spec;
use crate::error::{ConfigError, NoRuntimeError};
use crate::priority::TaskPriority;
use crate::task::{Home, Placement, TaskHandle};
use crate::worker::context;
use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

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

    /// Puts the task into the queue of this worker first. With stealing on, others may take it.
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
        // SAFETY: future and output are `Send`.
        unsafe { self.shared.spawn(self.spec, future) }
    }

    /// Makes a future on a worker and keeps it on that thread: it need not be `Send`. Until it has
    /// begun, any worker may take it.
    pub fn spawn_pinned<C, F>(mut self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.spec.placement = Placement::Pinned;
        self.spec.home = Home::Thread(OnceLock::new());
        // SAFETY: the closure is `Send`; the future that it makes stays on the thread that polls
        // it first, which becomes the task's home; the output is `Send`.
        unsafe { self.shared.spawn(self.spec, MakeThenRun::Make(Some(make))) }
    }

    /// Spawns a future that is not `Send` on the calling thread, which must be a worker of this
    /// scheduler.
    ///
    /// # Errors
    /// [`NoRuntimeError`] if it is not; the future is dropped.
    pub fn spawn_local<F>(mut self, future: F) -> Result<TaskHandle<F::Output>, NoRuntimeError>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let slot = context::with(|context| {
            let context = context?;
            Arc::ptr_eq(&context.shared, self.shared).then(|| context.slot.clone()).flatten()
        });
        let slot = slot.ok_or(NoRuntimeError)?;
        self.spec.placement = Placement::Pinned;
        self.spec.home = Home::Thread(OnceLock::from(slot));
        // SAFETY: the home is the calling thread, so the future is polled and dropped here; the
        // handle is `Send` only if the output is.
        Ok(unsafe { self.shared.spawn(self.spec, future) })
    }

    /// Runs a blocking call on a thread of the elastic pool.
    pub fn spawn_blocking<C, T>(mut self, call: C) -> TaskHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spec.placement = Placement::Blocking;
        // SAFETY: call and result are `Send`.
        unsafe { self.shared.spawn(self.spec, BlockingCall(Some(call))) }
    }
}

/// A blocking call as a future that is ready at its first poll.
struct BlockingCall<C>(Option<C>);

impl<C> Unpin for BlockingCall<C> {}

impl<C: FnOnce() -> T, T> Future for BlockingCall<C> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<T> {
        let call = self.0.take().expect("a task is not polled after it was ready");
        Poll::Ready(call())
    }
}

/// Makes a future at its first poll.
enum MakeThenRun<C, F> {
    Make(Option<C>),
    Run(Pin<Box<F>>),
}

impl<C, F> Unpin for MakeThenRun<C, F> {}

impl<C: FnOnce() -> F, F: Future> Future for MakeThenRun<C, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let Self::Make(make) = &mut *self {
            let make = make.take().expect("a panic in the closure ends the task");
            *self = Self::Run(Box::pin(make()));
        }
        match &mut *self {
            Self::Run(future) => future.as_mut().poll(cx),
            Self::Make(_) => unreachable!("replaced above"),
        }
    }
}
