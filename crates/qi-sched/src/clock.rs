//! The time as the scheduler sees it: handed in, so that a test can hold it still.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A monotonic clock.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that moves only when told to.
///
/// # Examples
/// ```
/// use qi_sched::{Clock, ManualClock};
/// use std::time::Duration;
/// let clock = ManualClock::new();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now() - start, Duration::from_secs(3600));
/// ```
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    elapsed_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at the present moment.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now(), elapsed_ns: AtomicU64::new(0) }
    }

    /// Moves the clock forward.
    ///
    /// # Panics
    /// If the clock would pass 584 years of nanoseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).expect("a step of less than 584 years");
        // Relaxed: whoever advances the clock tells others by its own means.
        self.elapsed_ns.fetch_add(by, Relaxed);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        // Relaxed: see `advance`.
        self.start + Duration::from_nanos(self.elapsed_ns.load(Relaxed))
    }
}
