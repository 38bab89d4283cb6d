//! Timers that are asked, and sleeping.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use qi_runtime::time;

use crate::strand::{Strand, Value};
use crate::table::Table;
use crate::{outside, run};

const FIRST: i64 = 1;

static TIMERS: Table<Instant> = Table::beginning_at(FIRST);

/// A moment that no program sees.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86400);

/// So many milliseconds; none if negative.
pub(crate) fn milliseconds(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0)).min(LONGEST)
}

/// A timer that ends so much later; its number.
pub(crate) fn create(after: Duration) -> i64 {
    TIMERS.add(Instant::now() + after)
}

/// Whether it has ended, by time or because it was stopped; `None` if there never was such a one.
pub(crate) fn has_expired(timer: i64) -> Option<bool> {
    let Some(end) = TIMERS.get(timer) else {
        return TIMERS.has_given(timer, FIRST).then_some(true);
    };
    let over = Instant::now() >= *end;
    if over {
        TIMERS.remove(timer);
    }
    Some(over)
}

/// Stops it; whether there was such a one.
pub(crate) fn stop(timer: i64) -> bool {
    TIMERS.remove(timer).is_some() || TIMERS.has_given(timer, FIRST)
}

/// Sleeps: a goroutine is suspended, a thread blocks.
pub(crate) fn sleep(duration: Duration) {
    if !duration.is_zero() {
        run::wait_away(async move { time::sleep(duration).await });
    }
}

/// A future that is ready so much later.
pub(crate) fn sleep_future(duration: Duration) -> &'static Strand {
    outside::begin(async move {
        time::sleep(duration).await;
        (Value::Bits, 0)
    })
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_timer_counts_as_expired_and_an_unknown_one_does_not() {
        let timer = create(Duration::from_secs(1000));
        assert_eq!(has_expired(timer), Some(false));
        assert!(stop(timer));
        assert_eq!((has_expired(timer), has_expired(i64::MAX)), (Some(true), None));
        assert!(!stop(i64::MAX));
        let over = create(Duration::ZERO);
        assert_eq!(has_expired(over), Some(true));
    }

    #[test]
    fn time_that_nobody_sees_does_not_overflow() {
        assert_eq!(milliseconds(-1), Duration::ZERO);
        assert_eq!(milliseconds(i64::MAX), LONGEST);
    }
}
