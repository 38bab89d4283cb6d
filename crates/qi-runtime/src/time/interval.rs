//! Ticks at a steady pace.

use super::instant::Instant;
use super::sleep::{Sleep, sleep_until};
use futures_util::Stream;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// What happens to ticks that were due while nobody waited for them.
///
/// # Examples
/// ```
/// use qi_runtime::AsyncRuntime;
/// use qi_runtime::time::{Duration, MissedTicks, TestClock, interval, sleep};
/// let clock = TestClock::paused();
/// let runtime = AsyncRuntime::builder().worker_threads(1).test_clock(&clock).build()?;
/// runtime.block_on(async {
///     let mut ticks = interval(Duration::from_secs(10));
///     ticks.set_missed_ticks(MissedTicks::Skip);
///     let first = ticks.tick().await;
///     sleep(Duration::from_secs(35)).await; // Three are due meanwhile.
///     assert_eq!(ticks.tick().await - first, Duration::from_secs(10));
///     assert_eq!(ticks.tick().await - first, Duration::from_secs(40));
/// });
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTicks {
    /// They follow one another at once until none is left.
    #[default]
    Burst,
    /// They are dropped, and the next one is a full period after the late one.
    Delay,
    /// They are dropped, and the next one is at the next multiple of the period.
    Skip,
}

/// Ticks at once, and then every `period`.
///
/// # Panics
/// If `period` is zero, and on a thread that works for no runtime.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::time::{Duration, interval};
/// runtime.block_on(async {
///     let mut ticks = interval(Duration::from_millis(1));
///     let first = ticks.tick().await;
///     let second = ticks.tick().await;
///     assert_eq!(second - first, Duration::from_millis(1));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
/// As [`interval`].
#[track_caller]
pub fn interval_at(start: impl Into<Instant>, period: Duration) -> Interval {
    assert!(!period.is_zero(), "the period of an interval is not zero");
    Interval { sleep: sleep_until(start), period, missed: MissedTicks::default() }
}

/// Ticks at a steady pace; also a `Stream`. Made by [`interval`] and [`interval_at`].
///
/// # Cancel safety
/// A [`tick`](Self::tick) that is not waited for to its end is not lost: the next call gives it.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use futures_util::StreamExt;
/// use qi_runtime::time::{Duration, interval};
/// runtime.block_on(async {
///     let ticks = interval(Duration::from_millis(1));
///     let due: Vec<_> = ticks.take(3).collect().await;
///     assert_eq!(due[2] - due[0], Duration::from_millis(2));
/// });
/// ```
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed: MissedTicks,
}

impl Interval {
    /// Waits for the next tick; gives the moment at which it was due.
    ///
    /// # Cancel safety
    /// If it is dropped, the tick is not lost: the next call gives it.
    pub async fn tick(&mut self) -> Instant {
        std::future::poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`tick`](Self::tick), for poll functions.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let due = self.sleep.deadline();
        self.sleep.reset(self.after(due, Instant::now()));
        Poll::Ready(due)
    }

    /// When the next tick is due after the one due at `due` was taken at `now`.
    fn after(&self, due: Instant, now: Instant) -> Instant {
        let late = now.saturating_duration_since(due);
        if late < self.period {
            return due.saturating_add(self.period);
        }
        match self.missed {
            MissedTicks::Burst => due.saturating_add(self.period),
            MissedTicks::Delay => now.saturating_add(self.period),
            MissedTicks::Skip => {
                let over = late.as_nanos() % self.period.as_nanos();
                // The remainder is below the period, which is a `Duration` itself.
                let over = Duration::from_nanos(u64::try_from(over).unwrap_or(u64::MAX));
                now.saturating_add(self.period - over.min(self.period))
            }
        }
    }

    /// The next tick is a full period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick is at once.
    pub fn reset_immediately(&mut self) {
        self.reset_at(Instant::now());
    }

    /// The next tick is `after` from now, whatever the period.
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(Instant::now().saturating_add(after));
    }

    /// The next tick is at `deadline`; those after it follow it.
    pub fn reset_at(&mut self, deadline: impl Into<Instant>) {
        self.sleep.reset(deadline);
    }

    /// What happens to ticks that nobody waited for.
    #[must_use]
    pub fn missed_ticks(&self) -> MissedTicks {
        self.missed
    }

    /// Says what happens to ticks that nobody waited for. Default: [`MissedTicks::Burst`].
    pub fn set_missed_ticks(&mut self, missed: MissedTicks) {
        self.missed = missed;
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }
}
