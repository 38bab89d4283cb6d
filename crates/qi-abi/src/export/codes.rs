//! The codes as the header shows them. The numbers are part of the ABI: none is ever given a new meaning.
#![forbid(unsafe_code)]

/// Success.
pub const QI_OK: i32 = 0;
/// Not ready yet, the waker will be called.
pub const QI_PENDING: i32 = 1;
/// The other side has closed its end.
pub const QI_EOF: i32 = 2;
/// A pointer that must not be null is null.
pub const QI_ERR_NULL: i32 = -1;
/// A pointer is not aligned for what it points to.
pub const QI_ERR_ALIGNMENT: i32 = -2;
/// An argument is outside its range.
pub const QI_ERR_INVALID: i32 = -3;
/// Struct_size is none that this library knows.
pub const QI_ERR_STRUCT_SIZE: i32 = -4;
/// A text is not valid UTF-8.
pub const QI_ERR_UTF8: i32 = -5;
/// The handle was released, or never given out.
pub const QI_ERR_STALE: i32 = -6;
/// The handle is of another kind.
pub const QI_ERR_KIND: i32 = -7;
/// No runtime was initialised.
pub const QI_ERR_NOT_INIT: i32 = -8;
/// The runtime was shut down.
pub const QI_ERR_SHUTDOWN: i32 = -9;
/// The process is a forked child, which may only call exec.
pub const QI_ERR_FORKED: i32 = -10;
/// A call that suspends was made inside a poll function.
pub const QI_ERR_WOULD_BLOCK: i32 = -11;
/// The task was cancelled.
pub const QI_ERR_CANCELLED: i32 = -12;
/// The time is over.
pub const QI_ERR_TIMEOUT: i32 = -13;
/// The channel or semaphore is closed.
pub const QI_ERR_CLOSED: i32 = -14;
/// There is no room at the moment.
pub const QI_ERR_FULL: i32 = -15;
/// There is nothing at the moment.
pub const QI_ERR_EMPTY: i32 = -16;
/// Code of the runtime, or called by it, panicked.
pub const QI_ERR_PANIC: i32 = -17;
/// Memory, threads or handles are used up.
pub const QI_ERR_NO_MEMORY: i32 = -18;
/// No stack is left for another coroutine.
pub const QI_ERR_STACKS: i32 = -19;
/// This platform or build cannot do it.
pub const QI_ERR_UNSUPPORTED: i32 = -20;
/// Somebody else is using it.
pub const QI_ERR_BUSY: i32 = -21;
/// The graph has a cycle.
pub const QI_ERR_CYCLE: i32 = -22;
/// The result was taken before.
pub const QI_ERR_TAKEN: i32 = -23;
/// It is held by somebody else, or by nobody.
pub const QI_ERR_NOT_OWNER: i32 = -24;
/// A task would wait for itself.
pub const QI_ERR_DEADLOCK: i32 = -25;
/// The task has ended already.
pub const QI_ERR_FINISHED: i32 = -26;
/// A blocking call that has started cannot be cancelled.
pub const QI_ERR_NOT_CANCELLABLE: i32 = -27;
/// The caller is not a task of this runtime.
pub const QI_ERR_NOT_IN_TASK: i32 = -28;
/// The text is not a network address.
pub const QI_ERR_ADDRESS: i32 = -29;
/// The task failed.
pub const QI_ERR_FAILED: i32 = -30;
/// Errors of the operating system: this number less the system's own.
pub const QI_ERR_OS_BASE: i32 = -10_000;
/// A program's own errors lie at or below this.
pub const QI_ERR_USER_BASE: i32 = -1_000_000;
