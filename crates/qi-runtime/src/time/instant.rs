//! A moment on the runtime's clock.
//!
//! # Why not the standard library's
//! `std::time::Instant::now` reads the system's clock. A test whose runtime's clock stands still needs
//! a `now` that stands still with it, and code under test must not have to know. So this type's `now`
//! asks the runtime of the calling thread, and the system where there is none. It converts from and
//! to the standard type, and is compared with it, because on an ordinary runtime they are the same.

use crate::here;
use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::{Duration, Instant as StdInstant};

/// Where sums end that no clock could express.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Far enough if the platform cannot express even that.
const LESS_FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// A moment on the clock of the current runtime.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::time::{Duration, Instant, sleep};
/// runtime.block_on(async {
///     let begun = Instant::now();
///     sleep(Duration::from_millis(1)).await;
///     assert!(begun.elapsed() >= Duration::from_millis(1));
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(StdInstant);

impl Instant {
    /// The present moment: on the clock of the runtime that the calling thread works for, on the
    /// system's where it works for none.
    #[must_use]
    pub fn now() -> Self {
        Self(here::now())
    }

    /// The same moment as the standard type.
    #[must_use]
    pub fn into_std(self) -> StdInstant {
        self.0
    }

    /// How long ago it was; zero if it is yet to come.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    /// How long after `earlier` it is; zero if it is not.
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// How long after `earlier` it is; `None` if it is before.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// How long after `earlier` it is; zero if it is not.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The moment `duration` later, if the clock can express it.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// The moment `duration` earlier, if the clock can express it.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The moment `duration` later; a century later if the clock cannot express that.
    #[must_use]
    pub fn saturating_add(&self, duration: Duration) -> Self {
        let sum = self.0.checked_add(duration).or_else(|| self.0.checked_add(FAR));
        Self(sum.unwrap_or_else(|| self.0 + LESS_FAR))
    }
}

impl From<StdInstant> for Instant {
    fn from(instant: StdInstant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for StdInstant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl PartialEq<StdInstant> for Instant {
    fn eq(&self, other: &StdInstant) -> bool {
        self.0 == *other
    }
}

impl PartialOrd<StdInstant> for Instant {
    fn partial_cmp(&self, other: &StdInstant) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(other)
    }
}

impl PartialEq<Instant> for StdInstant {
    fn eq(&self, other: &Instant) -> bool {
        *self == other.0
    }
}

impl PartialOrd<Instant> for StdInstant {
    fn partial_cmp(&self, other: &Instant) -> Option<std::cmp::Ordering> {
        self.partial_cmp(&other.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the clock cannot express the sum.
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// If the clock cannot express the difference.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time between the two; zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
