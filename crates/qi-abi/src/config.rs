//! The options of a runtime as C sees them: a field of 0 means its default.

use std::time::Duration;

use qi_runtime::AsyncRuntimeBuilder;

use crate::code::Code;
use crate::structs::Versioned;

/// Tasks stay on the worker that they were placed on.
pub const QI_CONFIG_NO_STEALING: u32 = 1;
/// Debug messages on standard error.
pub const QI_CONFIG_DEBUG: u32 = 2;

const ALL_FLAGS: u32 = QI_CONFIG_NO_STEALING | QI_CONFIG_DEBUG;

/// The options of a runtime. Zero every field but the first for the defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct RuntimeConfig {
    /// `sizeof(qi_config)`.
    pub struct_size: u32,
    /// Threads that run tasks, at most 1024. 0: the processors that this process may use.
    pub worker_threads: u32,
    /// The longest local run queue of a worker. 0: 1024.
    pub queue_capacity: u32,
    /// Coroutine stacks made before the first coroutine runs. 0: 128; `UINT32_MAX`: none.
    pub stack_pool_size: u32,
    /// Usable bytes of a coroutine's stack. 0: 2 MiB.
    pub max_stack_size: u64,
    /// The longest that ready I/O and due timers go unobserved, in microseconds. 0: 1000.
    pub poll_interval_us: u32,
    /// `QI_CONFIG_…`, or'ed.
    pub flags: u32,
    /// Threads for blocking calls. 0: 512.
    pub max_blocking_threads: u32,
    /// How long a shutdown waits, in milliseconds. 0: 10,000.
    pub shutdown_timeout_ms: u32,
}

// SAFETY: `repr(C)`, begins with a u32, and has only numbers.
unsafe impl Versioned for RuntimeConfig {
    const FIRST: usize = 40;
}

/// Sets what is not 0. What is out of range is the builder's to refuse.
pub(crate) fn apply(
    config: &RuntimeConfig,
    mut builder: AsyncRuntimeBuilder,
) -> Result<AsyncRuntimeBuilder, Code> {
    if config.flags & !ALL_FLAGS != 0 {
        return Err(Code::ERR_INVALID);
    }
    let size = |value: u64| usize::try_from(value).map_err(|_| Code::ERR_INVALID);
    if config.worker_threads > 0 {
        builder = builder.worker_threads(size(config.worker_threads.into())?);
    }
    if config.queue_capacity > 0 {
        builder = builder.queue_capacity(size(config.queue_capacity.into())?);
    }
    if config.max_stack_size > 0 {
        builder = builder.max_stack_size(size(config.max_stack_size)?);
    }
    match config.stack_pool_size {
        0 => {}
        u32::MAX => builder = builder.stack_pool_size(0),
        stacks => builder = builder.stack_pool_size(size(stacks.into())?),
    }
    if config.poll_interval_us > 0 {
        builder = builder.poll_interval(Duration::from_micros(config.poll_interval_us.into()));
    }
    if config.max_blocking_threads > 0 {
        builder = builder.max_blocking_threads(size(config.max_blocking_threads.into())?);
    }
    if config.shutdown_timeout_ms > 0 {
        let timeout = Duration::from_millis(config.shutdown_timeout_ms.into());
        builder = builder.shutdown_timeout(timeout);
    }
    let stealing = config.flags & QI_CONFIG_NO_STEALING == 0;
    Ok(builder.enable_work_stealing(stealing).debug(config.flags & QI_CONFIG_DEBUG != 0))
}
