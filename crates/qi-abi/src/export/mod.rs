//! The exported functions, a file per group of the header.
//!
//! Each is a thin shell: `shell` keeps panics in and forked children out, pointers are checked, handles
//! looked up, and the work is done by the safe modules beside this one.

pub mod channel;
pub mod codes;
pub mod coroutine;
pub mod error;
pub mod file;
pub mod graph;
pub mod handle;
pub mod local;
pub mod locks;
pub mod once;
pub mod options;
pub mod park;
pub mod runtime;
pub mod scope;
pub mod select;
pub mod signal;
pub mod statistics;
pub mod system;
pub mod task;
pub mod tcp;
pub mod time;
pub mod udp;
pub mod waker;

pub use crate::config::{QI_CONFIG_DEBUG, QI_CONFIG_NO_STEALING, RuntimeConfig};
pub use crate::memory::Dropper;
pub use crate::poll_context::PollContext;
pub use crate::scope::QI_SCOPE_FAIL_FAST;
pub use crate::statistics::{RuntimeFigures, WorkerFigures};
pub use crate::task::call::InheritFn;
pub use crate::task::poll_task::PollFn;

use std::future::Future;
use std::time::Duration;

use qi_runtime::time::timeout;

use crate::code::Code;
use crate::poll_context::{self, Key, Start};
use crate::{boundary, fork, suspend};

/// A handle of any kind; 0 is none.
pub type AnyRef = u64;
/// A runtime; 0 is that of the calling thread, or the global one.
pub type RuntimeRef = u64;
/// A task.
pub type TaskRef = u64;
/// A waker of a task.
pub type WakerRef = u64;
/// A channel.
pub type ChannelRef = u64;
/// A mutex.
pub type MutexRef = u64;
/// A lock for many readers or one writer.
pub type RwLockRef = u64;
/// A semaphore.
pub type SemaphoreRef = u64;
/// A wait group.
pub type WaitGroupRef = u64;
/// Something that is done once.
pub type OnceRef = u64;
/// A scope: tasks that somebody waits for together.
pub type ScopeRef = u64;
/// A key of task-locals.
pub type LocalRef = u64;
/// An event.
pub type EventRef = u64;
/// A timer.
pub type TimerRef = u64;
/// A socket that accepts TCP connections.
pub type TcpListenerRef = u64;
/// A TCP connection.
pub type TcpRef = u64;
/// A UDP socket.
pub type UdpRef = u64;
/// An open file.
pub type FileRef = u64;
/// A graph of tasks.
pub type GraphRef = u64;

/// Runs the body of an exported function.
pub(crate) fn shell(body: impl FnOnce() -> Result<Code, Code>) -> i32 {
    if fork::is_child() {
        return Code::ERR_FORKED.0;
    }
    boundary::call(body)
}

/// Runs the body of an exported function that waits.
pub(crate) fn waiting<F>(begin: impl FnOnce() -> Result<F, Code>) -> i32
where
    F: Future<Output = Result<Code, Code>>,
{
    shell(|| {
        // Before anything is begun: a value that is to be sent would be copied for nothing.
        suspend::refuse_in_a_poll()?;
        suspend::wait(begin()?)?
    })
}

/// As [`waiting`], for so many nanoseconds at most.
pub(crate) fn waiting_for<F>(ns: u64, begin: impl FnOnce() -> Result<F, Code>) -> i32
where
    F: Future<Output = Result<Code, Code>>,
{
    if suspend::is_over() {
        return waiting(begin);
    }
    let limit = Duration::from_nanos(ns);
    waiting(|| {
        let operation = begin()?;
        Ok(async move { timeout(limit, operation).await.unwrap_or(Err(Code::ERR_TIMEOUT)) })
    })
}

/// Runs the body of a `_poll` twin.
pub(crate) fn polling<F>(
    cx: *mut PollContext,
    key: Key,
    begin: impl FnOnce() -> Result<F, Code>,
) -> i32
where
    F: Future<Output = Result<Code, Code>> + Send + 'static,
{
    shell(|| {
        // What cannot even begin is an operation that ends at once.
        poll_context::poll_operation(cx, key, || {
            let begun = begin();
            async move { begun?.await }
        })
    })
}

/// As [`polling`], for an operation that may be moved: it is kept, in memory of its own, only if it is
/// not ready at once.
pub(crate) fn polling_now<F>(
    cx: *mut PollContext,
    key: Key,
    begin: impl FnOnce() -> Result<F, Code>,
) -> i32
where
    F: Future<Output = Result<Code, Code>> + Send + Unpin + 'static,
{
    shell(|| poll_context::poll_or_keep(cx, key, || begin().map(Start::Waits)))
}

/// Kinds of operations, by which those of one poll function are told apart.
pub(crate) mod operation {
    pub(crate) const AWAIT: u32 = 1;
    pub(crate) const SLEEP: u32 = 2;
    pub(crate) const SEND: u32 = 3;
    pub(crate) const RECEIVE: u32 = 4;
    pub(crate) const LOCK: u32 = 5;
    pub(crate) const READ_LOCK: u32 = 6;
    pub(crate) const WRITE_LOCK: u32 = 7;
    pub(crate) const ACQUIRE: u32 = 8;
    pub(crate) const GROUP: u32 = 9;
    pub(crate) const EVENT: u32 = 10;
    pub(crate) const TIMER: u32 = 11;
    pub(crate) const AWAIT_ALL: u32 = 12;
    pub(crate) const AWAIT_ANY: u32 = 13;
    pub(crate) const SELECT: u32 = 14;
    pub(crate) const SCOPE: u32 = 15;
    pub(crate) const ONCE: u32 = 16;
    pub(crate) const SIGNAL: u32 = 17;
    pub(crate) const ACCEPT: u32 = 32;
    pub(crate) const CONNECT: u32 = 33;
    pub(crate) const READ: u32 = 34;
    pub(crate) const WRITE: u32 = 35;
    pub(crate) const OPEN: u32 = 36;
    pub(crate) const SYNC: u32 = 37;
    pub(crate) const SIZE: u32 = 38;
    pub(crate) const SET_SIZE: u32 = 39;
    pub(crate) const REMOVE: u32 = 40;
}

/// A pointer of the other side on its way into an operation.
pub(crate) struct Sent<T>(pub(crate) *mut T);

// SAFETY: what it points to is the other side's, which is told in the header how long it must stay and
// that nobody else may touch it meanwhile; it is used on one thread at a time.
unsafe impl<T> Send for Sent<T> {}

impl<T> Sent<T> {
    /// The pointer; a method, so that closures take the whole and not its field.
    pub(crate) fn get(&self) -> *mut T {
        self.0
    }
}
