//! Errors of the runtime, in English and Chinese.

use qi_reactor::ReactorError;
use qi_sched::{ConfigError, NoRuntimeError, SchedError};
use qi_stackful::StackError;
use thiserror::Error;

/// Why a runtime could not be made or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// An option has a value outside its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The scheduler could not be started.
    #[error("could not start the scheduler")]
    Scheduler(#[source] SchedError),
    /// The event queues could not be made.
    #[error("could not start the reactor")]
    Reactor(#[from] ReactorError),
    /// The stacks of coroutines could not be allocated at the start.
    #[error("could not allocate stacks for coroutines")]
    Stacks(#[from] StackError),
    /// The calling thread works for no runtime.
    #[error(transparent)]
    NoRuntime(#[from] NoRuntimeError),
    /// The runtime shut down before it came to a call, or while something was waited for.
    #[error("the runtime has shut down")]
    Stopped,
}

impl From<RuntimeError> for std::io::Error {
    /// Wraps the error so that I/O can return it; `get_ref` and a downcast give it back.
    fn from(error: RuntimeError) -> Self {
        Self::other(error)
    }
}

impl RuntimeError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Config(error) => error.message_zh(),
            Self::Scheduler(error) => format!("无法启动调度器：{}", error.message_zh()),
            Self::Reactor(error) => format!("无法启动事件循环：{}", error.message_zh()),
            Self::Stacks(error) => format!("无法为协程分配栈：{}", error.message_zh()),
            Self::NoRuntime(error) => error.message_zh(),
            Self::Stopped => "运行时已关闭".to_owned(),
        }
    }
}

impl From<SchedError> for RuntimeError {
    fn from(error: SchedError) -> Self {
        match error {
            SchedError::Config(error) => Self::Config(error),
            other => Self::Scheduler(other),
        }
    }
}
