//! Intervals, and what becomes of ticks that nobody waited for.

use crate::support::watched;
use qi_runtime::AsyncRuntime;
use qi_runtime::time::{Duration, Instant, Interval, MissedTicks, interval, interval_at};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const PERIOD: Duration = Duration::from_millis(2);

/// An interval whose first tick was due `late` ago, in periods.
fn late_by(late: u32, missed: MissedTicks) -> (Interval, Instant) {
    let start = Instant::now();
    let mut ticks = interval_at(start, PERIOD);
    ticks.set_missed_ticks(missed);
    while start.elapsed() < PERIOD * late {
        std::hint::spin_loop();
    }
    (ticks, start)
}

fn in_runtime(test: impl AsyncFnOnce() + Send + 'static) {
    watched(|| {
        let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("in range");
        runtime.block_on(test());
    });
}

#[test]
fn ticks_are_a_period_apart_and_never_early() {
    in_runtime(async || {
        let mut ticks = interval(PERIOD);
        let mut last = ticks.tick().await;
        for _ in 0..20 {
            let due = ticks.tick().await;
            assert!(Instant::now() >= due, "early");
            assert_eq!(due - last, PERIOD);
            last = due;
        }
    });
}

#[test]
fn missed_ticks_follow_one_another_in_a_burst() {
    in_runtime(async || {
        let (mut ticks, start) = late_by(5, MissedTicks::Burst);
        for number in 0..8 {
            assert_eq!(ticks.tick().await, start + PERIOD * number);
        }
    });
}

#[test]
fn after_a_missed_tick_delay_waits_for_a_full_period() {
    in_runtime(async || {
        let (mut ticks, start) = late_by(5, MissedTicks::Delay);
        assert_eq!(ticks.tick().await, start);
        let taken = Instant::now();
        let next = ticks.tick().await;
        // The period began when the late tick was taken, after `start` and before `taken`.
        assert!(next >= start + PERIOD * 6 && next <= taken + PERIOD);
        // Later still, if this one was late again.
        assert!(ticks.tick().await >= next + PERIOD);
    });
}

#[test]
fn after_a_missed_tick_skip_keeps_the_rhythm() {
    in_runtime(async || {
        let (mut ticks, start) = late_by(5, MissedTicks::Skip);
        assert_eq!(ticks.tick().await, start);
        let next = ticks.tick().await;
        assert!(next > start + PERIOD * 5, "missed ticks were not skipped");
        let since = next - start;
        assert_eq!(since.as_nanos() % PERIOD.as_nanos(), 0, "off the rhythm by {since:?}");
    });
}

#[test]
fn an_interval_that_is_reset_ticks_a_period_later() {
    in_runtime(async || {
        let mut ticks = interval(Duration::from_secs(3600));
        ticks.tick().await;
        let before = Instant::now();
        ticks.reset();
        let cut = qi_runtime::time::timeout(PERIOD, ticks.tick()).await;
        assert!(cut.is_err(), "an hour is not over yet");
        assert!(before.elapsed() >= PERIOD);
    });
}

#[test]
fn a_tick_that_was_not_waited_for_to_the_end_is_not_lost() {
    in_runtime(async || {
        let start = Instant::now() + Duration::from_millis(20);
        let mut ticks = interval_at(start, PERIOD);
        let mut cx = Context::from_waker(Waker::noop());
        let polled = pin!(ticks.tick()).poll(&mut cx);
        // Pending, unless twenty milliseconds passed between two lines.
        let first = match polled {
            Poll::Ready(due) => due,
            Poll::Pending => ticks.tick().await,
        };
        assert_eq!(first, start);
        assert_eq!(ticks.tick().await, start + PERIOD);
    });
}

#[test]
fn a_period_of_nothing_is_refused_with_a_panic() {
    in_runtime(async || {
        let refused = catch_unwind(AssertUnwindSafe(|| interval(Duration::ZERO)));
        let payload = refused.expect_err("a period of zero has no rhythm");
        let said = payload.downcast_ref::<&str>().copied().unwrap_or_default();
        assert_eq!(said, "the period of an interval is not zero");
    });
}
