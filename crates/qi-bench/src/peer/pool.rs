//! The compute pools: rayon and chili, which know nothing of waiting and so show how little a
//! fork and a join can cost.

use std::num::NonZero;

use chili::{Config, Scope};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::measure::Meter;
use crate::sample::Sample;
use crate::tree;
use crate::workload::Job;

fn rayon_pool(job: &Job) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(job.workers).build().expect("rayon starts")
}

fn rayon_fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (left, right) = rayon::join(|| rayon_fib(n - 1), || rayon_fib(n - 2));
    left + right
}

fn rayon_skynet(first: u64, leaves: u64) -> u64 {
    if leaves == 1 {
        return first;
    }
    let each = leaves / tree::FAN_OUT;
    (0..tree::FAN_OUT).into_par_iter().map(|child| rayon_skynet(first + child * each, each)).sum()
}

/// The trees on rayon; `None` for any other workload.
pub(crate) fn rayon(workload: &str, job: &Job) -> Option<Sample> {
    let pool = rayon_pool(job);
    match workload {
        "fib" => Some(measure_fib(job, |n| pool.install(|| rayon_fib(n)))),
        "skynet" => Some(measure_skynet(job, |leaves| pool.install(|| rayon_skynet(0, leaves)))),
        _ => None,
    }
}

fn chili_fib(scope: &mut Scope<'_>, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (left, right) = scope.join(|s| chili_fib(s, n - 1), |s| chili_fib(s, n - 2));
    left + right
}

/// chili joins two at a time: the ten children of a node hang on a small binary tree.
fn chili_children(scope: &mut Scope<'_>, first: u64, each: u64, count: u64) -> u64 {
    if count == 1 {
        return chili_skynet(scope, first, each);
    }
    let half = count / 2;
    let (left, right) = scope.join(
        |s| chili_children(s, first, each, half),
        |s| chili_children(s, first + half * each, each, count - half),
    );
    left + right
}

fn chili_skynet(scope: &mut Scope<'_>, first: u64, leaves: u64) -> u64 {
    if leaves == 1 {
        return first;
    }
    chili_children(scope, first, leaves / tree::FAN_OUT, tree::FAN_OUT)
}

/// The trees on chili, whose calling thread is one of the workers; `None` for any other workload.
pub(crate) fn chili(workload: &str, job: &Job) -> Option<Sample> {
    let thread_count = NonZero::new(job.workers);
    let pool = chili::ThreadPool::with_config(Config { thread_count, ..Config::default() });
    match workload {
        "fib" => Some(measure_fib(job, |n| chili_fib(&mut pool.scope(), n))),
        "skynet" => Some(measure_skynet(job, |leaves| chili_skynet(&mut pool.scope(), 0, leaves))),
        _ => None,
    }
}

fn measure_fib(job: &Job, fib: impl Fn(u64) -> u64) -> Sample {
    let n = tree::fib_size(job);
    fib(n - 5);
    let meter = Meter::start();
    let result = fib(n);
    let sample = meter.stop(tree::fib_nodes(n));
    tree::check_fib(n, result);
    sample
}

fn measure_skynet(job: &Job, skynet: impl Fn(u64) -> u64) -> Sample {
    let leaves = tree::skynet_leaves(job);
    skynet(leaves / 100);
    let meter = Meter::start();
    let sum = skynet(leaves);
    let sample = meter.stop(tree::skynet_nodes(leaves));
    tree::check_skynet(leaves, sum);
    sample
}
