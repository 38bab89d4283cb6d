//! Options for one task of a set.
#![forbid(unsafe_code)]

use super::JoinSet;
use qi_sched::{AbortHandle, Handle, TaskBuilder, TaskPriority};
use qi_sync::Semaphore;
use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Options for one task of a [`JoinSet`]. Made by [`JoinSet::build_task`].
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let mut set = qi_scope::JoinSet::new();
/// set.build_task().name("answer").on(scheduler.handle()).spawn(async { 42 });
/// assert_eq!(scheduler.block_on(set.join_next()).unwrap().unwrap(), 42);
/// ```
#[derive(Debug)]
#[must_use = "a task is spawned by one of the spawn methods"]
pub struct Builder<'a, T> {
    set: &'a mut JoinSet<T>,
    location: &'static Location<'static>,
    name: Option<Cow<'static, str>>,
    priority: TaskPriority,
    handle: Option<Handle>,
}

impl<'a, T> Builder<'a, T> {
    pub(super) fn new(set: &'a mut JoinSet<T>, location: &'static Location<'static>) -> Self {
        Self { set, location, name: None, priority: TaskPriority::default(), handle: None }
    }

    /// Names the task in statistics, errors and logs.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The task's priority; Normal if not said.
    pub fn priority(mut self, priority: TaskPriority) -> Self {
        self.priority = priority;
        self
    }

    /// The scheduler; the one that the calling thread works for if not said.
    pub fn on(mut self, handle: &impl AsRef<Handle>) -> Self {
        self.handle = Some(handle.as_ref().clone());
        self
    }
}

impl<T: Send + 'static> Builder<'_, T> {
    /// Spawns a future.
    ///
    /// # Panics
    /// If no scheduler was said, on a thread that works for none.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        let handle = self.handle.unwrap_or_else(Handle::current);
        let task = options(handle.task(), self.location, self.name, self.priority);
        let task = match &self.set.limit {
            Some(limit) => task.spawn(limited(limit.clone(), future)),
            None => task.spawn(future),
        };
        self.set.insert(task)
    }

    /// Runs a blocking call on the elastic pool.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_blocking<C>(self, call: C) -> AbortHandle
    where
        C: FnOnce() -> T + Send + 'static,
    {
        let handle = self.handle.unwrap_or_else(Handle::current);
        let task = options(handle.task(), self.location, self.name, self.priority);
        self.set.insert(task.spawn_blocking(call))
    }
}

fn options<'a>(
    task: TaskBuilder<'a>,
    location: &'static Location<'static>,
    name: Option<Cow<'static, str>>,
    priority: TaskPriority,
) -> TaskBuilder<'a> {
    let task = task.spawned_at(location).priority(priority);
    match name {
        Some(name) => task.name(name),
        None => task,
    }
}

/// Runs `future` when its turn comes.
async fn limited<F: Future>(limit: Arc<Semaphore>, future: F) -> F::Output {
    // Nobody closes the semaphore. If somebody did, nothing would be limited any more.
    let _permit = limit.acquire().await.ok();
    future.await
}
