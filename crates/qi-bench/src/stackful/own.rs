//! Qi's coroutines, through nothing but its public interface.

use std::hint::black_box;

use qi_runtime::channel::mpsc;
use qi_runtime::coroutine::{Wait, yield_now};
use qi_runtime::{AsyncRuntime, spawn_coroutine};

use super::{BATCH, YIELDERS, awaiting, measured, memory, single};
use crate::peer::Peer;
use crate::peer::qi::Qi;
use crate::sample::Sample;
use crate::workload::Job;

/// Qi as its users get it.
pub(super) fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("a Qi runtime starts")
}

/// Runs a body as a coroutine and waits for it on this thread.
pub(super) fn inside<T: Send + 'static>(
    runtime: &AsyncRuntime,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    runtime.block_on(runtime.spawn_coroutine(body)).expect("no coroutine of a bench panics")
}

/// What a workload does so many times, inside of a coroutine.
fn body(workload: &str) -> Option<fn(u64)> {
    Some(match workload {
        "coroutine-spawn" => in_batches,
        "coroutine-call" => one_by_one,
        "coroutine-yield" => yields,
        "coroutine-channel" => round_trips,
        _ => return None,
    })
}

fn in_batches(count: u64) {
    for _ in 0..count / BATCH {
        let children: Vec<_> =
            (0..BATCH).map(|number| spawn_coroutine(move || black_box(number))).collect();
        for child in children {
            child.join().wait().expect("no coroutine of a bench panics");
        }
    }
}

/// The parent is a future, as in what it is compared with.
async fn from_a_future(count: u64) {
    for number in 0..count {
        let child = spawn_coroutine(move || black_box(number));
        child.join().await.expect("no coroutine of a bench panics");
    }
}

fn one_by_one(count: u64) {
    for number in 0..count {
        let child = spawn_coroutine(move || black_box(number));
        child.join().wait().expect("no coroutine of a bench panics");
    }
}

fn yields(count: u64) {
    let children: Vec<_> = (0..YIELDERS)
        .map(|_| {
            spawn_coroutine(move || {
                for _ in 0..count / YIELDERS {
                    yield_now();
                }
            })
        })
        .collect();
    for child in children {
        child.join().wait().expect("no coroutine of a bench panics");
    }
}

fn round_trips(count: u64) {
    let (ping, mut pinged) = mpsc::bounded(1);
    let (pong, mut ponged) = mpsc::bounded(1);
    let partner = spawn_coroutine(move || {
        while let Some(number) = pinged.recv().wait() {
            pong.send(number).wait().expect("the pong is awaited");
        }
    });
    for number in 0..count {
        ping.send(number).wait().expect("the partner waits");
        assert_eq!(ponged.recv().wait(), Some(number));
    }
    drop(ping);
    partner.join().wait().expect("no coroutine of a bench panics");
}

/// Qi's side; `None` for a name that is not among them.
pub(crate) fn run(workload: &str, job: &Job) -> Option<Sample> {
    match workload {
        "coroutine-switch" => measured(workload, job, single::switches),
        "coroutine-await" => Some(awaiting::measure(job)),
        "coroutine-join" => {
            let runtime = runtime(job.workers);
            measured(workload, job, |count| {
                let ended = runtime.block_on(runtime.spawn(from_a_future(count)));
                ended.expect("no task of a bench panics");
            })
        }
        _ if memory::class_kib(workload).is_some() => memory::own(workload, job),
        _ => {
            let runtime = runtime(job.workers);
            let body = body(workload)?;
            measured(workload, job, |count| inside(&runtime, move || body(count)))
        }
    }
}

/// Runs a kernel; `None` for a name that is not among them.
pub(crate) fn run_kernel(name: &str, turns: u64) -> Option<()> {
    let body: fn(u64) = match name {
        "coroutine-switch" => {
            single::switches(turns);
            return Some(());
        }
        "coroutine-pooled" => {
            single::pooled(turns);
            return Some(());
        }
        "coroutine-call" => one_by_one,
        "coroutine-join" => {
            let runtime = Qi::start_slowed(1);
            let task = runtime.runtime().spawn(from_a_future(turns));
            return runtime.runtime().block_on(task).ok();
        }
        "coroutine-yield" => |turns| (0..turns).for_each(|_| yield_now()),
        "coroutine-channel" => round_trips,
        _ => return None,
    };
    inside(Qi::start_slowed(1).runtime(), move || body(turns));
    Some(())
}
