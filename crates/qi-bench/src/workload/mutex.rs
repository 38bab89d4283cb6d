//! A lock with 1000 tasks at it: held for one increment, or over a yield. Each runtime with its own
//! lock. An operation is a lock and its unlock.

use std::sync::Arc;

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;

/// Tasks that want the lock.
const TASKS: u64 = 1000;
/// Operations of all tasks when the lock is never held over a suspension.
const FREE: u64 = 10_000_000;
/// Operations of all tasks when it always is.
const HELD: u64 = 1_000_000;

async fn lock_briefly<P: Peer>(mutex: &P::Mutex) {
    *P::lock(mutex).await += 1;
}

async fn lock_over_a_yield<P: Peer>(mutex: &P::Mutex) {
    let mut number = P::lock(mutex).await;
    P::yield_now().await;
    *number += 1;
}

async fn all<P: Peer>(times: u64, held: bool) {
    let mutex = Arc::new(P::Mutex::default());
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let mutex = Arc::clone(&mutex);
            P::spawn(async move {
                for _ in 0..times {
                    if held {
                        lock_over_a_yield::<P>(&mutex).await;
                    } else {
                        lock_briefly::<P>(&mutex).await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
    assert_eq!(*P::lock(&mutex).await, TASKS * times, "two were in at once");
}

fn measure<P: Peer>(job: &Job, operations: u64, held: bool) -> Sample {
    let runtime = P::start(job.workers);
    let times = job.count(operations) / TASKS;
    runtime.run(all::<P>(times / 10, held));
    let meter = Meter::start();
    runtime.run(all::<P>(times, held));
    meter.stop(TASKS * times)
}

/// Nothing is held over a suspension.
pub(super) fn free<P: Peer>(job: &Job) -> Sample {
    measure::<P>(job, FREE, false)
}

/// Each lock is held over one yield.
pub(super) fn held<P: Peer>(job: &Job) -> Sample {
    measure::<P>(job, HELD, true)
}

/// One task takes a lock that nobody else wants.
pub(super) async fn alone<P: Peer>(times: u64) {
    let mutex = P::Mutex::default();
    for _ in 0..times {
        lock_briefly::<P>(&mutex).await;
    }
    assert_eq!(*P::lock(&mutex).await, times, "an increment was lost");
}
