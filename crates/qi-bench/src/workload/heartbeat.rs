//! A heartbeat every ten milliseconds over a flood of ten thousand tasks that compute and yield.
//!
//! Every beat counts from the moment it was due, also the ones that a late wake-up made impossible.

use std::pin::Pin;
use std::time::{Duration, Instant};

use super::Job;
use crate::latency::Latencies;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::spin;

/// Tasks of the flood, and how long each computes between two yields.
pub(crate) const FLOOD: usize = 10_000;
pub(crate) const POLL: Duration = Duration::from_micros(75);
/// Time between two beats, and beats that are measured.
pub(crate) const BEAT: Duration = Duration::from_millis(10);
pub(crate) const BEATS: u32 = 500;

/// How the beating task is spawned: like any other, or urgently.
type Detach = fn(Pin<Box<dyn Future<Output = ()> + Send>>);

async fn beat<P: Peer>(beats: u32, tell: std::sync::mpsc::Sender<Latencies>, done: P::Sender) {
    let start = Instant::now();
    let mut latencies = Latencies::new();
    let mut number = 1;
    while number <= beats {
        P::sleep((start + BEAT * number).saturating_duration_since(Instant::now())).await;
        while number <= beats && start + BEAT * number <= Instant::now() {
            latencies.since(start + BEAT * number);
            number += 1;
        }
    }
    tell.send(latencies).ok();
    P::send(done, 0);
}

/// Latency of the beats under the flood.
pub(super) fn run<P: Peer>(job: &Job, detach: Detach) -> Sample {
    let rounds = spin::calibrate(POLL, job.workers);
    let runtime = P::start(job.workers);
    let (tell, told) = std::sync::mpsc::channel();
    let beats = job.count(BEATS.into()) as u32;
    runtime.run(async move {
        for _ in 0..FLOOD {
            P::detach(async move {
                loop {
                    spin::rounds(rounds);
                    P::yield_now().await;
                }
            });
        }
        let (done, finished) = P::oneshot();
        detach(Box::pin(beat::<P>(beats, tell, done)));
        finished.await;
    });
    // The flood never ends by itself; the process does, as soon as the sample is printed.
    std::mem::forget(runtime);
    told.recv().expect("the beats were sent before they were done").sample()
}
