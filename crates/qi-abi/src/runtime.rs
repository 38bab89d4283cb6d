//! Runtimes: the one that most programs have, and any number of others.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use qi_runtime::{AsyncRuntime, AsyncRuntimeBuilder, Handle, RuntimeError, RuntimeState};

use crate::code::Code;
use crate::config::RuntimeConfig;
use crate::{config, fork, io_code, object};

/// A runtime.
#[derive(Clone)]
pub(crate) struct Instance {
    runtime: Arc<AsyncRuntime>,
}

/// The runtime of calls that name none.
static GLOBAL: OnceLock<Instance> = OnceLock::new();

thread_local! {
    /// The runtimes that this thread was attached to, innermost last.
    static ATTACHED: RefCell<Vec<Instance>> = const { RefCell::new(Vec::new()) };
}

impl Instance {
    pub(crate) fn create(config: Option<&RuntimeConfig>) -> Result<Self, Code> {
        fork::watch();
        let builder = match config {
            Some(config) => config::apply(config, AsyncRuntime::builder())?,
            None => AsyncRuntime::builder(),
        };
        Self::build(builder)
    }

    fn build(builder: AsyncRuntimeBuilder) -> Result<Self, Code> {
        match builder.build() {
            Ok(runtime) => Ok(Self { runtime: Arc::new(runtime) }),
            Err(error) => {
                crate::last_error::keep(&with_causes(&error), &error.message_zh());
                Err(match error {
                    RuntimeError::Config(_) => Code::ERR_INVALID,
                    _ => io_cause(&error).map_or(Code::ERR_NO_MEMORY, why_not_made),
                })
            }
        }
    }

    /// The global one, made if there is none yet.
    pub(crate) fn global(config: Option<&RuntimeConfig>) -> Result<&'static Self, Code> {
        if let Some(instance) = GLOBAL.get() {
            return Ok(instance);
        }
        // Of two threads that come here at once one makes a runtime for nothing.
        let made = Self::create(config)?;
        Ok(GLOBAL.get_or_init(|| made))
    }

    /// The runtime of a handle; for the null handle that which the calling thread works for, is
    /// attached to, or the global one, in this order.
    pub(crate) fn of(handle: u64) -> Result<Handle, Code> {
        let found =
            if handle == 0 { Self::here()? } else { object::find::<Self>(handle)?.handle() };
        match found.state() {
            RuntimeState::Running => Ok(found),
            _ => Err(Code::ERR_SHUTDOWN),
        }
    }

    /// The runtime that the calling thread's waits belong to.
    pub(crate) fn here() -> Result<Handle, Code> {
        if let Ok(handle) = Handle::try_current() {
            return Ok(handle);
        }
        let attached = || ATTACHED.with_borrow(|all| all.last().map(Instance::handle));
        attached().or_else(|| GLOBAL.get().map(Instance::handle)).ok_or(Code::ERR_NOT_INIT)
    }

    pub(crate) fn handle(&self) -> Handle {
        self.runtime.handle().clone()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.runtime.state() == RuntimeState::Running
    }

    /// Cancels what is left, and waits for it as long as the runtime's option says.
    pub(crate) fn shut_down(&self) -> Result<(), Code> {
        self.runtime.shutdown().map_err(|error| {
            crate::last_error::keep(&error.to_string(), &error.message_zh());
            Code::ERR_BUSY
        })
    }

    /// Lets tasks finish for so long before the rest is cancelled; the counts of completed, cancelled
    /// and left behind.
    pub(crate) fn shut_down_gracefully(&self, grace: Duration) -> qi_runtime::ShutdownReport {
        self.runtime.shutdown_graceful(grace)
    }

    /// Attaches the calling thread.
    pub(crate) fn attach(&self) {
        ATTACHED.with_borrow_mut(|all| all.push(self.clone()));
    }
}

/// What an error says, and what led to it.
fn with_causes(error: &RuntimeError) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words += &format!(": {error}");
        cause = error.source();
    }
    words
}

/// The error of the system that led to it.
fn io_cause(error: &RuntimeError) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Threads are refused for want of memory with a number that says "try again".
fn why_not_made(error: &io::Error) -> Code {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => Code::ERR_NO_MEMORY,
        _ => io_code::of(error),
    }
}

/// The runtime of a handle, or the global one for the null handle.
pub(crate) fn named(handle: u64) -> Result<Instance, Code> {
    match handle {
        0 => GLOBAL.get().cloned().ok_or(Code::ERR_NOT_INIT),
        _ => Ok(object::find::<Instance>(handle)?.clone()),
    }
}

/// Takes back the calling thread's last attachment.
pub(crate) fn detach() -> Result<(), Code> {
    // The runtime may end here, which runs code of its tasks: not inside the borrow.
    let last = ATTACHED.with_borrow_mut(Vec::pop);
    last.map(drop).ok_or(Code::ERR_NOT_INIT)
}
