//! The options of a scheduler, checked.
#![forbid(unsafe_code)]

use crate::error::ConfigError;
use crate::queue::Shares;
use crate::stackful::Stacks;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What happens when a task panics, besides that the task ends as Failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PanicPolicy {
    /// Nothing: the payload is in the [`JoinError`](crate::JoinError).
    #[default]
    Isolate,
    /// The scheduler shuts down.
    Shutdown,
    /// The process aborts.
    Abort,
}

/// Wraps the whole life of each thread that polls or drops tasks.
pub(crate) type AroundThread = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// The largest stack of a thread: 4 GiB, or a quarter of what 32 bits can address.
const LARGEST_STACK: usize = 1 << if usize::BITS > 32 { 32 } else { 30 };

/// All options.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) worker_threads: usize,
    /// If not, it is the number of CPUs, found when the scheduler is made: that reads files.
    pub(crate) worker_threads_set: bool,
    pub(crate) queue_capacity: usize,
    pub(crate) work_stealing: bool,
    pub(crate) shares: Shares,
    pub(crate) poll_interval: Duration,
    pub(crate) stall_threshold: Duration,
    pub(crate) max_blocking_threads: usize,
    pub(crate) blocking_keep_alive: Duration,
    pub(crate) thread_name: String,
    pub(crate) thread_stack_size: usize,
    pub(crate) run_in_place: bool,
    pub(crate) escalation: bool,
    pub(crate) panic_policy: PanicPolicy,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) seed: u64,
    pub(crate) around_thread: Option<AroundThread>,
    pub(crate) stacks: Option<Arc<dyn Stacks>>,
}

/// The most worker threads. More than any machine has; a larger number is a mistake.
pub(crate) const MAX_WORKERS: usize = 1024;

/// Extra workers that the monitor may start while all others are stuck.
pub(crate) const fn extra_seats(workers: usize) -> usize {
    if workers < 4 { 2 } else { 4 }
}

impl Config {
    /// Puts what depends on the machine in place of what was not set.
    pub(crate) fn resolve(&mut self) {
        if !std::mem::replace(&mut self.worker_threads_set, true) {
            let cpus = qi_sys::cpu_count().map_or(1, std::num::NonZero::get);
            self.worker_threads = cpus.min(MAX_WORKERS);
        }
    }

    /// Fails on the first option out of range.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        in_range("worker_threads", self.worker_threads, 1, MAX_WORKERS)?;
        in_range("queue_capacity", self.queue_capacity, 1, 1 << 24)?;
        in_range("max_blocking_threads", self.max_blocking_threads, 1, 1 << 16)?;
        in_range("thread_stack_size", self.thread_stack_size, 64 * 1024, LARGEST_STACK)?;
        lasts("poll_interval", self.poll_interval, Duration::from_micros(50), 10)?;
        lasts("stall_threshold", self.stall_threshold, Duration::from_micros(100), 3600)?;
        lasts("blocking_keep_alive", self.blocking_keep_alive, Duration::ZERO, 86_400)?;
        lasts("shutdown_timeout", self.shutdown_timeout, Duration::ZERO, 86_400)?;
        if self.thread_name.contains('\0') {
            let value = format!("{:?}", self.thread_name);
            return Err(ConfigError::out_of_range("thread_name", value, "text without a NUL"));
        }
        Ok(())
    }
}

fn in_range(field: &'static str, value: usize, min: usize, max: usize) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::out_of_range(field, value, format_args!("{min}..={max}")))
}

fn lasts(
    field: &'static str,
    value: Duration,
    min: Duration,
    max_seconds: u64,
) -> Result<(), ConfigError> {
    let max = Duration::from_secs(max_seconds);
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let (value, accepted) = (format!("{value:?}"), format!("{min:?} to {max:?}"));
    Err(ConfigError::out_of_range(field, value, accepted))
}

impl Default for Config {
    fn default() -> Self {
        Self {
            worker_threads: 1,
            worker_threads_set: false,
            queue_capacity: 1024,
            work_stealing: true,
            shares: Shares::default(),
            poll_interval: Duration::from_millis(1),
            stall_threshold: Duration::from_millis(10),
            max_blocking_threads: 512,
            blocking_keep_alive: Duration::from_secs(10),
            thread_name: "qi-worker".to_owned(),
            thread_stack_size: 2 * 1024 * 1024,
            run_in_place: true,
            escalation: true,
            panic_policy: PanicPolicy::Isolate,
            shutdown_timeout: Duration::from_secs(10),
            seed: 0x5149_2026,
            around_thread: None,
            stacks: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("worker_threads", &self.worker_threads)
            .field("queue_capacity", &self.queue_capacity)
            .field("work_stealing", &self.work_stealing)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}
