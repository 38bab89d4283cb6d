//! When a failed node is tried again.

use std::time::Duration;

/// How often a failed node is tried again, and after what pauses.
///
/// Errors and time limits are tried again; a panic is not, because it is a bug and not bad luck.
///
/// # Examples
/// ```
/// use qi_graph::Retry;
/// use std::time::Duration;
/// let retry = Retry::times(5)
///     .first_pause(Duration::from_millis(10))
///     .factor(2.0)
///     .longest_pause(Duration::from_millis(50));
/// let pauses: Vec<u128> = (1..=5).map(|failed| retry.pause_after(failed).as_millis()).collect();
/// assert_eq!(pauses, [10, 20, 40, 50, 50]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a policy does nothing until a node has it"]
pub struct Retry {
    times: u32,
    first: Duration,
    factor: f64,
    longest: Duration,
    jitter: bool,
}

impl Retry {
    /// Up to so many further attempts after the first. The pauses begin at 100 ms and double, up to
    /// 30 s, without jitter.
    pub fn times(times: u32) -> Self {
        Self {
            times,
            first: Duration::from_millis(100),
            factor: 2.0,
            longest: Duration::from_secs(30),
            jitter: false,
        }
    }

    /// The pause before the second attempt.
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// Each pause is so many times the one before; below 1, or not a number, means 1.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor.max(1.0);
        self
    }

    /// No pause is longer.
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest = pause;
        self
    }

    /// Whether each pause is a random part of its length, from half to all of it, so that nodes
    /// that failed together do not come back together.
    pub fn jitter(mut self, on: bool) -> Self {
        self.jitter = on;
        self
    }

    /// Further attempts after the first.
    #[must_use]
    pub fn attempts_left_after(&self, failed: u32) -> u32 {
        self.times.saturating_sub(failed.saturating_sub(1))
    }

    /// The pause after so many failed attempts, before jitter.
    #[must_use]
    pub fn pause_after(&self, failed: u32) -> Duration {
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first.as_secs_f64() * self.factor.powi(exponent);
        // Also where it overflows: then it is longer than any limit.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(self.longest)
    }

    /// The pause with jitter; `random` is any number.
    pub(crate) fn jittered_pause(&self, failed: u32, random: u64) -> Duration {
        let pause = self.pause_after(failed);
        if !self.jitter {
            return pause;
        }
        // The upper 32 bits as a part of one.
        let part = (random >> 32) as f64 / f64::from(u32::MAX);
        pause.mul_f64(0.5 + part / 2.0).min(pause)
    }
}

/// Steele, Lea and Flood's `SplitMix64`: from a seed and a place to a number without a pattern.
pub(crate) fn scatter(seed: u64, place: u64) -> u64 {
    let state = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Retry, scatter};
    use std::time::Duration;

    #[test]
    fn pauses_grow_up_to_the_longest_and_never_overflow() {
        let retry = Retry::times(u32::MAX).longest_pause(Duration::MAX).factor(1e300);
        assert_eq!(retry.pause_after(1), Duration::from_millis(100));
        assert_eq!(retry.pause_after(u32::MAX), Duration::MAX);
        let odd = Retry::times(1).factor(f64::NAN);
        assert_eq!(odd.pause_after(9), Duration::from_millis(100));
    }

    #[test]
    fn attempts_are_counted_down_to_none() {
        let retry = Retry::times(2);
        let left: Vec<u32> = (1..=4).map(|failed| retry.attempts_left_after(failed)).collect();
        assert_eq!(left, [2, 1, 0, 0]);
    }

    #[test]
    fn jitter_keeps_a_pause_between_half_and_all_of_it() {
        let retry = Retry::times(9).jitter(true).first_pause(Duration::from_millis(80));
        let pauses: Vec<Duration> =
            (0..1000).map(|place| retry.jittered_pause(1, scatter(7, place))).collect();
        assert!(pauses.iter().all(|p| (40..=80).contains(&p.as_millis())), "{pauses:?}");
        let shortest = pauses.iter().min().expect("a thousand");
        let longest = pauses.iter().max().expect("a thousand");
        assert!(*longest - *shortest > Duration::from_millis(35), "{shortest:?} to {longest:?}");
    }
}
