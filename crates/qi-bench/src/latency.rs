//! Collects latencies into a histogram, each counted from the moment it was *meant* to begin.
//!
//! Whoever records hands in the intended moment, never the moment the load generator got round to
//! it: a stall then shows up in every beat that it delayed, not in one (no coordinated omission).

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::sample::Sample;

/// The longest latency that is told apart: ten minutes.
const LONGEST_NS: u64 = 600_000_000_000;

/// A histogram of latencies in nanoseconds, three digits deep.
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    /// An empty histogram.
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are valid"))
    }

    /// Records how long after the intended moment it is now.
    pub(crate) fn since(&mut self, intended: Instant) {
        self.record(intended.elapsed());
    }

    /// Records a latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(latency.as_nanos() as u64);
    }

    /// Adds all that another histogram recorded.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// The figures of the histogram: quantiles and how many samples stand behind them.
    pub(crate) fn sample(&self) -> Sample {
        self.describe(Sample::default())
    }

    /// Adds the figures of the histogram to a sample.
    pub(crate) fn describe(&self, sample: Sample) -> Sample {
        self.describe_as("", sample)
    }

    /// The same with a word before each name, for samples of several histograms.
    pub(crate) fn describe_as(&self, word: &str, sample: Sample) -> Sample {
        sample
            .with(&format!("{word}p50_ns"), self.0.value_at_quantile(0.50) as f64)
            .with(&format!("{word}p99_ns"), self.0.value_at_quantile(0.99) as f64)
            .with(&format!("{word}max_ns"), self.0.max() as f64)
            .with(&format!("{word}samples"), self.0.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Latencies;

    #[test]
    fn quantiles_come_with_their_sample_count() {
        let mut latencies = Latencies::new();
        for micros in 1..=100 {
            latencies.record(Duration::from_micros(micros));
        }
        let figures = latencies.sample().figures;
        assert_eq!(figures["samples"], 100.0);
        assert!((figures["p50_ns"] - 50_000.0).abs() < 100.0);
        assert!((figures["p99_ns"] - 99_000.0).abs() < 100.0);
    }
}
