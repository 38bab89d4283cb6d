//! What a suspended coroutine weighs, for each size of stack: growth of the resident set, and of the page
//! tables, which the resident set does not show.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use qi_runtime::coroutine::Wait;
use qi_runtime::{AsyncRuntime, spawn_coroutine};

use super::own::inside;
use crate::measure::{page_table_bytes, rss_bytes};
use crate::sample::Sample;
use crate::workload::Job;

/// Coroutines that are suspended to be weighed.
const PARKED: u64 = 200_000;

/// The size of stack that a workload is about, in KiB; `None` for one about something else.
pub(crate) fn class_kib(workload: &str) -> Option<usize> {
    workload.strip_prefix("coroutine-memory-")?.parse().ok()
}

/// Waits until `parked` has reached `count` and memory stands still, then says by how much it has grown for
/// each since it was `before` (resident set, page tables).
pub(crate) fn settled(before: (u64, u64), parked: &AtomicU64, count: u64) -> Sample {
    let mut last = (0, 0);
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = (rss_bytes(), page_table_bytes());
        // Relaxed: only a count; what it counts is watched through memory.
        if parked.load(Ordering::Relaxed) >= count && now == last {
            let each = |before: u64, now: u64| now.saturating_sub(before) as f64 / count as f64;
            let (resident, tables) = (each(before.0, now.0), each(before.1, now.1));
            return Sample::default()
                .with("bytes_per_task", resident + tables)
                .with("resident_bytes", resident)
                .with("page_table_bytes", tables)
                .with("operations", count as f64);
        }
        last = now;
    }
}

/// Qi's side; `None` for a workload about something else.
pub(super) fn own(workload: &str, job: &Job) -> Option<Sample> {
    let bytes = class_kib(workload)? * 1024;
    let builder = AsyncRuntime::builder().worker_threads(job.workers).max_stack_size(bytes);
    let runtime = builder.stack_pool_size(0).build().expect("a Qi runtime starts");
    inside(&runtime, || ());
    let count = job.count(PARKED);
    let parked = Arc::new(AtomicU64::new(0));
    let before = (rss_bytes(), page_table_bytes());
    let counter = Arc::clone(&parked);
    inside(&runtime, move || {
        for _ in 0..count {
            let counter = Arc::clone(&counter);
            drop(spawn_coroutine(move || {
                // Relaxed: only a count.
                counter.fetch_add(1, Ordering::Relaxed);
                pending::<()>().wait();
            }));
        }
    });
    let sample = settled(before, &parked, count);
    // Unwinding them all is another workload.
    std::mem::forget(runtime);
    Some(sample)
}
