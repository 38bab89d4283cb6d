//! Spawning: a batch from inside, a batch from outside, a chain in which each spawns the next.

use std::future::Future;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;

/// One million tasks.
const TASKS: u64 = 1_000_000;

pub(super) async fn batch<P: Peer>(count: u64) {
    let mut joins = Vec::with_capacity(count as usize);
    for number in 0..count {
        joins.push(P::spawn(async move { black_box(number) }));
    }
    for join in joins {
        join.await;
    }
}

/// A task spawns trivial tasks and awaits them all.
pub(super) fn inside<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let count = job.count(TASKS);
    runtime.run(batch::<P>(count / 10));
    let meter = Meter::start();
    runtime.run(batch::<P>(count));
    meter.stop(count)
}

fn outside_batch<P: Peer>(runtime: &P, count: u64) {
    let mut joins = Vec::with_capacity(count as usize);
    for number in 0..count {
        joins.push(runtime.spawn_outside(async move { black_box(number) }));
    }
    runtime.block_on(async {
        for join in joins {
            join.await;
        }
    });
}

/// Threads that are no workers spawn trivial tasks, all at once, and each awaits its own.
pub(super) fn outside<P: Peer>(job: &Job, threads: u64) -> Sample {
    let runtime = P::start(job.workers);
    let share = job.count(TASKS) / threads;
    outside_batch(&runtime, share / 10);
    let (begin, end) = (Barrier::new(threads as usize + 1), Barrier::new(threads as usize + 1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                begin.wait();
                outside_batch(&runtime, share);
                end.wait();
            });
        }
        begin.wait();
        let meter = Meter::start();
        end.wait();
        meter.stop(share * threads)
    })
}

#[expect(clippy::manual_async_fn, reason = "`Send` cannot be inferred through the recursion")]
fn link<P: Peer>(left: u64, done: P::Sender) -> impl Future<Output = ()> + Send {
    async move {
        if left == 0 {
            P::send(done, 0);
        } else {
            P::detach(link::<P>(left - 1, done));
        }
    }
}

pub(super) async fn chain_of<P: Peer>(depth: u64) {
    let (done, finished) = P::oneshot();
    P::detach(link::<P>(depth, done));
    finished.await;
}

/// Each task spawns the next and ends.
pub(super) fn chain<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let depth = job.count(TASKS);
    runtime.run(chain_of::<P>(depth / 10));
    let meter = Meter::start();
    runtime.run(chain_of::<P>(depth));
    meter.stop(depth)
}
