//! A handle to a scheduler: to spawn with from anywhere.
#![forbid(unsafe_code)]

use super::block_on::block_on;
use super::shared::Shared;
use super::task_builder::TaskBuilder;
use crate::driver::Driver;
use crate::error::NoRuntimeError;
use crate::stackful::Stacks;
use crate::stats::SchedStats;
use crate::task::TaskHandle;
use crate::worker::{Context, context};
use crate::{SchedState, TaskPriority};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Refers to a scheduler without keeping its threads. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The scheduler that the calling thread works for: inside a task, a `block_on`, a blocking
    /// call, or an [`enter`](Self::enter)ed scope.
    ///
    /// # Errors
    /// [`NoRuntimeError`] on any other thread.
    pub fn try_current() -> Result<Self, NoRuntimeError> {
        context::shared().map(Self::new).ok_or(NoRuntimeError)
    }

    /// As [`try_current`](Self::try_current).
    ///
    /// # Panics
    /// On a thread that works for no scheduler.
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// Spawns a task of Normal priority.
    ///
    /// After a shutdown began the future is dropped by the caller, and the handle resolves to
    /// Cancelled.
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn_plain(Location::caller(), TaskPriority::Normal, future)
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn_with_priority<F>(&self, future: F, priority: TaskPriority) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn_plain(Location::caller(), priority, future)
    }

    /// Options for one task: name, priority, home worker, place of running.
    #[track_caller]
    pub fn task(&self) -> TaskBuilder<'_> {
        TaskBuilder::new(&self.shared, Location::caller())
    }

    /// Makes a future on a worker thread and keeps it there: it need not be `Send`.
    #[track_caller]
    pub fn spawn_pinned<C, F>(&self, make: C) -> TaskHandle<F::Output>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.task().spawn_pinned(make)
    }

    /// Runs a blocking call on a thread of the elastic pool. Once it has begun it cannot be
    /// cancelled.
    #[track_caller]
    pub fn spawn_blocking<C, T>(&self, call: C) -> TaskHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.task().spawn_blocking(call)
    }

    /// Runs a future on the calling thread until it is ready.
    ///
    /// Allowed everywhere, also inside a task: then the worker's seat is given to another thread
    /// while this one blocks, and tasks pinned to this thread are run meanwhile. Blocks stacked
    /// on one thread return innermost first. Code with a stack of its own, see
    /// [`stackful`](crate::stackful), suspends instead, and unwinds if it is cancelled meanwhile.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(&self.shared, future, false)
    }

    /// As [`block_on`](Self::block_on), for what must be waited for in any case: cancelling code with
    /// a stack of its own does not end the wait.
    pub fn block_on_shielded<F: Future>(&self, future: F) -> F::Output {
        block_on(&self.shared, future, true)
    }

    /// Makes this the calling thread's current scheduler while `code` runs.
    pub fn enter<R>(&self, code: impl FnOnce() -> R) -> R {
        Context::new(self.shared.clone(), None).enter(code)
    }

    /// Figures of the present moment.
    #[must_use]
    pub fn stats(&self) -> SchedStats {
        SchedStats::collect(&self.shared)
    }

    /// Whether the scheduler runs, shuts down, or has stopped.
    #[must_use]
    pub fn state(&self) -> SchedState {
        self.shared.gate.phase().into()
    }

    /// The layer that gives tasks stacks of their own, for whoever handed it in.
    #[must_use]
    pub fn stacks(&self) -> Option<&dyn Stacks> {
        self.shared.config.stacks.as_deref()
    }

    /// What the workers sleep on, for the layer that handed it in.
    #[must_use]
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.shared.driver
    }
}

impl AsRef<Self> for Handle {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("state", &self.state()).finish_non_exhaustive()
    }
}
