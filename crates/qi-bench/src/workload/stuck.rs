//! All workers are held at once: who runs the urgent work, and are the helpers gone afterwards?

use std::fs;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::Job;
use super::stall::hold;
use super::urgent::{Bell, gap, listen};
use crate::peer::Peer;
use crate::sample::Sample;

/// For so long every worker is held.
const HOLD: Duration = Duration::from_secs(1);
/// Wakes of the urgent task meanwhile: they end before the workers are let go.
const RINGS: u64 = 400;
/// After this time threads that were needed for a moment only count as left behind.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Waits until there are at most so many threads; how long that took.
fn wait_for_threads(count: usize) -> Duration {
    let since = Instant::now();
    while threads() > count && since.elapsed() < PATIENCE {
        thread::sleep(LOOK);
    }
    since.elapsed()
}

/// Every worker computes for a second without yielding, while a foreign thread wakes an urgent task.
pub(super) fn run<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    // Whatever starts lazily is started, and has become quiet.
    runtime.run(async { P::sleep(Duration::from_millis(50)).await });
    thread::sleep(Duration::from_millis(500));
    let before = threads();
    let (bell, rings) = Bell::new();
    let (tell, told) = channel();
    let listening = listen(Arc::clone(&bell), rings, RINGS);
    let workers = job.workers;
    let (tell_end, end) = channel();
    runtime.run(async move {
        P::detach_urgent(async move {
            tell.send(listening.await).ok();
        });
        for _ in 0..workers {
            let tell_end = tell_end.clone();
            P::detach(async move {
                let (_, let_go) = hold(HOLD);
                tell_end.send(let_go).ok();
            });
        }
    });
    let (mut most, mut due) = (0, Instant::now());
    for number in 0..RINGS {
        due += gap(number);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        bell.ring();
        most = most.max(threads());
    }
    let last = end.iter().take(workers).max().expect("the workers are let go");
    let latencies = told.recv().expect("every ring is heard");
    let quiet_before = last.elapsed();
    let back_after = quiet_before + wait_for_threads(before);
    let sample = latencies
        .sample()
        .with("extra_workers", runtime.extra_workers() as f64)
        .with("threads_before", before as f64)
        .with("threads_most", most as f64)
        .with("threads_after", threads() as f64)
        .with("back_after_ns", back_after.as_nanos() as f64);
    std::mem::forget(runtime);
    sample
}
