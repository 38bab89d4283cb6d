//! Work that must be done by a moment, and knows it; so do the tasks that it spawns.

use super::instant::Instant;
use super::sleep::sleep_until;
use crate::here;
use futures_util::future::{Either, select};
use qi_sched::TaskHandle;
use qi_scope::{Stopped, deadline as inherited, known_deadline, until_cancelled};
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::pin;
use std::time::Duration;

/// Runs `future` until `deadline`, or until the one that counts already if that is earlier; lets the
/// tasks that it spawns inherit it.
///
/// What they do is stopped where they obey it, by [`until_stopped`] or [`spawn_bound`].
///
/// # Errors
/// [`Stopped::DeadlinePassed`]; the future is dropped then.
///
/// # Panics
/// When it is polled on a thread that works for no runtime.
///
/// # Cancel safety
/// As safe as the future: when the time is up, that is what is dropped.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::task::{Stopped, spawn_bound, within};
/// use qi_runtime::time::{Duration, remaining};
/// runtime.block_on(async {
///     let work = within(Duration::from_millis(5), async {
///         assert!(remaining().is_some_and(|left| left <= Duration::from_millis(5)));
///         spawn_bound(std::future::pending::<()>())
///     });
///     let child = work.await.unwrap();
///     assert_eq!(child.await.unwrap(), Err(Stopped::DeadlinePassed));
/// });
/// ```
pub async fn with_deadline<F: IntoFuture>(
    deadline: impl Into<Instant>,
    future: F,
) -> Result<F::Output, Stopped> {
    let future = future.into_future();
    known_deadline(deadline.into().into_std(), obeying_deadline(future)).await
}

/// As [`with_deadline`], that long after the first poll.
///
/// # Errors
/// As there.
///
/// # Panics
/// As there.
///
/// # Cancel safety
/// As there.
pub async fn within<F: IntoFuture>(duration: Duration, future: F) -> Result<F::Output, Stopped> {
    with_deadline(Instant::now().saturating_add(duration), future).await
}

/// Runs `future` until the token is cancelled, or the deadline has passed, that the current task has
/// inherited or set. Without either it is just run.
///
/// # Errors
/// [`Stopped`], saying which of them; the future is dropped then.
///
/// # Panics
/// If there is a deadline, when it is polled on a thread that works for no runtime.
///
/// # Cancel safety
/// As safe as the future.
pub async fn until_stopped<F: IntoFuture>(future: F) -> Result<F::Output, Stopped> {
    let future = future.into_future();
    until_cancelled(obeying_deadline(future)).await.and_then(std::convert::identity)
}

/// Spawns a task that obeys what it inherits: [`until_stopped`].
///
/// # Panics
/// On a thread that works for no runtime.
#[track_caller]
pub fn spawn_bound<F>(future: F) -> TaskHandle<Result<F::Output, Stopped>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let here = qi_sched::Handle::current();
    here.task().spawned_at(Location::caller()).spawn(until_stopped(future))
}

/// The moment by which the current task must be done, if it has inherited or set one.
#[must_use]
pub fn deadline() -> Option<Instant> {
    inherited().map(Instant::from)
}

/// How long the current task still has, if it has inherited or set a deadline; zero if it has
/// passed.
#[must_use]
pub fn remaining() -> Option<Duration> {
    inherited().map(|deadline| deadline.saturating_duration_since(here::now()))
}

async fn obeying_deadline<F: Future>(future: F) -> Result<F::Output, Stopped> {
    let Some(deadline) = deadline() else { return Ok(future.await) };
    match select(pin!(future), sleep_until(deadline)).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(Stopped::DeadlinePassed),
    }
}
