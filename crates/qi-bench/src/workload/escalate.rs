//! A High task waits for a Low one behind ten thousand Normal ones, for its end or for its lock, with
//! and without escalation.
//!
//! A pair is spawned every few milliseconds whether the last one is done or not; each wait counts
//! from the moment at which the High task begins to wait.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use qi_runtime::AsyncRuntime;
use qi_runtime::async_runtime::TaskPriority;
use qi_runtime::time::sleep_until;
use qi_sched::lock::RawLock;

use super::Job;
use super::flood::Flood;
use super::urgent::gap;
use crate::latency::Latencies;
use crate::peer::qi::Qi;
use crate::sample::Sample;

/// Waits of a full run; fewer without escalation, where each lasts many polls.
const WAITS: u64 = 2000;
const WAITS_UNAIDED: u64 = 500;
/// The distance of two pairs, in usual gaps: without escalation Low's share must be enough for all.
const GAPS: u32 = 4;

/// What the High task waits for.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// The end of the Low task.
    End,
    /// A lock that it holds.
    Lock,
}

fn spawn_joining_pair(tell: Sender<Duration>) {
    // Queued twice, as a new task and after its yield: the urgency must last.
    let low = qi_runtime::spawn_with_priority(qi_runtime::yield_now(), TaskPriority::Low);
    let waiter = async move {
        // A share owed to Low may have run it already: that is no wait.
        if !low.is_finished() {
            let begun = Instant::now();
            low.await.expect("the Low task ends well");
            // Nobody listens any more when enough were heard.
            tell.send(begun.elapsed()).ok();
        }
    };
    drop(qi_runtime::spawn_with_priority(waiter, TaskPriority::High));
}

fn spawn_locking_pair(tell: Sender<Duration>) {
    let lock = Arc::new(RawLock::new());
    let holder = async move {
        lock.acquire().await;
        let wanted = Arc::clone(&lock);
        let waiter = async move {
            let begun = Instant::now();
            wanted.acquire().await;
            // As above.
            tell.send(begun.elapsed()).ok();
            wanted.release();
        };
        drop(qi_runtime::spawn_with_priority(waiter, TaskPriority::High));
        qi_runtime::yield_now().await;
        lock.release();
    };
    drop(qi_runtime::spawn_with_priority(holder, TaskPriority::Low));
}

async fn spawn_pairs(flood: Arc<Flood>, wanted: Wanted, tell: Sender<Duration>) {
    flood.risen::<Qi>().await;
    let mut due = Instant::now();
    for number in 0.. {
        due += gap(number) * GAPS;
        sleep_until(due).await;
        match wanted {
            Wanted::End => spawn_joining_pair(tell.clone()),
            Wanted::Lock => spawn_locking_pair(tell.clone()),
        }
    }
}

/// How long the High tasks wait.
pub(crate) fn run(job: &Job, wanted: Wanted, escalation: bool) -> Sample {
    let flood = Flood::prepare(job);
    let builder = AsyncRuntime::builder().worker_threads(job.workers).escalation(escalation);
    let runtime = builder.build().expect("a Qi runtime starts");
    let (tell, told) = channel();
    let rising = Arc::clone(&flood);
    let raised = runtime.spawn(async move {
        rising.rise::<Qi>(None);
        drop(qi_runtime::spawn_with_priority(
            spawn_pairs(rising, wanted, tell),
            TaskPriority::High,
        ));
    });
    runtime.block_on(raised).expect("the flood rises");
    let waits = job.count(if escalation { WAITS } else { WAITS_UNAIDED });
    let mut latencies = Latencies::new();
    for wait in told.iter().take(waits as usize) {
        latencies.record(wait);
    }
    // The flood never ends by itself; the process does, as soon as the sample is printed.
    std::mem::forget(runtime);
    flood.describe(latencies.sample())
}
