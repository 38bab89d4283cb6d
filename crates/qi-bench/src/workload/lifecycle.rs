//! A runtime's own life: made and unmade empty, and unmade over a million parked tasks.

use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::Job;
use crate::measure::Meter;
use crate::peer::Disposable;
use crate::sample::Sample;

const LIVES: u64 = 1000;
const PARKED: u64 = 1_000_000;

/// Makes and unmakes an empty runtime; an operation is one life.
pub(super) fn create_and_dispose<D: Disposable>(job: &Job) -> Sample {
    let lives = job.count(LIVES);
    for _ in 0..lives / 10 {
        D::create(job.workers).dispose();
    }
    let meter = Meter::start();
    for _ in 0..lives {
        D::create(job.workers).dispose();
    }
    meter.stop(lives)
}

/// Unmakes a runtime whose tasks all wait for ever; an operation is one task.
pub(super) fn dispose_parked<D: Disposable>(job: &Job) -> Sample {
    let count = job.count(PARKED);
    let runtime = D::create(job.workers);
    let parked = Arc::new(AtomicU64::new(0));
    for _ in 0..count {
        let parked = Arc::clone(&parked);
        runtime.detach(async move {
            // Relaxed: only a count.
            parked.fetch_add(1, Ordering::Relaxed);
            future::pending::<()>().await;
        });
    }
    // Relaxed: as above.
    while parked.load(Ordering::Relaxed) < count {
        thread::sleep(Duration::from_millis(10));
    }
    let meter = Meter::start();
    runtime.dispose();
    let sample = meter.stop(count);
    assert_eq!(Arc::strong_count(&parked), 1, "unmaking a runtime drops its tasks");
    sample
}
