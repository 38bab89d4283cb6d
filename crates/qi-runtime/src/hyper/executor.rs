//! Where hyper's own tasks run.

use crate::handle::Handle;
use qi_sched::{NoRuntimeError, TaskPriority};
use std::future::Future;

/// Spawns what hyper asks to be spawned, such as the streams of an HTTP/2 connection, as tasks of a
/// runtime.
///
/// # Examples
/// ```
/// use hyper::rt::Executor as _;
/// use qi_runtime::hyper::Executor;
/// use qi_runtime::{AsyncRuntime, TaskPriority, channel};
/// let runtime = AsyncRuntime::builder().worker_threads(1).build()?;
/// let executor = Executor::new(runtime.handle().clone()).with_priority(TaskPriority::High);
/// let (sender, receiver) = channel::oneshot::channel();
/// executor.execute(async move { sender.send(7).unwrap() });
/// assert_eq!(runtime.block_on(receiver)?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Executor {
    handle: Handle,
    priority: TaskPriority,
}

impl Executor {
    /// Tasks of that runtime, of Normal priority.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle, priority: TaskPriority::Normal }
    }

    /// Tasks of the runtime that the calling thread works for.
    ///
    /// # Panics
    /// On a thread that works for none.
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        Self::new(Handle::current())
    }

    /// As [`current`](Self::current).
    ///
    /// # Errors
    /// [`NoRuntimeError`] on a thread that works for no runtime.
    pub fn try_current() -> Result<Self, NoRuntimeError> {
        Handle::try_current().map(Self::new)
    }

    /// The same with another priority of the tasks.
    #[must_use]
    pub fn with_priority(mut self, priority: TaskPriority) -> Self {
        self.priority = priority;
        self
    }
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    /// Spawns a task that nobody joins. After a shutdown began the future is dropped at once.
    fn execute(&self, future: F) {
        drop(self.handle.spawn_with_priority(future, self.priority));
    }
}
