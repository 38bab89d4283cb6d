//! Qi's scheduler: futures onto threads, with work stealing and real priorities, and no I/O.
//!
//! ```text
//!   spawn ──► local queue of the worker ─┐             ┌─ High, Critical: looked at first
//!   spawn ──► global queue ──────────────┼─► pick ─► run a task to its next suspension
//!   wake  ──► local queue of the waker ──┘             └─ Low: its share, and what is left
//!                   ▲ steal
//!              idle workers ──► sleep on a Driver (a lock here; an event loop in qi-runtime)
//! ```
//!
//! What a user of this crate alone gets: [`Scheduler`] with [`TaskHandle`]s, priorities
//! ([`TaskPriority`]), cancellation, pinned tasks, an elastic pool for blocking calls, nested
//! `block_on`, figures, an ordered shutdown, and workers that can be stepped by hand
//! ([`Stepper`]). Timers and sockets are added by whoever hands in a [`Driver`].
//!
//! # Examples
//! ```
//! use qi_sched::{Scheduler, TaskPriority};
//!
//! let scheduler = Scheduler::builder().worker_threads(2).build()?;
//! let total = scheduler.block_on(async {
//!     let parts: Vec<_> = (0..10_u64)
//!         .map(|n| qi_sched::spawn(async move { n * n }))
//!         .collect();
//!     let mut total = 0;
//!     for part in parts {
//!         total += part.join().await?;
//!     }
//!     Ok::<_, qi_sched::JoinError>(total)
//! })?;
//! assert_eq!(total, 285);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blocking;
mod clock;
mod config;
pub mod coop;
mod desk;
mod driver;
mod error;
mod local;
pub mod lock;
#[cfg(all(test, loom))]
mod model;
mod monitor;
mod pool;
mod priority;
mod process;
mod queue;
mod rng;
mod scheduler;
mod shortage;
mod shutdown;
mod sleep;
pub mod stackful;
mod stats;
mod sync;
mod task;
mod threads;
pub mod wait_queue;
mod worker;

pub use clock::{Clock, ManualClock, SystemClock};
pub use config::PanicPolicy;
pub use driver::{Driver, Idled, ThreadDriver};
pub use error::{
    CancelError, ConfigError, JoinError, NoRuntimeError, NoWorkerError, SchedError, ShutdownError,
    TaskLocalError,
};
pub use local::{InheritedKey, LocalKey, TaskLocalFuture};
pub use priority::TaskPriority;
pub use queue::Shares;
pub use scheduler::{
    Handle, Scheduler, SchedulerBuilder, ShutdownReport, StepOutcome, Stepper, Tally, TaskBuilder,
    block_in_place,
};
pub use shutdown::SchedState;
pub use stats::{SchedStats, TaskInfo, WorkerStats};
pub use task::{AbortHandle, Join, TaskHandle, TaskId, TaskStatus, ThinWaker};

use std::future::Future;
use std::panic::Location;

/// What the calling thread works for: used by the layers above.
pub mod context {
    pub use crate::worker::chance::random_below;
    pub use crate::worker::context::{lane, may_block, seat, task_id, with_driver};
}

/// Spawns a task on the scheduler that the calling thread works for.
///
/// # Panics
/// On a thread that works for none; see [`Handle::try_current`].
#[track_caller]
pub fn spawn<F>(future: F) -> TaskHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let location = Location::caller();
    worker::context::with(|context| match context {
        Some(context) => scheduler::spawn_plain(context, location, TaskPriority::Normal, future),
        None => panic!("{NoRuntimeError}"),
    })
}

/// Spawns a future that need not be `Send` on the calling worker's own thread.
///
/// # Errors
/// [`NoWorkerError`] on a thread that is no worker; the future is dropped.
///
/// # Examples
/// ```
/// use std::rc::Rc;
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let task = scheduler.spawn(async {
///     let shared = Rc::new(5);
///     let child = qi_sched::spawn_local(async move { *shared });
///     child.map(|child| child.abort_handle().id()).is_ok()
/// });
/// # let _ = scheduler.block_on(task);
/// assert!(qi_sched::spawn_local(async {}).is_err(), "not on a worker");
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> Result<TaskHandle<F::Output>, NoWorkerError>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Handle::try_current().map_err(|_| NoWorkerError)?.task().spawn_local(future)
}

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
