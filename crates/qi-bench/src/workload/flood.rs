//! Ten thousand tasks that are always runnable: each computes for 50 to 100 µs, and yields.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::urgent::Bell;
use super::{FLOOD, Job};
use crate::latency::Latencies;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::spin;

/// The shortest poll of a task of the flood; the longest is twice that.
const SHORTEST: Duration = Duration::from_micros(50);
/// How often whoever waits for the flood to rise looks again.
const LOOK: Duration = Duration::from_millis(20);

/// The flood as those who measure above it see it.
pub(super) struct Flood {
    /// The rounds of the shortest poll.
    rounds: u64,
    begun: AtomicUsize,
    /// How long polls really take, other programs on the machine included.
    polls: Mutex<Latencies>,
}

impl Flood {
    /// Finds out how long this machine computes for a poll.
    pub(super) fn prepare(job: &Job) -> Arc<Self> {
        Arc::new(Self {
            rounds: spin::calibrate(SHORTEST, job.workers),
            begun: AtomicUsize::new(0),
            polls: Mutex::new(Latencies::new()),
        })
    }

    /// One poll's work, in the middle of which the bell is rung if that is due.
    fn compute(&self, rounds: u64, bell: Option<&Bell>) {
        let begun = Instant::now();
        spin::rounds(rounds / 2);
        if let Some(bell) = bell {
            bell.ring_when_due();
        }
        spin::rounds(rounds - rounds / 2);
        // A sample that another worker is in the way of is left out: nobody waits here.
        if let Ok(mut polls) = self.polls.try_lock() {
            polls.since(begun);
        }
    }

    /// Spawns the tasks, which never end. Called inside a task.
    pub(super) fn rise<P: Peer>(self: &Arc<Self>, bell: Option<&Arc<Bell>>) {
        for number in 0..FLOOD as u64 {
            let (flood, bell) = (Arc::clone(self), bell.map(Arc::clone));
            let rounds = self.rounds + self.rounds * (number * 7919 % 1000) / 1000;
            P::detach(async move {
                // Relaxed: a count for whoever waits until all have begun.
                flood.begun.fetch_add(1, Ordering::Relaxed);
                loop {
                    flood.compute(rounds, bell.as_deref());
                    P::yield_now().await;
                }
            });
        }
    }

    /// Waits until every task of the flood has been polled.
    pub(super) async fn risen<P: Peer>(&self) {
        // Relaxed: see `rise`.
        while self.begun.load(Ordering::Relaxed) < FLOOD {
            P::sleep(LOOK).await;
        }
        // Those before were slowed by the spawning.
        *self.polls.lock().expect("nobody panics under it") = Latencies::new();
    }

    /// Adds to a sample how long the polls beside it took.
    pub(super) fn describe(&self, sample: Sample) -> Sample {
        let polls = self.polls.lock().expect("nobody panics under it");
        polls.describe_as("poll_", sample)
    }
}
