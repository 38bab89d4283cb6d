//! What children inherit: a token by which they are cancelled, and a moment by which they must be
//! done.
//!
//! Both are task-locals that spawned tasks inherit. Inheriting alone stops nobody, because a task
//! that was spawned without a thought of it must not vanish in the middle: a task obeys by running its
//! work in [`until_cancelled`] (with timers, in qi-runtime's `until_stopped`), or by looking.
#![forbid(unsafe_code)]

use crate::error::Stopped;
use qi_sched::task_local;
use qi_sync::CancellationToken;
use std::future::IntoFuture;
use std::time::Instant;

task_local! {
    inherit static CANCELLATION: CancellationToken;
    inherit static DEADLINE: Instant;
}

/// Runs `future` until `token` is cancelled, and lets the tasks that it spawns inherit the token.
///
/// Those who inherited another one before see `token` instead: derive it from theirs with
/// [`child_cancellation`] if that is to go on to count.
///
/// # Errors
/// [`Stopped::Cancelled`] if the token is cancelled first; the future is dropped then.
///
/// # Cancel safety
/// As safe as the future: if the token is cancelled, that is what is dropped.
///
/// # Examples
/// ```
/// use qi_scope::{Stopped, child_cancellation, until_cancelled, with_cancellation};
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// # scheduler.block_on(async {
/// let token = child_cancellation();
/// let child = with_cancellation(token.clone(), async {
///     qi_sched::spawn(until_cancelled(std::future::pending::<()>()))
/// });
/// let child = child.await.unwrap();
/// token.cancel();
/// assert_eq!(child.await.unwrap(), Err(Stopped::Cancelled));
/// # });
/// ```
pub async fn with_cancellation<F: IntoFuture>(
    token: CancellationToken,
    future: F,
) -> Result<F::Output, Stopped> {
    let future = CANCELLATION.scope(token.clone(), future.into_future());
    token.run_until_cancelled_owned(future).await.ok_or(Stopped::Cancelled)
}

/// Runs `future` until the token is cancelled that the current task has inherited, or set with
/// [`with_cancellation`]. Without one it is just run.
///
/// # Errors
/// [`Stopped::Cancelled`] if the token is cancelled first; the future is dropped then.
///
/// # Cancel safety
/// As safe as the future.
pub async fn until_cancelled<F: IntoFuture>(future: F) -> Result<F::Output, Stopped> {
    match cancellation() {
        Some(token) => {
            let future = future.into_future();
            token.run_until_cancelled_owned(future).await.ok_or(Stopped::Cancelled)
        }
        None => Ok(future.await),
    }
}

/// The token that the current task has inherited or set, if any.
#[must_use]
pub fn cancellation() -> Option<CancellationToken> {
    CANCELLATION.try_get().ok()
}

/// A token that is cancelled with the one that the current task has inherited or set, and can be
/// cancelled alone; one of its own if there is none.
#[must_use]
pub fn child_cancellation() -> CancellationToken {
    CANCELLATION.try_with(CancellationToken::child_token).unwrap_or_default()
}

/// Lets `future`, and the tasks that it spawns, know that they must be done by `deadline`, or by the
/// one that counts already if that is earlier. It stops nobody by itself: there are no timers here.
///
/// # Cancel safety
/// As safe as the future.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let soon = Instant::now() + Duration::from_secs(1);
/// let later = soon + Duration::from_secs(1);
/// let inner = qi_scope::known_deadline(later, async { qi_scope::deadline() });
/// assert_eq!(qi_scope::known_deadline(soon, inner).await, Some(soon));
/// # });
/// ```
pub async fn known_deadline<F: IntoFuture>(deadline: Instant, future: F) -> F::Output {
    let earliest = self::deadline().map_or(deadline, |outer| outer.min(deadline));
    DEADLINE.scope(earliest, future.into_future()).await
}

/// The moment by which the current task must be done, if it has inherited or set one.
#[must_use]
pub fn deadline() -> Option<Instant> {
    DEADLINE.try_get().ok()
}
