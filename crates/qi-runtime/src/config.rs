//! The specification's seven options.

use crate::error::RuntimeError;
use qi_sched::ConfigError;
use std::time::Duration;

/// The specification's options, constructed literally or from their defaults. Further options are
/// on [`AsyncRuntime::builder`](crate::AsyncRuntime::builder).
///
/// Values out of range are errors of [`AsyncRuntime::new`](crate::AsyncRuntime::new) that name the
/// field and the accepted range; nothing is clamped.
///
/// # Examples
/// ```
/// use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig};
/// let config = AsyncRuntimeConfig { worker_threads: 2, ..Default::default() };
/// let runtime = AsyncRuntime::new(config)?;
/// assert_eq!(runtime.stats().worker_threads, 2);
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsyncRuntimeConfig {
    /// OS threads that run tasks, 1 to 1024. Default: the CPUs this process may use, with affinity
    /// and cgroup quota respected.
    pub worker_threads: usize,
    /// The longest local run queue of a worker, per lane, 1 to 2²⁴ entries. What does not fit
    /// overflows to the global queue (without stealing, to the worker's own list). Default: 1024.
    pub queue_capacity: usize,
    /// Usable bytes of a stackful coroutine's stack, rounded up to pages, 16 KiB to 1 GiB.
    /// Default: 2 MiB.
    pub max_stack_size: usize,
    /// Coroutine stacks allocated as a batch before the first coroutine runs, at most 2²⁰.
    /// Default: 128.
    pub stack_pool_size: usize,
    /// The longest that ready I/O and due timers go unobserved, even while every worker is inside
    /// one task's poll, 50 µs to 10 s. Default: 1 ms.
    pub poll_interval: Duration,
    /// Whether idle workers take tasks from busy ones. Without, a task stays on the worker that it
    /// was placed on, in turns. Default: `true`.
    pub enable_work_stealing: bool,
    /// Debug-level `tracing` events; written to standard error by Qi's own threads if the program
    /// has installed no subscriber when the runtime is made. Default: `false`.
    pub debug: bool,
}

impl Default for AsyncRuntimeConfig {
    fn default() -> Self {
        Self::with_worker_threads(qi_sys::cpu_count().map_or(1, std::num::NonZero::get))
    }
}

impl AsyncRuntimeConfig {
    /// The defaults but for the first, which takes reading files to find.
    pub(crate) const fn with_worker_threads(worker_threads: usize) -> Self {
        Self {
            worker_threads,
            queue_capacity: 1024,
            max_stack_size: 2 * 1024 * 1024,
            stack_pool_size: 128,
            poll_interval: Duration::from_millis(1),
            enable_work_stealing: true,
            debug: false,
        }
    }
}

/// The smallest stack that holds a panic and its message.
const MIN_STACK: usize = 16 * 1024;
const MAX_STACK: usize = 1 << 30;
const MAX_STACK_POOL: usize = 1 << 20;

impl AsyncRuntimeConfig {
    /// Checks what the scheduler does not check itself.
    pub(crate) fn check_stacks(&self) -> Result<(), RuntimeError> {
        if !(MIN_STACK..=MAX_STACK).contains(&self.max_stack_size) {
            let accepted = format!("{MIN_STACK}..={MAX_STACK} bytes");
            return Err(
                ConfigError::out_of_range("max_stack_size", self.max_stack_size, accepted).into()
            );
        }
        if self.stack_pool_size > MAX_STACK_POOL {
            let accepted = format!("0..={MAX_STACK_POOL}");
            return Err(ConfigError::out_of_range(
                "stack_pool_size",
                self.stack_pool_size,
                accepted,
            )
            .into());
        }
        Ok(())
    }
}
