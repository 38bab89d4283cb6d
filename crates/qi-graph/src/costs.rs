//! What nodes cost, by name: measured in one run, used to order the next.

use std::collections::HashMap;
use std::time::Duration;

/// Durations of nodes by name. Made by [`Report::costs`](crate::Report::costs), or collected from
/// pairs that were kept somewhere.
///
/// # Examples
/// ```
/// use qi_graph::Costs;
/// use std::time::Duration;
/// let costs: Costs = [("link".to_owned(), Duration::from_millis(80))].into_iter().collect();
/// assert_eq!(costs.get("link"), Some(Duration::from_millis(80)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs(HashMap<String, Duration>);

impl Costs {
    /// The cost of a node.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Duration> {
        self.0.get(name).copied()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.0.iter().map(|(name, cost)| (name.as_str(), *cost))
    }

    /// The mean in nanoseconds, at least 1.
    pub(crate) fn mean_ns(&self) -> u64 {
        let total: u128 = self.0.values().map(Duration::as_nanos).sum();
        let mean = total / (self.0.len().max(1) as u128);
        u64::try_from(mean).unwrap_or(u64::MAX).max(1)
    }
}

impl FromIterator<(String, Duration)> for Costs {
    fn from_iter<I: IntoIterator<Item = (String, Duration)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
