//! What was measured: histograms and counts, in a few shards, so that connections on different threads
//! seldom wait for each other.

use crate::line::Failure;
use hdrhistogram::Histogram;
use hyper::StatusCode;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Latencies are counted in microseconds, up to a day: one that is longer counts as a day.
const LONGEST_US: u64 = 86_400_000_000;

/// Digits that a latency keeps: three of the whole run, two of a part of it.
const DIGITS: u8 = 3;
const DIGITS_OF_PARTS: u8 = 2;

/// Parts that the run is divided into, for figures over time.
pub(crate) const PARTS: usize = 60;

/// The figures of one shard, or of all together.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// From when a request was due until its answer was there.
    pub(crate) latencies: Histogram<u64>,
    /// From when it was sent: what a closed loop would have told.
    pub(crate) service: Histogram<u64>,
    /// The latencies of requests that were due in each part of the run; shorter than `PARTS` while
    /// later parts have none.
    pub(crate) parts: Vec<Histogram<u64>>,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) failures: BTreeMap<Failure, u64>,
    pub(crate) bytes: u64,
}

fn histogram(digits: u8) -> Histogram<u64> {
    let mut made = Histogram::new(digits).expect("so many digits are allowed");
    made.auto(true);
    made
}

fn note(histogram: &mut Histogram<u64>, micros: u64) {
    // Not `saturating_record`, which does not grow.
    histogram.record(micros).expect("a histogram that grows has room for a day");
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(LONGEST_US).min(LONGEST_US)
}

impl Default for Record {
    fn default() -> Self {
        Self {
            latencies: histogram(DIGITS),
            service: histogram(DIGITS),
            parts: Vec::new(),
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            bytes: 0,
        }
    }
}

/// One exchange: when it was due and sent and over, after the beginning of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) due: Duration,
    pub(crate) sent: Duration,
    pub(crate) over: Duration,
    pub(crate) outcome: Result<(StatusCode, u64), Failure>,
}

impl Record {
    /// How many exchanges are over.
    pub(crate) fn count(&self) -> u64 {
        self.latencies.len()
    }

    /// How many of them were no success.
    pub(crate) fn failed(&self) -> u64 {
        let refused: u64 = self.statuses.range(400..).map(|(_, count)| count).sum();
        refused + self.failures.values().sum::<u64>()
    }

    fn note(&mut self, exchange: &Exchange, run: Duration) {
        let sent = exchange.over.saturating_sub(exchange.sent);
        note(&mut self.service, micros(sent));
        match exchange.outcome {
            Ok((status, bytes)) => {
                *self.statuses.entry(status.as_u16()).or_default() += 1;
                self.bytes += bytes;
            }
            Err(failure) => *self.failures.entry(failure).or_default() += 1,
        }
        self.note_latency(exchange.due, exchange.over, run);
    }

    /// A latency alone: of an exchange, or at least so long of one that never began.
    pub(crate) fn note_latency(&mut self, due: Duration, over: Duration, run: Duration) {
        let latency = micros(over.saturating_sub(due));
        note(&mut self.latencies, latency);
        // In whole nanoseconds: a rounded fraction would put what begins a part into the one before.
        let part = due.as_nanos() * PARTS as u128 / run.as_nanos().max(1);
        let part = usize::try_from(part).unwrap_or(PARTS).min(PARTS - 1);
        while self.parts.len() <= part {
            self.parts.push(histogram(DIGITS_OF_PARTS));
        }
        note(&mut self.parts[part], latency);
    }

    fn add(&mut self, other: &Self) {
        let fits = "histograms that grow take each other in";
        self.latencies.add(&other.latencies).expect(fits);
        self.service.add(&other.service).expect(fits);
        while self.parts.len() < other.parts.len() {
            self.parts.push(histogram(DIGITS_OF_PARTS));
        }
        for (part, other) in self.parts.iter_mut().zip(&other.parts) {
            part.add(other).expect(fits);
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (failure, count) in &other.failures {
            *self.failures.entry(*failure).or_default() += count;
        }
        self.bytes += other.bytes;
    }
}

/// The shards of a run.
#[derive(Debug)]
pub(crate) struct Records {
    shards: Vec<Mutex<Record>>,
    run: Duration,
}

impl Records {
    pub(crate) fn new(shards: usize, run: Duration) -> Self {
        Self { shards: (0..shards.max(1)).map(|_| Mutex::default()).collect(), run }
    }

    fn shard(&self, number: usize) -> MutexGuard<'_, Record> {
        // A leaf: nothing is called under it that waits or panics.
        let shard = &self.shards[number % self.shards.len()];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in one exchange of the connection with that number.
    pub(crate) fn note(&self, connection: usize, exchange: &Exchange) {
        self.shard(connection).note(exchange, self.run);
    }

    /// All together.
    pub(crate) fn sum(&self) -> Record {
        let mut sum = Record::default();
        for number in 0..self.shards.len() {
            sum.add(&self.shard(number));
        }
        sum
    }

    /// Exchanges and failures so far, and the 99th percentile of their latencies.
    pub(crate) fn glance(&self) -> (u64, u64, Duration) {
        let (mut count, mut failed, mut latencies) = (0, 0, histogram(DIGITS));
        for number in 0..self.shards.len() {
            let shard = self.shard(number);
            count += shard.count();
            failed += shard.failed();
            latencies.add(&shard.latencies).expect("histograms that grow take each other in");
        }
        (count, failed, Duration::from_micros(latencies.value_at_quantile(0.99)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(
        due_ms: u64,
        over_ms: u64,
        outcome: Result<(StatusCode, u64), Failure>,
    ) -> Exchange {
        let [due, over] = [due_ms, over_ms].map(Duration::from_millis);
        Exchange { due, sent: over.saturating_sub(Duration::from_millis(1)), over, outcome }
    }

    #[test]
    fn latency_counts_from_when_the_request_was_due() {
        let records = Records::new(2, Duration::from_secs(6));
        // The server stalls for a second: what is due meanwhile waits.
        for due in 0..10 {
            let done = exchange(due * 100, 1000, Ok((StatusCode::OK, 5)));
            records.note(due as usize, &done);
        }
        let sum = records.sum();
        assert_eq!((sum.count(), sum.failed(), sum.bytes), (10, 0, 50));
        assert!(sum.latencies.max() >= 1_000_000, "{}", sum.latencies.max());
        assert!(sum.latencies.value_at_quantile(0.5) >= 500_000);
        // A closed loop would not have noticed.
        assert!(sum.service.max() <= 1_010);
        // Parts of 100 ms.
        assert_eq!(sum.parts.len(), 10);
        assert!(sum.parts.iter().all(|part| part.len() == 1));
    }

    #[test]
    fn failures_and_refusals_are_counted_apart() {
        let records = Records::new(1, Duration::from_secs(1));
        records.note(0, &exchange(0, 1, Ok((StatusCode::OK, 1))));
        records.note(0, &exchange(0, 1, Ok((StatusCode::NOT_FOUND, 1))));
        records.note(0, &exchange(0, 1, Err(Failure::Timeout)));
        let (count, failed, _) = records.glance();
        assert_eq!((count, failed), (3, 2));
        assert_eq!(records.sum().failures[&Failure::Timeout], 1);
    }
}
