//! The clock that is handed to a reactor, and the timeline of nanoseconds kept from it.
//!
//! A reactor reads the time through [`Clock`] only, so that tests of timers advance a
//! [`ManualClock`] instead of sleeping. Inside, a point in time is a `u64` of nanoseconds since
//! the reactor was built: half the size of an [`Instant`], and it fits an atomic.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// "No deadline": later than every point on a [`Timeline`].
pub(crate) const NEVER: u64 = u64::MAX;

/// The last point of a [`Timeline`], 584 years after its base.
const LAST: u64 = NEVER - 1;

/// A source of monotonic time.
///
/// `now` is called by threads that turn a reactor, sometimes while they hold one of its locks: it
/// must not call back into the reactor, and must not panic.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the present; never earlier than what it returned before on any thread.
    fn now(&self) -> Instant;
}

/// The monotonic clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that stands still until it is advanced, for tests.
///
/// A thread that is parked until a deadline of this clock wakes after the same *real* duration,
/// finds nothing due and returns: call [`Reactor::unpark`](crate::Reactor::unpark) or
/// [`Reactor::try_turn`](crate::Reactor::try_turn) after advancing it.
///
/// # Examples
///
/// ```
/// use qi_reactor::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now() - before, Duration::from_secs(3600));
/// ```
#[derive(Debug)]
pub struct ManualClock {
    base: Instant,
    /// Nanoseconds since `base`. Relaxed suffices: the value stands for itself, nothing else is
    /// published with it, and additions to one atomic are totally ordered.
    elapsed: AtomicU64,
}

impl ManualClock {
    /// Creates a clock that stands at an arbitrary instant.
    #[must_use]
    pub fn new() -> Self {
        Self { base: Instant::now(), elapsed: AtomicU64::new(0) }
    }

    /// Moves the clock forward.
    ///
    /// # Panics
    ///
    /// Panics if the clock would pass 584 years.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).expect("a manual clock ends after 584 years");
        let before = self.elapsed.fetch_add(by, Ordering::Relaxed);
        assert!(before.checked_add(by).is_some(), "a manual clock ends after 584 years");
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.base + Duration::from_nanos(self.elapsed.load(Ordering::Relaxed))
    }
}

/// Converts between instants and nanoseconds since a base.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    base: Instant,
}

impl Timeline {
    pub(crate) fn starting_at(base: Instant) -> Self {
        Self { base }
    }

    /// Nanoseconds from the base to `instant`: 0 if it is earlier, [`LAST`] if it is too late.
    pub(crate) fn nanos(self, instant: Instant) -> u64 {
        match instant.checked_duration_since(self.base) {
            None => 0,
            Some(since) => span_nanos(since).min(LAST),
        }
    }

    /// The instant `nanos` after the base. What the platform's clock cannot express (more than
    /// centuries away) becomes 30 years, which is lower and therefore only an early look.
    pub(crate) fn instant(self, nanos: u64) -> Instant {
        const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 86_400);
        self.base.checked_add(Duration::from_nanos(nanos)).unwrap_or(self.base + THIRTY_YEARS)
    }

    /// The point `delay` after `now`, at most [`LAST`].
    pub(crate) fn after(now: u64, delay: Duration) -> u64 {
        now.saturating_add(span_nanos(delay)).min(LAST)
    }
}

/// Nanoseconds in `span`, saturating; cheaper than the 128-bit `as_nanos`.
fn span_nanos(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(span.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_before_the_base_is_the_base() {
        let base = Instant::now();
        let timeline = Timeline::starting_at(base + Duration::from_secs(1));
        assert_eq!(timeline.nanos(base), 0);
    }

    #[test]
    fn a_hundred_years_round_trip() {
        let base = Instant::now();
        let century = Duration::from_secs(100 * 366 * 86_400);
        let timeline = Timeline::starting_at(base);
        let nanos = timeline.nanos(base + century);
        assert_eq!(u128::from(nanos), century.as_nanos());
        assert_eq!(timeline.instant(nanos), base + century);
    }

    #[test]
    fn the_longest_duration_ends_at_the_last_point_and_not_at_never() {
        assert_eq!(Timeline::after(17, Duration::MAX), LAST);
        assert_ne!(LAST, NEVER);
    }
}
