//! Yielding: tasks that do nothing but let each other run.

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;

const TASKS: u64 = 200;
const YIELDS: u64 = 10_000;

async fn all<P: Peer>(yields: u64) {
    let mut joins = Vec::with_capacity(TASKS as usize);
    for _ in 0..TASKS {
        joins.push(P::spawn(async move {
            for _ in 0..yields {
                P::yield_now().await;
            }
        }));
    }
    for join in joins {
        join.await;
    }
}

/// 200 tasks yield 10,000 times each.
pub(super) fn run<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let yields = job.count(YIELDS);
    runtime.run(all::<P>(yields / 10));
    let meter = Meter::start();
    runtime.run(all::<P>(yields));
    meter.stop(TASKS * yields)
}
