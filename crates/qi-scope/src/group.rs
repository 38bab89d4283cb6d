//! Tasks that succeed or fail together.
#![forbid(unsafe_code)]

use crate::error::GroupError;
use crate::set::JoinSet;
use qi_sched::{AbortHandle, Handle, JoinError, TaskPriority};
use std::fmt;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};

/// What the error of one member means for the others.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use qi_scope::{OnError, TaskGroup};
/// let mut group = TaskGroup::new().on_error(OnError::Continue);
/// group.spawn(async { Err("no tea") });
/// group.spawn(async { Ok("coffee") });
/// let mut served = Vec::new();
/// while let Some(result) = group.next().await {
///     served.extend(result.ok());
/// }
/// assert_eq!(served, ["coffee"]);
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// They are cancelled, as soon as somebody who waits for the group learns of the error.
    #[default]
    CancelOthers,
    /// They go on.
    Continue,
}

/// A [`JoinSet`] of tasks that may fail. By default the first error cancels the others.
///
/// # Cancel safety
/// As [`JoinSet`].
///
/// # Examples
/// ```
/// use qi_scope::{GroupError, TaskGroup};
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// let failed = scheduler.block_on(async {
///     let mut group = TaskGroup::new();
///     group.spawn(async { Ok(1) });
///     group.spawn(async { Err("no tea") });
///     group.spawn(std::future::pending());
///     group.join().await
/// });
/// assert!(matches!(failed, Err(GroupError::Failed("no tea"))));
/// ```
#[must_use = "dropping the group cancels its tasks"]
pub struct TaskGroup<T, E> {
    set: JoinSet<Result<T, E>>,
    on_error: OnError,
    /// A member has failed, and the others were cancelled for it: their ends are no news.
    failed: bool,
}

impl<T, E> TaskGroup<T, E> {
    /// An empty group.
    pub fn new() -> Self {
        Self::of(JoinSet::new())
    }

    /// An empty group of which at most `limit` tasks run at once, see [`JoinSet::with_limit`].
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn with_limit(limit: usize) -> Self {
        Self::of(JoinSet::with_limit(limit))
    }

    fn of(set: JoinSet<Result<T, E>>) -> Self {
        Self { set, on_error: OnError::default(), failed: false }
    }

    /// Says what the error of one member means for the others.
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// How many tasks are in the group: those whose results were not taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no task is in the group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The set of its tasks.
    pub fn set_mut(&mut self) -> &mut JoinSet<Result<T, E>> {
        &mut self.set
    }

    /// Asks all tasks to be cancelled.
    pub fn abort_all(&mut self) {
        self.set.abort_all();
    }

    /// Waits for a task to end; `None` when there are none. After an error that cancelled the
    /// others their ends are waited for, and not given.
    ///
    /// # Errors
    /// The first failure, and under [`OnError::Continue`] each.
    ///
    /// # Cancel safety
    /// If it is dropped, no result is lost.
    pub async fn next(&mut self) -> Option<Result<T, GroupError<E>>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, GroupError<E>>>> {
        loop {
            let Some(ended) = ready!(self.set.poll_join_next(cx)) else {
                self.failed = false;
                return Poll::Ready(None);
            };
            if self.failed {
                continue;
            }
            return Poll::Ready(Some(self.judge(ended)));
        }
    }

    fn judge(&mut self, ended: Result<Result<T, E>, JoinError>) -> Result<T, GroupError<E>> {
        let error = match ended {
            Ok(Ok(output)) => return Ok(output),
            Ok(Err(error)) => GroupError::Failed(error),
            Err(error) => GroupError::Task(error),
        };
        if self.on_error == OnError::CancelOthers {
            self.failed = true;
            self.set.abort_all();
        }
        Err(error)
    }

    /// Waits for all tasks; what they returned, in the order in which they ended.
    ///
    /// # Errors
    /// The first failure, when all tasks have ended.
    ///
    /// # Cancel safety
    /// If it is dropped, so is the group: its tasks are cancelled, and results are lost.
    pub async fn join(mut self) -> Result<Vec<T>, GroupError<E>> {
        let mut outputs = Vec::with_capacity(self.len());
        let mut first_error = None;
        while let Some(result) = self.next().await {
            match result {
                Ok(output) => outputs.push(output),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(outputs), Err)
    }
}

impl<T: Send + 'static, E: Send + 'static> TaskGroup<T, E> {
    /// Spawns a future on the scheduler that the calling thread works for.
    ///
    /// # Panics
    /// On a thread that works for none.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.set.spawn(future)
    }

    /// As [`spawn`](Self::spawn), with a priority.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn spawn_with_priority<F>(&mut self, future: F, priority: TaskPriority) -> AbortHandle
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.set.build_task().priority(priority).spawn(future)
    }

    /// Spawns a future on this scheduler.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &impl AsRef<Handle>) -> AbortHandle
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.set.spawn_on(future, handle)
    }

    /// Runs a blocking call on the pool of the scheduler that the calling thread works for.
    ///
    /// # Panics
    /// On a thread that works for none.
    #[track_caller]
    pub fn spawn_blocking<C>(&mut self, call: C) -> AbortHandle
    where
        C: FnOnce() -> Result<T, E> + Send + 'static,
    {
        self.set.spawn_blocking(call)
    }
}

impl<T, E> Default for TaskGroup<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> fmt::Debug for TaskGroup<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("len", &self.len())
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}
