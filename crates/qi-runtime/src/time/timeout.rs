//! A limit on how long a future may take.

use super::instant::Instant;
use super::sleep::{Sleep, sleep, sleep_until};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use thiserror::Error;

/// The time was up.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::time::{Duration, Elapsed, timeout};
/// use std::io;
/// runtime.block_on(async {
///     let late = timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
///     assert_eq!(late, Err(Elapsed));
///     assert_eq!(io::Error::from(Elapsed).kind(), io::ErrorKind::TimedOut);
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Error)]
#[error("the time limit has passed")]
pub struct Elapsed;

impl Elapsed {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "已超过时间限制".to_owned()
    }
}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}

/// Waits for `future` for at most `duration`.
///
/// The future is polled first, so one that is ready wins over a time that is up. It is dropped
/// with the `Timeout`, not when the time is up.
///
/// # Errors
/// [`Elapsed`] if the time is up first.
///
/// # Panics
/// On a thread that works for no runtime.
///
/// # Cancel safety
/// As safe as the future inside: if the time is up, that is what is cancelled.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::time::{Duration, sleep, timeout};
/// runtime.block_on(async {
///     assert!(timeout(Duration::from_secs(60), async { 5 }).await.is_ok());
///     let slow = sleep(Duration::from_secs(60));
///     assert!(timeout(Duration::from_millis(1), slow).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), sleep: sleep(duration) }
}

/// Waits for `future` until `deadline`; see [`timeout`].
///
/// # Errors
/// [`Elapsed`] if the deadline is first.
///
/// # Panics
/// As [`timeout`].
///
/// # Cancel safety
/// As [`timeout`].
#[track_caller]
pub fn timeout_at<F: IntoFuture>(
    deadline: impl Into<Instant>,
    future: F,
) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), sleep: sleep_until(deadline) }
}

pin_project_lite::pin_project! {
    /// Waits for a future for a limited time. Made by [`timeout`] and [`timeout_at`].
    ///
    /// # Cancel safety
    /// As safe as the future inside, which is dropped with it.
    ///
    /// # Examples
    /// ```
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
    /// use qi_runtime::time::{Duration, timeout};
    /// use std::future::ready;
    /// runtime.block_on(async {
    ///     let limited = timeout(Duration::from_secs(60), ready(5));
    ///     assert_eq!(limited.await, Ok(5));
    ///     let limited = timeout(Duration::from_millis(1), ready(5));
    ///     assert_eq!(limited.into_inner().await, 5, "without the limit");
    /// });
    /// ```
    #[derive(Debug)]
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future inside.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future inside, without the limit.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // Not through the budget: a future that spends it all must not keep its own limit away.
        this.sleep.poll_elapsed(cx).map(|()| Err(Elapsed))
    }
}
