//! What connects two hosts.
#![forbid(unsafe_code)]

use crate::simulation::dice::Dice;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long a stream waits before it sends a lost packet again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// How packets travel between two hosts, in either direction.
///
/// # Examples
/// ```
/// use qi_runtime::simulation::net::Link;
/// use std::time::Duration;
/// let far = Link::new(Duration::from_millis(40)..=Duration::from_millis(90)).loss(0.01);
/// # let _ = far;
/// ```
#[derive(Clone, Debug)]
pub struct Link {
    delay: RangeInclusive<Duration>,
    /// Packets lost in a million.
    loss: u32,
    /// Datagrams that come twice, in a million.
    twice: u32,
}

impl Link {
    /// A link on which a packet takes a time between these two. Nothing is lost on it.
    #[must_use]
    pub fn new(delay: RangeInclusive<Duration>) -> Self {
        Self { delay, loss: 0, twice: 0 }
    }

    /// Loses this part of all packets: 0 to 1, others count as the nearer of them. Streams send what was
    /// lost again.
    #[must_use]
    pub fn loss(mut self, part: f64) -> Self {
        self.loss = per_million(part);
        self
    }

    /// Delivers this part of all datagrams twice: 0 to 1, as above.
    #[must_use]
    pub fn duplication(mut self, part: f64) -> Self {
        self.twice = per_million(part);
        self
    }

    pub(super) fn delay(&self, dice: &mut Dice) -> Duration {
        let (least, most) = (*self.delay.start(), *self.delay.end());
        let span = u64::try_from(most.saturating_sub(least).as_nanos()).unwrap_or(u64::MAX);
        least + Duration::from_nanos(dice.below(span.saturating_add(1)))
    }

    /// How long a packet of a stream takes, with what it takes to send it again while it is lost.
    pub(super) fn delay_until_received(&self, dice: &mut Dice) -> Duration {
        // A link that loses everything would take for ever: a cut is for that.
        const MOST_ATTEMPTS: u32 = 16;
        let lost = (0..MOST_ATTEMPTS).take_while(|_| dice.chance(self.loss)).count();
        self.delay(dice) + AGAIN_AFTER * u32::try_from(lost).unwrap_or(MOST_ATTEMPTS)
    }

    pub(super) fn loses(&self, dice: &mut Dice) -> bool {
        dice.chance(self.loss)
    }

    pub(super) fn doubles(&self, dice: &mut Dice) -> bool {
        dice.chance(self.twice)
    }
}

impl Default for Link {
    /// 50 µs to 2 ms, and nothing is lost.
    fn default() -> Self {
        Self::new(Duration::from_micros(50)..=Duration::from_millis(2))
    }
}

fn per_million(part: f64) -> u32 {
    // In range, so nothing is cut off but the fraction.
    (part.clamp(0.0, 1.0) * 1_000_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::dice::Concern;

    #[test]
    fn delays_stay_in_their_range_and_loss_costs_a_stream_time() {
        let mut dice = Dice::new(1, Concern::Network);
        let (least, most) = (Duration::from_millis(1), Duration::from_millis(3));
        let link = Link::new(least..=most);
        for _ in 0..100 {
            assert!((least..=most).contains(&link.delay(&mut dice)));
            assert!(!link.loses(&mut dice));
        }
        let lossy = Link::new(least..=most).loss(1.0);
        assert!(lossy.loses(&mut dice));
        assert!(lossy.delay_until_received(&mut dice) > AGAIN_AFTER);
    }
}
