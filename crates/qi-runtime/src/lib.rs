//! The Qi runtime: tasks with real priorities, timers, TCP and figures, over Qi's own scheduler
//! ([`qi_sched`]) and reactor ([`qi_reactor`]).
//!
//! ```text
//!   AsyncRuntime ─► spawn … ─► TaskHandle        time::sleep …      net::TcpStream …
//!        │                        │                   │                   │
//!        ▼                        ▼                   ▼                   ▼
//!   qi-sched: workers, lanes, stealing ◄── Driver ──► qi-reactor: a shard per worker
//! ```
//!
//! # Examples
//! ```
//! use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig, time};
//! use std::time::Duration;
//!
//! let runtime = AsyncRuntime::new(AsyncRuntimeConfig::default())?;
//! let answer = runtime.block_on(async {
//!     let task = qi_runtime::spawn(async {
//!         time::sleep(Duration::from_millis(1)).await;
//!         42
//!     });
//!     task.join().await
//! })?;
//! assert_eq!(answer, 42);
//! runtime.shutdown()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! * `tokio`: a runtime made inside a Tokio context keeps that context entered on all threads that
//!   poll or drop tasks, so that `tokio::time`, `tokio::net`, … work inside Qi's tasks. (A blocked
//!   current-thread Tokio runtime stalls its timers.) Without it Qi depends on no part of Tokio.
#![forbid(unsafe_code)]

mod builder;
pub mod channel;
mod clock;
mod config;
mod driver;
mod error;
mod handle;
mod here;
mod jumps;
mod log;
pub mod net;
mod runtime;
mod stats;
pub mod task;
pub mod time;

#[cfg(not(feature = "tokio"))]
mod no_tokio_context;
#[cfg(feature = "tokio")]
mod tokio_context;
#[cfg(not(feature = "tokio"))]
use no_tokio_context as surrounding;
#[cfg(feature = "tokio")]
use tokio_context as surrounding;

pub use builder::AsyncRuntimeBuilder;
pub use config::AsyncRuntimeConfig;
pub use error::RuntimeError;
pub use handle::Handle;
pub use qi_sched::coop::yield_now;
pub use qi_sched::task_local;
pub use qi_sched::{
    AbortHandle, CancelError, Clock, ConfigError, Join, JoinError, NoRuntimeError, PanicPolicy,
    SchedState as RuntimeState, Shares, ShutdownError, ShutdownReport, TaskBuilder, TaskHandle,
    TaskId, TaskInfo, TaskPriority, TaskStatus, WorkerStats, block_in_place, coop, spawn,
    spawn_local,
};
pub use qi_scope::{join, race, select, try_join};
pub use qi_sync as sync;
pub use runtime::AsyncRuntime;
pub use stats::RuntimeStats;

use std::future::Future;

/// The specification's module of the same name: everything that concerns tasks.
pub mod async_runtime {
    pub use crate::{
        AbortHandle, AsyncRuntime, AsyncRuntimeBuilder, AsyncRuntimeConfig, CancelError, Handle,
        Join, JoinError, RuntimeError, RuntimeState, RuntimeStats, ShutdownError, TaskBuilder,
        TaskHandle, TaskId, TaskInfo, TaskPriority, TaskStatus,
    };
}

/// Spawns a task on the runtime that the calling thread works for.
///
/// # Panics
/// On a thread that works for none; see [`Handle::try_current`].
#[track_caller]
pub fn spawn_with_priority<F>(future: F, priority: TaskPriority) -> TaskHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Handle::current().spawn_with_priority(future, priority)
}

/// Runs a blocking call on the pool of the runtime that the calling thread works for.
///
/// # Panics
/// On a thread that works for none.
#[track_caller]
pub fn spawn_blocking<C, T>(call: C) -> TaskHandle<T>
where
    C: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Handle::current().spawn_blocking(call)
}

/// Makes a future on a worker thread of the current runtime and keeps it there: it need not be
/// `Send`.
///
/// # Panics
/// On a thread that works for no runtime.
#[track_caller]
pub fn spawn_pinned<C, F>(make: C) -> TaskHandle<F::Output>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    Handle::current().spawn_pinned(make)
}

/// The id of the task that the calling thread runs, `None` outside of tasks.
#[must_use]
pub fn task_id() -> Option<TaskId> {
    qi_sched::context::task_id()
}
