//! Waiting for a moment.

use super::instant::Instant;
use crate::driver::ReactorDriver;
use crate::here;
use qi_reactor::Delay;
use qi_sched::coop;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Waits for at least `duration`; one of zero is over at once.
///
/// Durations beyond about 580 years end there.
///
/// # Panics
/// On a thread that works for no runtime; and the future, if the runtime is shut down under a
/// thread that still waits for it in a `block_on`.
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::time::{Duration, Instant, sleep};
/// runtime.block_on(async {
///     let begun = Instant::now();
///     sleep(Duration::from_millis(2)).await;
///     assert!(begun.elapsed() >= Duration::from_millis(2));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    here::with_driver(|driver| Sleep::after(driver, duration))
}

/// Waits until `deadline`; one in the past is over at once.
///
/// # Panics
/// As [`sleep`].
///
/// # Cancel safety
/// As [`sleep`].
#[track_caller]
pub fn sleep_until(deadline: impl Into<Instant>) -> Sleep {
    here::with_driver(|driver| Sleep::until(driver, deadline.into()))
}

/// Waits for a moment. Made by [`sleep`] and [`sleep_until`].
///
/// # Cancel safety
/// Nothing is lost when it is dropped; its timer goes with it.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::time::{Duration, Instant, sleep};
/// runtime.block_on(async {
///     let mut nap = sleep(Duration::from_secs(3600));
///     nap.reset(Instant::now() + Duration::from_millis(1));
///     (&mut nap).await;
///     assert!(nap.is_elapsed() && nap.deadline() <= Instant::now());
/// });
/// ```
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep {
    delay: Delay,
}

impl Sleep {
    /// On that runtime's clock, whichever the calling thread works for.
    pub(crate) fn after(driver: &ReactorDriver, duration: Duration) -> Self {
        Self { delay: Delay::after(driver.reactor(), driver.shard_here(), duration) }
    }

    /// As [`after`](Self::after).
    pub(crate) fn until(driver: &ReactorDriver, deadline: Instant) -> Self {
        Self { delay: Delay::new(driver.reactor(), driver.shard_here(), deadline.into_std()) }
    }

    /// The moment at which it ends.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.delay.deadline().into()
    }

    /// Whether it has ended, as far as it was polled.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.delay.is_done()
    }

    /// Chooses another deadline. If it is being waited for, the wait goes on to the new one.
    pub fn reset(&mut self, deadline: impl Into<Instant>) {
        self.delay.reset(deadline.into().into_std());
    }

    /// Polls without taking from the task's budget: for what takes its own share.
    pub(crate) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.delay.poll_done(cx)) {
            Ok(()) => Poll::Ready(()),
            Err(error) => panic!("a timer cannot be waited for: {error}"),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        ready!(self.poll_elapsed(cx));
        progress.made_progress();
        Poll::Ready(())
    }
}
