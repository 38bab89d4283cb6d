//! The workloads that are written once for all asynchronous Rust peers, and the table that finds
//! them by name.

mod abi;
mod balance;
#[cfg(feature = "peers")]
pub(crate) mod channel;
mod echo;
mod escalate;
mod flood;
mod fork_join;
mod heartbeat;
mod lifecycle;
mod memory;
mod mutex;
mod ping_pong;
mod short;
mod spawn;
mod stall;
mod stuck;
mod timer;
mod urgent;
mod wake;
mod yielding;

pub(crate) use abi::run as run_beside_c;
pub(crate) use balance::{LENGTH as BALANCE_LENGTH, ideal as ideal_balance};
pub(crate) use echo::{Server, serve};
pub(crate) use escalate::{Wanted, run as escalate};
pub(crate) use heartbeat::{BEAT, BEATS, FLOOD, POLL as FLOOD_POLL};
pub(crate) use memory::settled_growth;
pub(crate) use short::{KERNELS, Kernel, run as run_kernel};
pub(crate) use timer::scattered;
pub(crate) use wake::{PAUSE as WAKE_PAUSE, WAKES};

use crate::peer::{Disposable, Peer};
use crate::sample::Sample;

/// What a worker process was told about its job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// Worker threads of the runtime.
    pub(crate) workers: usize,
    /// Whether to do a tenth of the work only.
    pub(crate) quick: bool,
}

impl Job {
    /// So many operations, or a tenth of them.
    pub(crate) fn count(&self, full: u64) -> u64 {
        if self.quick { (full / 10).max(1) } else { full }
    }
}

/// The asynchronous workloads by name; `None` for a name that is not among them.
pub(crate) fn run<P: Peer>(workload: &str, job: &Job) -> Option<Sample> {
    Some(match workload {
        "spawn" => spawn::inside::<P>(job),
        "spawn-outside" => spawn::outside::<P>(job, 1),
        "spawn-outside-8" => spawn::outside::<P>(job, 8),
        "chain" => spawn::chain::<P>(job),
        "yield" => yielding::run::<P>(job),
        "wake-1" => ping_pong::wakers::<P>(job, 1),
        "wake-1000" => ping_pong::wakers::<P>(job, 1000),
        "oneshot-1" => ping_pong::oneshots::<P>(job, 1),
        "oneshot-1000" => ping_pong::oneshots::<P>(job, 1000),
        "mutex-free" => mutex::free::<P>(job),
        "mutex-held" => mutex::held::<P>(job),
        "fib" => fork_join::fib_tree::<P>(job),
        "skynet" => fork_join::skynet_tree::<P>(job),
        "sleep-fire" => timer::fire::<P>(job),
        "timeout-drop" => timer::set_and_drop::<P>(job),
        "late-idle" => timer::late_idle::<P>(job),
        "late-loaded" => timer::late_loaded::<P>(job),
        "foreign-wake" => wake::run::<P>(job),
        "heartbeat" => heartbeat::run::<P>(job, P::detach),
        "heartbeat-urgent" => heartbeat::run::<P>(job, P::detach_urgent),
        "echo-100" => echo::run::<P>(job, 100),
        "echo-1000" => echo::run::<P>(job, 1000),
        "memory-sleep" => memory::sleeping::<P>(job),
        "memory-oneshot" => memory::waiting::<P>(job),
        "balance" => balance::run::<P>(job),
        "urgent-timer" => urgent::timer::<P>(job),
        "urgent-wake" => urgent::wake::<P>(job, urgent::Ringer::Task),
        "urgent-wake-foreign" => urgent::wake::<P>(job, urgent::Ringer::Thread),
        "stall" => stall::run::<P>(stall::Plan::many(job.workers, job)),
        "stall-long" => stall::run::<P>(stall::Plan::long(job.workers)),
        "stall-lone" => stall::run::<P>(stall::Plan::many(1, job)),
        "stall-lone-long" => stall::run::<P>(stall::Plan::long(1)),
        "stuck-all" => stuck::run::<P>(job),
        _ => return None,
    })
}

/// The workloads about a runtime's own life; `None` for a name that is not among them.
pub(crate) fn run_disposable<D: Disposable>(workload: &str, job: &Job) -> Option<Sample> {
    Some(match workload {
        "lifecycle" => lifecycle::create_and_dispose::<D>(job),
        "shutdown-parked" => lifecycle::dispose_parked::<D>(job),
        _ => return None,
    })
}
