//! Fork-join: a task per node of a tree, the children awaited by their parent.

use std::future::Future;

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;
use crate::tree;

#[expect(clippy::manual_async_fn, reason = "`Send` cannot be inferred through the recursion")]
pub(super) fn fib<P: Peer>(n: u64) -> impl Future<Output = u64> + Send {
    async move {
        if n < 2 {
            return n;
        }
        let left = P::spawn(fib::<P>(n - 1));
        let right = P::spawn(fib::<P>(n - 2));
        left.await + right.await
    }
}

/// Naive Fibonacci; an operation is a node.
pub(super) fn fib_tree<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let n = tree::fib_size(job);
    runtime.run(fib::<P>(n - 5));
    let meter = Meter::start();
    let result = runtime.run(fib::<P>(n));
    let sample = meter.stop(tree::fib_nodes(n));
    tree::check_fib(n, result);
    sample
}

#[expect(clippy::manual_async_fn, reason = "`Send` cannot be inferred through the recursion")]
fn skynet<P: Peer>(first: u64, leaves: u64) -> impl Future<Output = u64> + Send {
    async move {
        if leaves == 1 {
            return first;
        }
        let each = leaves / tree::FAN_OUT;
        let children: [P::Join<u64>; tree::FAN_OUT as usize] =
            std::array::from_fn(|child| P::spawn(skynet::<P>(first + child as u64 * each, each)));
        let mut sum = 0;
        for child in children {
            sum += child.await;
        }
        sum
    }
}

/// A tree of ten children per node whose leaves are numbers to be summed; an operation is a node.
pub(super) fn skynet_tree<P: Peer>(job: &Job) -> Sample {
    let runtime = P::start(job.workers);
    let leaves = tree::skynet_leaves(job);
    runtime.run(skynet::<P>(0, leaves / 100));
    let meter = Meter::start();
    let sum = runtime.run(skynet::<P>(0, leaves));
    let sample = meter.stop(tree::skynet_nodes(leaves));
    tree::check_skynet(leaves, sum);
    sample
}
