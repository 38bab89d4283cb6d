//! When requests are due: slot k at `begin + k ÷ rate`, for as long as the run lasts.
//!
//! Connections take slots in order. One that is busy takes none; then the next free one takes the slot,
//! late if need be, and the latency says so.

use qi_runtime::time::Instant;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The slots of a run.
#[derive(Debug)]
pub(crate) struct Schedule {
    begin: Instant,
    duration: Duration,
    rate: f64,
    next: AtomicU64,
}

impl Schedule {
    pub(crate) fn new(begin: Instant, duration: Duration, rate: f64) -> Self {
        Self { begin, duration, rate, next: AtomicU64::new(0) }
    }

    pub(crate) fn begin(&self) -> Instant {
        self.begin
    }

    /// How many slots are due before `passed` has passed, or before the end of the run.
    pub(crate) fn due_by(&self, passed: Duration) -> u64 {
        let passed = passed.min(self.duration);
        // Slot 0 is due at the beginning; one that would be due at the very end is not.
        (passed.as_secs_f64() * self.rate).ceil() as u64
    }

    /// When slot k is due, after the beginning.
    pub(crate) fn offset(&self, slot: u64) -> Duration {
        Duration::from_secs_f64(slot as f64 / self.rate)
    }

    /// The next slot, if there is one: when it is due, after the beginning. When the time of the run
    /// is over, slots that nobody took stay where they are.
    pub(crate) fn take(&self, now: Instant) -> Option<Duration> {
        if now.saturating_duration_since(self.begin) >= self.duration {
            return None;
        }
        // Relaxed: a slot is a number, and nothing else goes by it.
        let slot = self.next.fetch_add(1, Relaxed);
        (slot < self.due_by(self.duration)).then(|| self.offset(slot))
    }

    /// How many slots were taken.
    pub(crate) fn taken(&self) -> u64 {
        // Relaxed: as in `take`.
        self.next.load(Relaxed).min(self.due_by(self.duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_due_at_the_rate_and_end_with_the_run() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, Duration::from_secs(2), 2.5);
        let taken: Vec<_> = std::iter::from_fn(|| schedule.take(begin)).collect();
        assert_eq!(taken, [0, 400, 800, 1200, 1600].map(Duration::from_millis));
        assert_eq!(schedule.taken(), 5);
        assert_eq!(schedule.due_by(Duration::from_secs(1)), 3);
        assert_eq!(schedule.due_by(Duration::from_secs(9)), 5);
    }

    #[test]
    fn nobody_takes_a_slot_after_the_end() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, Duration::from_secs(1), 10.0);
        assert!(schedule.take(begin + Duration::from_millis(999)).is_some());
        assert!(schedule.take(begin + Duration::from_secs(1)).is_none());
        assert_eq!((schedule.taken(), schedule.due_by(Duration::MAX)), (1, 10));
    }
}
