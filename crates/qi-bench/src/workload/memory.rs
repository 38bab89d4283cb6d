//! What a parked task weighs: growth of the resident set over a million of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::Job;
use crate::measure::rss_bytes;
use crate::peer::Peer;
use crate::sample::Sample;

const TASKS: u64 = 1_000_000;
/// Longer than the measurement takes.
const LONG: Duration = Duration::from_secs(3600);

/// Waits until `parked` has reached `count` and the resident set stands still, then says by how
/// much it has grown per task since it was `before`.
pub(crate) fn settled_growth(before: u64, parked: &AtomicU64, count: u64) -> Sample {
    let mut last = 0;
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = rss_bytes();
        // Relaxed: only a count; what it counts is watched through the resident set.
        if parked.load(Ordering::Relaxed) >= count && now == last {
            let growth = now.saturating_sub(before) as f64;
            return Sample::default()
                .with("bytes_per_task", growth / count as f64)
                .with("operations", count as f64);
        }
        last = now;
    }
}

/// Tasks that sleep.
pub(super) fn sleeping<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let count = job.count(TASKS);
    // Inside a task, because some peers look for their runtime as soon as a sleep is made.
    runtime.run(async { P::sleep(Duration::from_millis(1)).await });
    let parked = Arc::new(AtomicU64::new(0));
    let before = rss_bytes();
    let counter = Arc::clone(&parked);
    runtime.run(async move {
        for number in 0..count {
            let counter = Arc::clone(&counter);
            P::detach(async move {
                // Relaxed: only a count.
                counter.fetch_add(1, Ordering::Relaxed);
                P::sleep(LONG + Duration::from_micros(number)).await;
            });
        }
    });
    let sample = settled_growth(before, &parked, count);
    // Dropping a million tasks is another workload.
    std::mem::forget(runtime);
    sample
}

/// Tasks that wait for a oneshot (whose own block is part of the figure).
pub(super) fn waiting<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let count = job.count(TASKS);
    runtime.run(async { P::yield_now().await });
    let parked = Arc::new(AtomicU64::new(0));
    let before = rss_bytes();
    let counter = Arc::clone(&parked);
    let senders = runtime.run(async move {
        let mut senders = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let (sender, receiver) = P::oneshot();
            let counter = Arc::clone(&counter);
            P::detach(async move {
                // Relaxed: only a count.
                counter.fetch_add(1, Ordering::Relaxed);
                receiver.await;
            });
            senders.push(sender);
        }
        senders
    });
    let sample = settled_growth(before, &parked, count);
    std::mem::forget((runtime, senders));
    sample
}
