//! The Qi runtime: tasks with real priorities, timers, sockets, files, processes, signals and figures,
//! over Qi's own scheduler ([`qi_sched`]) and reactor ([`qi_reactor`]).
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
//!   current-thread Tokio runtime stalls its timers.)
//! * `tokio-io`: the module `tokio_io`, Tokio's I/O traits for Qi's streams and the way back. Of
//!   Tokio it compiles the traits only.
//! * `hyper`: the module `hyper`, what hyper 1 asks of a runtime. hyper itself compiles Tokio's
//!   channels, not its runtime.
//!
//! Without these features Qi depends on no part of Tokio.
#![forbid(unsafe_code)]

mod blocking;
mod builder;
pub mod channel;
mod clock;
mod config;
pub mod coroutine;
mod driver;
mod error;
pub mod fs;
mod handle;
mod here;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;
mod jumps;
mod log;
mod macros;
pub mod net;
pub mod process;
mod runtime;
pub mod signal;
pub mod simulation;
mod stats;
pub mod stdio;
pub mod task;
pub mod time;
#[cfg(feature = "tokio-io")]
pub mod tokio_io;

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
/// Makes an `async fn main` the program's `main`: it starts a runtime, runs the function on it as
/// [`AsyncRuntime::block_on`] does, and shuts the runtime down.
///
/// Options are the methods of [`AsyncRuntimeBuilder`] that take one value, with any expression as
/// the value; besides `crate = path`, where this crate has another name.
///
/// # Panics
/// The program does, if the runtime cannot be started: an option out of range, threads or event queues
/// that the system refuses. A program that wants to handle that uses [`AsyncRuntime::builder`].
///
/// # Examples
/// ```
/// use qi_runtime::time;
/// use std::time::Duration;
///
/// #[qi_runtime::main(worker_threads = 2, poll_interval = Duration::from_millis(2))]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let tea = qi_runtime::spawn(async {
///         time::sleep(Duration::from_millis(1)).await;
///         "tea"
///     });
///     assert_eq!(tea.await?, "tea");
///     Ok(())
/// }
/// ```
/// What cannot be meant is told when the program is compiled:
/// ```compile_fail
/// #[qi_runtime::main(workers = 2)] // has no option `workers`; there are worker_threads, …
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[qi_runtime::main]
/// fn main() {} // is for functions that await: write `async fn main`
/// ```
/// ```compile_fail
/// #[qi_runtime::main]
/// async fn main(arguments: Vec<String>) {} // takes no arguments
/// ```
pub use qi_macros::main;
/// Makes an `async fn` a test, on a runtime of its own, with one worker unless it says otherwise.
///
/// Options are those of [`main`](macro@main), and `start_paused = true`: the runtime has a
/// [test clock](time::TestClock), and that stands still from the beginning, so that sleeps take no
/// time. Without it the clock runs, until [`time::pause`].
///
/// # Panics
/// The test fails if the runtime cannot be started, and if it leaves behind what does not end within
/// [`shutdown_timeout`](AsyncRuntimeBuilder::shutdown_timeout), such as a blocking call that hangs.
///
/// # Examples
/// ```
/// use qi_runtime::time::{Duration, Instant, sleep};
///
/// # #[allow(unused, reason = "a documentation test has no tests")]
/// #[qi_runtime::test(start_paused = true)]
/// async fn an_hour_passes_at_once() -> Result<(), std::io::Error> {
///     let begun = Instant::now();
///     sleep(Duration::from_secs(3600)).await;
///     assert_eq!(begun.elapsed(), Duration::from_secs(3600));
///     Ok(())
/// }
/// ```
/// ```compile_fail
/// #[qi_runtime::test]
/// #[test] // makes the function a test by itself
/// async fn twice() {}
/// ```
pub use qi_macros::test;
pub use qi_sched::coop::yield_now;
pub use qi_sched::task_local;
pub use qi_sched::{
    AbortHandle, CancelError, Clock, ConfigError, Join, JoinError, NoRuntimeError, NoWorkerError,
    PanicPolicy, SchedState as RuntimeState, Shares, ShutdownError, ShutdownReport, TaskBuilder,
    TaskHandle, TaskId, TaskInfo, TaskPriority, TaskStatus, WorkerStats, block_in_place, coop,
    spawn, spawn_local,
};
pub use qi_scope::{join, race, select, try_join};
pub use qi_stackful::spawn_migratable as spawn_coroutine_migratable;
pub use qi_sync as sync;
pub use runtime::AsyncRuntime;
pub use stats::RuntimeStats;

use std::future::Future;

/// What the attributes [`main`](macro@main) and [`test`](macro@test) make calls of.
#[doc(hidden)]
pub mod __macros {
    pub use crate::macros::{main, test, test_builder};
}

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

/// Spawns a coroutine on the runtime that the calling thread works for: straight-line code on a stack
/// of its own. See [`coroutine`].
///
/// # Panics
/// On a thread that works for no runtime.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::coroutine::{self, Wait};
/// use std::time::Duration;
/// let sum = runtime.block_on(async {
///     let task = qi_runtime::spawn_coroutine(|| {
///         coroutine::sleep(Duration::from_millis(1));
///         let child = qi_runtime::spawn(async { 40 });
///         child.join().wait().unwrap() + 2
///     });
///     task.join().await.unwrap()
/// });
/// assert_eq!(sum, 42);
/// ```
#[track_caller]
pub fn spawn_coroutine<F, T>(f: F) -> TaskHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    qi_stackful::spawn(f)
}

/// The id of the task that the calling thread runs, `None` outside of tasks.
#[must_use]
pub fn task_id() -> Option<TaskId> {
    qi_sched::context::task_id()
}
