//! Timers: fired in masses, set and dropped in masses, and how late a short sleep ends.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::Job;
use crate::latency::Latencies;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::spin;

/// Sleeps that are spread over one second.
const SLEEPS: u64 = 1_000_000;
/// Timeouts that are set and dropped.
const TIMEOUTS: u64 = 5_000_000;
/// Tasks that set and drop them side by side.
const TIMEOUT_TASKS: u64 = 100;
/// The sleep whose lateness is measured.
const SHORT: Duration = Duration::from_millis(1);

/// Where in the second a sleep ends, in nanoseconds: spread evenly, in no order.
pub(crate) fn scattered(number: u64) -> Duration {
    Duration::from_nanos(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_000_000)
}

async fn sleeps<P: Peer>(count: u64) {
    let mut joins = Vec::with_capacity(count as usize);
    for number in 0..count {
        joins.push(P::spawn(P::sleep(scattered(number))));
    }
    for join in joins {
        join.await;
    }
}

/// Sleeps over one second: spawned, set, fired. What counts is the CPU time of each.
pub(super) fn fire<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let count = job.count(SLEEPS);
    runtime.run(sleeps::<P>(count / 100));
    let meter = Meter::start();
    runtime.run(sleeps::<P>(count));
    meter.stop(count)
}

/// Pending at its first poll, whose waker it wakes; ready at its second.
#[derive(Default)]
pub(super) struct SecondTime {
    polled: bool,
}

impl Future for SecondTime {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.polled {
            return Poll::Ready(());
        }
        self.polled = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn timeouts<P: Peer>(each: u64) {
    let mut joins = Vec::with_capacity(TIMEOUT_TASKS as usize);
    for _ in 0..TIMEOUT_TASKS {
        joins.push(P::spawn(async move {
            for _ in 0..each {
                let in_time = P::timeout(Duration::from_secs(30), SecondTime::default()).await;
                assert!(in_time, "thirty seconds cannot have passed");
            }
        }));
    }
    for join in joins {
        join.await;
    }
}

/// Timeouts over a future that is pending once: each is set and dropped, none fires.
pub(super) fn set_and_drop<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let each = job.count(TIMEOUTS) / TIMEOUT_TASKS;
    runtime.run(timeouts::<P>(each / 10));
    let meter = Meter::start();
    runtime.run(timeouts::<P>(each));
    meter.stop(each * TIMEOUT_TASKS)
}

async fn short_sleeps<P: Peer>(count: u64) -> Latencies {
    let mut latencies = Latencies::new();
    for _ in 0..count {
        let due = Instant::now() + SHORT;
        P::sleep(SHORT).await;
        latencies.since(due);
    }
    latencies
}

/// How late one millisecond ends when nothing else runs.
pub(super) fn late_idle<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    runtime.run(short_sleeps::<P>(20));
    runtime.run(short_sleeps::<P>(job.count(2000))).sample()
}

/// Tasks that keep every worker busy, and how long each of their polls is.
const LOAD_TASKS: usize = 50;
const LOAD_POLL: Duration = Duration::from_micros(20);
/// Tasks that sleep meanwhile.
const SLEEPERS: u64 = 10;

async fn sleep_under_load<P: Peer>(rounds: u64, sleeps_each: u64) -> Latencies {
    let stop = Arc::new(AtomicBool::new(false));
    let mut load = Vec::with_capacity(LOAD_TASKS);
    for _ in 0..LOAD_TASKS {
        let stop = Arc::clone(&stop);
        load.push(P::spawn(async move {
            // Relaxed: the flag carries no data.
            while !stop.load(Ordering::Relaxed) {
                spin::rounds(rounds);
                P::yield_now().await;
            }
        }));
    }
    let mut sleepers = Vec::with_capacity(SLEEPERS as usize);
    for _ in 0..SLEEPERS {
        sleepers.push(P::spawn(short_sleeps::<P>(sleeps_each)));
    }
    let mut all = Latencies::new();
    for sleeper in sleepers {
        all.merge(&sleeper.await);
    }
    // Relaxed: as above.
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await;
    }
    all
}

/// How late one millisecond ends when the workers never run out of work.
pub(super) fn late_loaded<P: Peer>(job: &Job) -> Sample {
    let rounds = spin::calibrate(LOAD_POLL, job.workers);
    let runtime = P::start(job.workers);
    runtime.run(sleep_under_load::<P>(rounds, job.count(1000) / SLEEPERS * 2)).sample()
}
