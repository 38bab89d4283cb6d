//! may's side of the workloads about time: sleeps in masses, lateness, the heartbeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use may::coroutine;

use super::{go, join, run_inside};
use crate::latency::Latencies;
use crate::measure::Meter;
use crate::sample::Sample;
use crate::spin;
use crate::workload::{BEAT, BEATS, FLOOD, FLOOD_POLL, Job, scattered};

/// The sleep whose lateness is measured.
const SHORT: Duration = Duration::from_millis(1);

fn sleeps(count: u64) {
    let handles: Vec<_> =
        (0..count).map(|number| go(move || coroutine::sleep(scattered(number)))).collect();
    handles.into_iter().for_each(join);
}

pub(super) fn fire(job: &Job) -> Sample {
    let count = job.count(1_000_000);
    run_inside(move || sleeps(count / 100));
    let meter = Meter::start();
    run_inside(move || sleeps(count));
    meter.stop(count)
}

fn short_sleeps(count: u64) -> Latencies {
    let mut latencies = Latencies::new();
    for _ in 0..count {
        let due = Instant::now() + SHORT;
        coroutine::sleep(SHORT);
        latencies.since(due);
    }
    latencies
}

pub(super) fn late_idle(job: &Job) -> Sample {
    run_inside(|| short_sleeps(20));
    let count = job.count(2000);
    run_inside(move || short_sleeps(count)).sample()
}

fn sleep_under_load(rounds: u64, sleeps_each: u64) -> Latencies {
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..50)
        .map(|_| {
            let stop = Arc::clone(&stop);
            go(move || {
                // Relaxed: the flag carries no data.
                while !stop.load(Ordering::Relaxed) {
                    spin::rounds(rounds);
                    coroutine::yield_now();
                }
            })
        })
        .collect();
    let sleepers: Vec<_> = (0..10).map(|_| go(move || short_sleeps(sleeps_each))).collect();
    let mut all = Latencies::new();
    for sleeper in sleepers {
        all.merge(&join(sleeper));
    }
    // Relaxed: as above.
    stop.store(true, Ordering::Relaxed);
    load.into_iter().for_each(join);
    all
}

pub(super) fn late_loaded(job: &Job) -> Sample {
    let rounds = spin::calibrate(Duration::from_micros(20), job.workers);
    let each = job.count(1000) / 10 * 2;
    run_inside(move || sleep_under_load(rounds, each)).sample()
}

fn beat(beats: u32) -> Latencies {
    let start = Instant::now();
    let mut latencies = Latencies::new();
    let mut number = 1;
    while number <= beats {
        coroutine::sleep((start + BEAT * number).saturating_duration_since(Instant::now()));
        while number <= beats && start + BEAT * number <= Instant::now() {
            latencies.since(start + BEAT * number);
            number += 1;
        }
    }
    latencies
}

pub(super) fn heartbeat(job: &Job) -> Sample {
    let rounds = spin::calibrate(FLOOD_POLL, job.workers);
    let beats = job.count(BEATS.into()) as u32;
    let (tell, told) = std::sync::mpsc::channel();
    drop(go(move || {
        for _ in 0..FLOOD {
            drop(go(move || {
                loop {
                    spin::rounds(rounds);
                    coroutine::yield_now();
                }
            }));
        }
        drop(go(move || tell.send(beat(beats)).expect("the process waits")));
    }));
    // The flood never ends by itself; the process does, as soon as the sample is printed.
    told.recv().expect("the beats come").sample()
}
