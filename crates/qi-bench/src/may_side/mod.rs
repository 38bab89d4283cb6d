//! may: stackful coroutines, so every workload is written as its users write: blocking calls.
//!
//! There is one scheduler per process, which is never shut down and has no way to drop a timer
//! that was set; the workloads about those have no figure here.

mod stackful;
mod task;
mod timing;
mod world;

use may::coroutine::JoinHandle;

use crate::sample::Sample;
use crate::workload::Job;

/// Coroutines whose stacks may keeps for reuse, raised from 1000 because the workloads use more.
const POOL: usize = 20_000;

/// Spawns a coroutine, as may's users do.
///
/// May asks that a coroutine keep no thread-local across a suspension and stay within its stack:
/// the bodies in this folder touch no thread-local of their own and do not recurse.
fn go<T, F>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    may::go!(body)
}

/// Waits for a coroutine, which never panics here.
fn join<T>(handle: JoinHandle<T>) -> T {
    handle.join().expect("no coroutine of a bench panics")
}

/// Runs a body as a coroutine and waits for it on this thread.
fn run_inside<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    join(go(body))
}

/// The workloads that can be written for may; `None` for a name that is not among them.
pub(crate) fn run(workload: &str, job: &Job) -> Option<Sample> {
    // A pool of stacks made and touched beforehand would hide what a parked coroutine weighs.
    let pool = if workload.contains("memory") { 1 } else { POOL };
    may::config().set_workers(job.workers).set_pool_capacity(pool);
    Some(match workload {
        "spawn" => task::spawn_inside(job),
        "spawn-outside" => task::spawn_outside(job, 1),
        "spawn-outside-8" => task::spawn_outside(job, 8),
        "chain" => task::chain(job),
        "yield" => task::yielding(job),
        "wake-1" => task::wake(job, 1),
        "wake-1000" => task::wake(job, 1000),
        "oneshot-1" => task::oneshot(job, 1),
        "oneshot-1000" => task::oneshot(job, 1000),
        "fib" => task::fib_tree(job),
        "skynet" => task::skynet_tree(job),
        "balance" => task::balance(job),
        "sleep-fire" => timing::fire(job),
        "late-idle" => timing::late_idle(job),
        "late-loaded" => timing::late_loaded(job),
        "heartbeat" => timing::heartbeat(job),
        "foreign-wake" => world::foreign_wake(job),
        "echo-100" => world::echo(job, 100),
        "echo-1000" => world::echo(job, 1000),
        "memory-sleep" => world::memory_sleep(job),
        "memory-oneshot" => world::memory_oneshot(job),
        _ => return stackful::run(workload, job),
    })
}
