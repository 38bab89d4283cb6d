//! How often a parked thread comes back for timers alone.
//!
//! Blocking and being woken costs a thread several microseconds, many times what firing a timer
//! costs. While timers are few, each gets a wake-up of its own, at its exact deadline. When a shard
//! has thousands of them a second, wake-ups are rationed: one each [`SPACING`] on average, with
//! [`BURST`] in reserve, so that timers are late by at most [`SPACING`] and come in batches. A
//! thread that does not block fires timers exactly in any case.
//!
//! The ration is the generic cell rate algorithm (ITU-T I.371, annex A): one number instead of a
//! bucket that must be refilled.
#![forbid(unsafe_code)]

/// The average distance of two wake-ups in nanoseconds, when there are very many.
pub(crate) const SPACING: u64 = 100_000;

/// So many wake-ups may follow one another at any distance.
pub(crate) const BURST: u64 = 64;

/// The ration of one shard.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When the next wake-up would be due if they came at an even distance.
    even: u64,
}

impl Pace {
    /// When to wake up for a timer due at `deadline`: then, or a little later.
    pub(crate) fn wake_at(&self, deadline: u64) -> u64 {
        deadline.max(self.even.saturating_sub(BURST * SPACING))
    }

    /// A thread was woken for a timer at `now`.
    pub(crate) fn woke(&mut self, now: u64) {
        self.even = self.even.max(now).saturating_add(SPACING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_timers_get_exact_wake_ups() {
        let mut pace = Pace::default();
        for n in 1..100_000_u64 {
            let deadline = n * 2 * SPACING;
            assert_eq!(pace.wake_at(deadline), deadline);
            pace.woke(deadline);
        }
    }

    #[test]
    fn a_burst_after_a_pause_gets_exact_wake_ups() {
        let mut pace = Pace::default();
        for n in 0..BURST {
            let deadline = 1_000_000_000 + n * 1_000;
            assert_eq!(pace.wake_at(deadline), deadline);
            pace.woke(deadline);
        }
    }

    #[test]
    fn very_many_timers_share_wake_ups_and_are_late_by_at_most_the_spacing() {
        let mut pace = Pace::default();
        let (mut now, mut wake_ups) = (0, 0);
        while now < 1_000_000_000 {
            // The next timer is always a microsecond away.
            let deadline = now + 1_000;
            now = pace.wake_at(deadline);
            assert!(now - deadline <= SPACING);
            pace.woke(now);
            wake_ups += 1;
        }
        assert!(wake_ups <= 10_000 + BURST + 1, "{wake_ups}");
    }
}
