//! may's side of the workloads about coroutines themselves.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use may::coroutine::{self, Builder};
use may::sync::mpsc;

use super::world::PARKED;
use super::{go, join, run_inside};
use crate::measure::{page_table_bytes, rss_bytes};
use crate::sample::Sample;
use crate::stackful::{self, BATCH, YIELDERS};
use crate::workload::Job;

fn in_batches(count: u64) {
    for _ in 0..count / BATCH {
        let children: Vec<_> = (0..BATCH).map(|number| go(move || black_box(number))).collect();
        for child in children {
            join(child);
        }
    }
}

fn one_by_one(count: u64) {
    for number in 0..count {
        join(go(move || black_box(number)));
    }
}

fn yields(count: u64) {
    let children: Vec<_> = (0..YIELDERS)
        .map(|_| {
            go(move || {
                for _ in 0..count / YIELDERS {
                    coroutine::yield_now();
                }
            })
        })
        .collect();
    children.into_iter().for_each(join);
}

/// may's channels have no limit: nobody ever waits for room.
fn round_trips(count: u64) {
    let (ping, pinged) = mpsc::channel();
    let (pong, ponged) = mpsc::channel();
    let partner = go(move || {
        while let Ok(number) = pinged.recv() {
            pong.send(number).expect("the pong is awaited");
        }
    });
    for number in 0..count {
        ping.send(number).expect("the partner waits");
        assert_eq!(ponged.recv(), Ok(number));
    }
    drop(ping);
    join(partner);
}

fn parked(workload: &str, job: &Job) -> Option<Sample> {
    // may counts a stack in words.
    let words = stackful::class_kib(workload)? * 1024 / size_of::<usize>();
    let count = job.count(PARKED);
    run_inside(coroutine::yield_now);
    let parked = Arc::new(AtomicU64::new(0));
    let before = (rss_bytes(), page_table_bytes());
    let counter = Arc::clone(&parked);
    run_inside(move || {
        for _ in 0..count {
            let counter = Arc::clone(&counter);
            let body = move || {
                // Relaxed: only a count.
                counter.fetch_add(1, Ordering::Relaxed);
                coroutine::park();
            };
            may::go!(Builder::new().stack_size(words), body).expect("may has a stack");
        }
    });
    Some(stackful::settled(before, &parked, count))
}

/// The workloads about coroutines; `None` for a name that is not among them.
pub(super) fn run(workload: &str, job: &Job) -> Option<Sample> {
    let body: fn(u64) = match workload {
        "coroutine-switch" => return stackful::bare_generator(workload, job),
        "coroutine-spawn" => in_batches,
        "coroutine-join" | "coroutine-call" => one_by_one,
        "coroutine-yield" => yields,
        "coroutine-channel" => round_trips,
        _ => return parked(workload, job),
    };
    stackful::measured(workload, job, |count| run_inside(move || body(count)))
}
