//! The workloads of stackful coroutines: Qi's own, the same as its future tasks (`future`), and the switch
//! without a scheduler (`floor`: corosensei alone).
//!
//! may's and Go's side is in their folders; all share the numbers here.

mod awaiting;
#[cfg(feature = "peers")]
mod bare;
mod future;
mod memory;
mod own;
mod single;

use crate::measure::Meter;
use crate::sample::Sample;
use crate::workload::Job;

#[cfg(feature = "peers")]
pub(crate) use bare::{corosensei as bare_corosensei, generator as bare_generator};
#[cfg(feature = "peers")]
pub(crate) use future::run as run_future;
#[cfg(feature = "peers")]
pub(crate) use memory::{class_kib, settled};
pub(crate) use own::{run, run_kernel};

/// Coroutines that are spawned and joined.
pub(crate) const CHILDREN: u64 = 1_000_000;
/// So many are spawned before the first is joined: all of them begin, and end, on a hot stack.
pub(crate) const BATCH: u64 = 1000;
/// Coroutines that yield to each other, and their yields altogether.
pub(crate) const YIELDERS: u64 = 200;
pub(crate) const YIELDS: u64 = 2_000_000;
/// Round trips through two channels.
pub(crate) const ROUND_TRIPS: u64 = 300_000;
/// Switches there and back without a scheduler.
pub(crate) const SWITCHES: u64 = 10_000_000;

/// How many operations a workload has; `None` for a name that has none of this kind.
pub(crate) fn operations(workload: &str) -> Option<u64> {
    Some(match workload {
        "coroutine-spawn" | "coroutine-join" | "coroutine-call" => CHILDREN,
        "coroutine-yield" => YIELDS,
        "coroutine-channel" => ROUND_TRIPS,
        "coroutine-switch" => SWITCHES,
        _ => return None,
    })
}

/// Runs so many operations as a warming up, then all of them by the clock.
pub(crate) fn measured(workload: &str, job: &Job, mut run: impl FnMut(u64)) -> Option<Sample> {
    let count = job.count(operations(workload)?);
    run(count / 10);
    let meter = Meter::start();
    run(count);
    Some(meter.stop(count))
}
