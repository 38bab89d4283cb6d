//! Errors of the scheduler, in English and Chinese.
#![forbid(unsafe_code)]

use crate::stackful::NoStack;
use crate::task::{Payload, TaskId};
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// Why a scheduler could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchedError {
    /// An option has a value outside its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system refused a worker thread. Those already started have ended again.
    #[error("could not start worker thread {index}")]
    SpawnThread {
        /// Which worker, counted from 0.
        index: usize,
        /// The system's reason.
        source: io::Error,
    },
}

impl SchedError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Config(error) => error.message_zh(),
            Self::SpawnThread { index, source } => {
                format!("无法启动第 {index} 号工作线程：{source}")
            }
        }
    }
}

/// An option with a value outside its range.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} is {value}, accepted is {accepted}")]
pub struct ConfigError {
    field: &'static str,
    value: String,
    accepted: String,
}

impl ConfigError {
    /// Says that `field` has `value`, which is outside `accepted`.
    pub fn out_of_range(
        field: &'static str,
        value: impl fmt::Display,
        accepted: impl fmt::Display,
    ) -> Self {
        Self { field, value: value.to_string(), accepted: accepted.to_string() }
    }

    /// The option's name.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        format!("配置项 {} 的值为 {}，允许的范围是 {}", self.field, self.value, self.accepted)
    }
}

/// Why a task has no result to give.
pub struct JoinError {
    id: TaskId,
    cause: Cause,
}

enum Cause {
    Cancelled,
    /// Behind a lock, because a payload need not be `Sync` and an error should be.
    Panic(Mutex<Payload>),
    Taken,
    OwnAncestor {
        waiter: String,
        target: String,
    },
}

impl JoinError {
    pub(crate) fn cancelled(id: TaskId) -> Self {
        Self { id, cause: Cause::Cancelled }
    }

    pub(crate) fn panicked(id: TaskId, payload: Payload) -> Self {
        Self { id, cause: Cause::Panic(Mutex::new(payload)) }
    }

    pub(crate) fn taken(id: TaskId) -> Self {
        Self { id, cause: Cause::Taken }
    }

    pub(crate) fn own_ancestor(id: TaskId, waiter: String, target: String) -> Self {
        Self { id, cause: Cause::OwnAncestor { waiter, target } }
    }

    /// The task that was waited for.
    #[must_use]
    pub fn task_id(&self) -> TaskId {
        self.id
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic(_))
    }

    /// Whether the task was a coroutine for which there was no stack: it has failed before it began, without
    /// a panic of its own. [`is_panic`](Self::is_panic) is true then, too.
    #[must_use]
    pub fn is_no_stack(&self) -> bool {
        match &self.cause {
            Cause::Panic(payload) => {
                payload.lock().unwrap_or_else(PoisonError::into_inner).is::<NoStack>()
            }
            _ => false,
        }
    }

    /// Whether the result had been taken before: the handle was polled after completion.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self.cause, Cause::Taken)
    }

    /// Whether the wait could never have ended, because the waiting task runs on top of the one it
    /// waits for (or is that task).
    #[must_use]
    pub fn is_self_wait(&self) -> bool {
        matches!(self.cause, Cause::OwnAncestor { .. })
    }

    /// The panic's payload, to be resumed with [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task did not panic.
    #[must_use]
    pub fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        self.try_into_panic().expect("the task did not panic")
    }

    /// The panic's payload, or the error itself if the task did not panic.
    ///
    /// # Errors
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn std::any::Any + Send + 'static>, Self> {
        match self.cause {
            Cause::Panic(payload) => {
                Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
            cause => Err(Self { id: self.id, cause }),
        }
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        let id = self.id;
        match &self.cause {
            Cause::Cancelled => format!("任务 {id} 已被取消"),
            Cause::Panic(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                match payload.downcast_ref::<NoStack>() {
                    Some(no_stack) => format!("任务 {id} 没有得到协程栈：{}", no_stack.why),
                    None => format!("任务 {id} 发生 panic：{}", payload_text(&payload)),
                }
            }
            Cause::Taken => format!("任务 {id} 的结果已经被取走"),
            Cause::OwnAncestor { waiter, target } => {
                format!("{waiter} 在 {target} 的调用栈上运行，等待它永远不会结束")
            }
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id;
        match &self.cause {
            Cause::Cancelled => write!(f, "task {id} was cancelled"),
            Cause::Panic(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                match payload.downcast_ref::<NoStack>() {
                    Some(no_stack) => write!(f, "task {id} did not begin: {no_stack}"),
                    None => write!(f, "task {id} panicked: {}", payload_text(&payload)),
                }
            }
            Cause::Taken => write!(f, "the result of task {id} was taken before"),
            Cause::OwnAncestor { waiter, target } => {
                write!(f, "{waiter} waits for {target}, on whose stack it runs")
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// What a panic said, as far as it is text.
pub(crate) fn payload_text(payload: &Payload) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "(no text)"
    }
}

/// Why a request to cancel was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CancelError {
    /// The task had ended before.
    #[error("the task has already ended")]
    Ended,
    /// A blocking call that has begun cannot be interrupted.
    #[error("the blocking call has begun and cannot be cancelled")]
    NotCancellable,
}

impl CancelError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Ended => "任务已经结束",
            Self::NotCancellable => "阻塞调用已经开始执行，无法取消",
        }
        .to_owned()
    }
}

/// Why a shutdown was not complete.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShutdownError {
    /// Tasks or threads did not end in time. They are left to themselves.
    #[error(
        "{} task(s) and {threads} thread(s) left behind after {waited:?}: {}",
        tasks.len(), tasks.join(", ")
    )]
    LeftBehind {
        /// What is stuck: name or id, and the place of spawning.
        tasks: Vec<String>,
        /// Threads that have not ended.
        threads: usize,
        /// How long the shutdown waited.
        waited: Duration,
    },
}

impl ShutdownError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::LeftBehind { tasks, threads, waited } => format!(
                "等待 {waited:?} 后仍有 {} 个任务、{threads} 个线程没有结束：{}",
                tasks.len(),
                tasks.join("、")
            ),
        }
    }
}

/// A task-local has no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the task-local {key} is not set in this task")]
pub struct TaskLocalError {
    key: &'static str,
}

impl TaskLocalError {
    pub(crate) fn not_set(key: &'static str) -> Self {
        Self { key }
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        format!("当前任务中没有设置任务局部变量 {}", self.key)
    }
}

/// The calling thread is no worker: what was asked for would stay on it, and it runs no tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this thread is no worker: call this inside a task")]
pub struct NoWorkerError;

impl NoWorkerError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "当前线程不是工作线程：请在任务内调用".to_owned()
    }
}

/// There is no runtime on the calling thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no Qi runtime on this thread: call this inside a task, a block_on or an entered handle")]
pub struct NoRuntimeError;

impl NoRuntimeError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "当前线程上没有 Qi 运行时：请在任务、block_on 或已进入的 Handle 内调用".to_owned()
    }
}
