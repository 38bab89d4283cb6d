//! Balance: many short computations, all spawned on one worker, against plain threads that share
//! the same work evenly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::spin;

const TASKS: u64 = 100_000;
pub(crate) const LENGTH: Duration = Duration::from_micros(10);

/// The best that can be: the same computations dealt out to plain threads beforehand.
pub(crate) fn ideal(rounds: u64, tasks: u64, threads: usize) -> Duration {
    let start = Instant::now();
    let helpers: Vec<_> = (0..threads as u64)
        .map(|number| {
            let share = (tasks + number) / threads as u64;
            thread::spawn(move || {
                for _ in 0..share {
                    spin::rounds(rounds);
                }
            })
        })
        .collect();
    for helper in helpers {
        helper.join().expect("a plain thread does not panic");
    }
    start.elapsed()
}

async fn all<P: Peer>(rounds: u64, tasks: u64) {
    // Held and awaited like everywhere else; the count is a check on the work, not a way to wait.
    let ran = Arc::new(AtomicU64::new(0));
    let mut joins = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        let ran = Arc::clone(&ran);
        joins.push(P::spawn(async move {
            spin::rounds(rounds);
            // Relaxed: only a count.
            ran.fetch_add(1, Ordering::Relaxed);
        }));
    }
    for join in joins {
        join.await;
    }
    // Relaxed: every task was joined.
    assert_eq!(ran.load(Ordering::Relaxed), tasks, "every task ran");
}

/// 100,000 tasks of 10 µs; the ideal is measured before and after, in the same process.
pub(super) fn run<P: Peer>(job: &Job) -> Sample {
    let rounds = spin::calibrate(LENGTH, job.workers);
    let tasks = job.count(TASKS);
    let runtime = P::start(job.workers);
    runtime.run(all::<P>(rounds, tasks / 10));
    let before = ideal(rounds, tasks, job.workers);
    let meter = Meter::start();
    runtime.run(all::<P>(rounds, tasks));
    let sample = meter.stop(tasks);
    let after = ideal(rounds, tasks, job.workers);
    let ideal_ns = (before + after).as_nanos() as f64 / 2.0 / tasks as f64;
    let over = sample.figures["wall_ns"] / ideal_ns;
    sample.with("over_ideal", over)
}
