//! A set of tasks: results in the order in which they end, cancelled when the set is dropped.
//!
//! The handles lie in a `FuturesUnordered`, which gives each a waker of its own and polls only those
//! that were woken: each member costs one poll when it is added, and one when it has ended, however
//! many there are. (I43)
//!
//! # Rejected alternatives
//! Polling all handles at each wake-up: quadratic. A channel that members report to: the report comes
//! before the task says that it has ended, and `status()` would lie in between.
#![forbid(unsafe_code)]

mod builder;
mod member;

pub use builder::Builder;

use futures_util::stream::{FuturesUnordered, Stream};
use member::Member;
use qi_sched::{AbortHandle, Handle, JoinError, NoWorkerError, TaskHandle, TaskId, coop};
use qi_sync::Semaphore;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// Tasks that belong together. They run in parallel and are `'static`; their results come in the
/// order in which they end. Dropping the set cancels them.
///
/// # Cancel safety
/// The set itself holds everything: dropping any of its futures loses nothing, see each of them.
/// Dropping the set asks its tasks to be cancelled and does not wait: [`shutdown`](Self::shutdown)
/// does. A set that is forgotten leaves its tasks running.
///
/// # Examples
/// ```
/// use qi_scope::JoinSet;
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// let squares = scheduler.block_on(async {
///     let mut set: JoinSet<u64> = (1..=4).map(|n| async move { n * n }).collect();
///     let mut squares = Vec::new();
///     while let Some(square) = set.join_next().await {
///         squares.push(square?);
///     }
///     Ok::<_, qi_sched::JoinError>(squares)
/// });
/// let mut squares = squares.unwrap();
/// squares.sort();
/// assert_eq!(squares, [1, 4, 9, 16]);
/// ```
#[must_use = "dropping the set cancels its tasks"]
pub struct JoinSet<T> {
    members: FuturesUnordered<Member<T>>,
    /// As many members run at once as it has permits.
    limit: Option<Arc<Semaphore>>,
}

impl<T> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self { members: FuturesUnordered::new(), limit: None }
    }

    /// An empty set of which at most `limit` tasks run at once. The others are spawned all the same,
    /// and begin in the order in which they came, the most urgent first, without anybody polling
    /// the set. Tasks that are [inserted](Self::insert), and blocking calls, are not limited.
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn with_limit(limit: usize) -> Self {
        assert!(limit > 0, "a set in which nothing may run would never end");
        Self { members: FuturesUnordered::new(), limit: Some(Arc::new(Semaphore::new(limit))) }
    }

    /// How many tasks are in the set: those whose results were not taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether no task is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Adds a task that was spawned elsewhere: with a name, pinned, of another scheduler.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// let mut set = qi_scope::JoinSet::new();
    /// set.insert(scheduler.spawn_with_priority(async { 5 }, qi_sched::TaskPriority::High));
    /// assert_eq!(scheduler.block_on(set.join_next()).unwrap().unwrap(), 5);
    /// ```
    pub fn insert(&mut self, task: TaskHandle<T>) -> AbortHandle {
        let abort = task.abort_handle();
        self.members.push(Member::new(task));
        abort
    }

    /// Options for one task of the set: name, priority, scheduler.
    #[track_caller]
    pub fn build_task(&mut self) -> Builder<'_, T> {
        Builder::new(self, Location::caller())
    }

    /// Waits for a task to end, and takes it out of the set; `None` if the set is empty.
    ///
    /// # Cancel safety
    /// If it is dropped, no task has been taken out.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the task's id.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn join_next_with_id(&mut self) -> Option<(TaskId, Result<T, JoinError>)> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// As [`join_next`](Self::join_next), for poll functions.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let next = ready!(self.poll_join_next_with_id(cx));
        Poll::Ready(next.map(|(_, result)| result))
    }

    /// As [`join_next_with_id`](Self::join_next_with_id), for poll functions.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(TaskId, Result<T, JoinError>)>> {
        Pin::new(&mut self.members).poll_next(cx)
    }

    /// Takes a task that has ended out of the set; `None` if there is none.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(|(_, result)| result)
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    pub fn try_join_next_with_id(&mut self) -> Option<(TaskId, Result<T, JoinError>)> {
        let mut cx = Context::from_waker(Waker::noop());
        match coop::unlimited(|| self.poll_join_next_with_id(&mut cx)) {
            Poll::Ready(next) => next,
            Poll::Pending => None,
        }
    }

    /// Waits for all tasks; their results in the order in which they ended.
    ///
    /// # Cancel safety
    /// If it is dropped, so is the set, and results that it had collected are lost.
    pub async fn join_all(mut self) -> Vec<Result<T, JoinError>> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            results.push(result);
        }
        results
    }

    /// Waits for all tasks, until one of them panics or is cancelled: then the others are cancelled
    /// and waited for.
    ///
    /// # Errors
    /// Why the first one that gave no result gave none.
    ///
    /// # Cancel safety
    /// As [`join_all`](Self::join_all).
    pub async fn try_join_all(mut self) -> Result<Vec<T>, JoinError> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            match result {
                Ok(result) => results.push(result),
                Err(error) => {
                    self.shutdown().await;
                    return Err(error);
                }
            }
        }
        Ok(results)
    }

    /// Asks all tasks to be cancelled. They stay in the set until their ends are taken out of it.
    pub fn abort_all(&mut self) {
        for member in &self.members {
            member.cancel();
        }
    }

    /// Cancels all tasks and waits until they are gone. Results are dropped.
    ///
    /// # Cancel safety
    /// If it is dropped, all are asked to be cancelled, and those that were not waited for are still
    /// in the set.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Empties the set and lets its tasks go on.
    pub fn detach_all(&mut self) {
        self.members.clear();
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// Spawns a future on the scheduler that the calling thread works for.
    ///
    /// # Panics
    /// On a thread that works for none.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.build_task().spawn(future)
    }

    /// Spawns a future on this scheduler.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &impl AsRef<Handle>) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.build_task().on(handle).spawn(future)
    }

    /// Runs a blocking call on the pool of the scheduler that the calling thread works for. Once it
    /// has begun it cannot be cancelled.
    ///
    /// # Panics
    /// On a thread that works for none.
    #[track_caller]
    pub fn spawn_blocking<C>(&mut self, call: C) -> AbortHandle
    where
        C: FnOnce() -> T + Send + 'static,
    {
        self.build_task().spawn_blocking(call)
    }

    /// Spawns a future that need not be `Send` on the calling worker's own thread.
    ///
    /// # Errors
    /// [`NoWorkerError`] on a thread that is no worker; the future is dropped.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> Result<AbortHandle, NoWorkerError>
    where
        F: Future<Output = T> + 'static,
    {
        Ok(self.insert(qi_sched::spawn_local(future)?))
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Stream for JoinSet<T> {
    type Item = Result<T, JoinError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_join_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

/// Spawns futures as by [`JoinSet::spawn`].
impl<T: Send + 'static, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

/// Spawns futures as by [`JoinSet::spawn`].
impl<T: Send + 'static, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish_non_exhaustive()
    }
}
