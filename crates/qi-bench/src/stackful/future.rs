//! The coroutines' workloads as Qi's future tasks: what a coroutine costs more.

use std::hint::black_box;

use qi_runtime::channel::mpsc;
use qi_runtime::{spawn, yield_now};

use super::{BATCH, YIELDERS, measured, own};
use crate::sample::Sample;
use crate::workload::Job;

async fn in_batches(count: u64) {
    for _ in 0..count / BATCH {
        let children: Vec<_> =
            (0..BATCH).map(|number| spawn(async move { black_box(number) })).collect();
        for child in children {
            child.join().await.expect("no task of a bench panics");
        }
    }
}

async fn one_by_one(count: u64) {
    for number in 0..count {
        let child = spawn(async move { black_box(number) });
        child.join().await.expect("no task of a bench panics");
    }
}

async fn yields(count: u64) {
    let children: Vec<_> = (0..YIELDERS)
        .map(|_| {
            spawn(async move {
                for _ in 0..count / YIELDERS {
                    yield_now().await;
                }
            })
        })
        .collect();
    for child in children {
        child.join().await.expect("no task of a bench panics");
    }
}

async fn round_trips(count: u64) {
    let (ping, mut pinged) = mpsc::bounded(1);
    let (pong, mut ponged) = mpsc::bounded(1);
    let partner = spawn(async move {
        while let Some(number) = pinged.recv().await {
            pong.send(number).await.expect("the pong is awaited");
        }
    });
    for number in 0..count {
        ping.send(number).await.expect("the partner waits");
        assert_eq!(ponged.recv().await, Some(number));
    }
    drop(ping);
    partner.join().await.expect("no task of a bench panics");
}

/// The same work as future tasks; `None` for a name that is not among them.
pub(crate) fn run(workload: &str, job: &Job) -> Option<Sample> {
    let runtime = own::runtime(job.workers);
    measured(workload, job, |count| {
        let ended = match workload {
            "coroutine-spawn" => runtime.block_on(runtime.spawn(in_batches(count))),
            "coroutine-join" | "coroutine-call" => {
                runtime.block_on(runtime.spawn(one_by_one(count)))
            }
            "coroutine-yield" => runtime.block_on(runtime.spawn(yields(count))),
            _ => runtime.block_on(runtime.spawn(round_trips(count))),
        };
        ended.expect("no task of a bench panics");
    })
}
