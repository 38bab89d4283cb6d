//! Errors of children, in English and Chinese.
#![forbid(unsafe_code)]

use qi_sched::JoinError;
use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// What a panic left; behind a lock, because it need not be `Sync` and an error should be.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.handle().enter(|| {
/// use qi_scope::{ChildError, scope_blocking};
/// scope_blocking(|scope| {
///     let child = scope.spawn(async { "three".parse::<u8>().expect("a number") });
///     let Err(ChildError::Panicked(payload)) = child.join() else { panic!("it panics") };
///     let text = payload.into_inner().downcast::<String>().unwrap();
///     assert!(text.starts_with("a number"));
/// });
/// # });
/// ```
pub struct PanicPayload(Mutex<Box<dyn Any + Send + 'static>>);

impl PanicPayload {
    pub(crate) fn new(payload: Box<dyn Any + Send + 'static>) -> Self {
        Self(Mutex::new(payload))
    }

    /// The payload, to be resumed with [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_inner(self) -> Box<dyn Any + Send + 'static> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the panic said, as far as it is text.
    fn text(&self) -> String {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        text.unwrap_or("(no text)").to_owned()
    }
}

impl fmt::Debug for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PanicPayload").field(&self.text()).finish()
    }
}

/// Why a child of a [`scope_blocking`](crate::scope_blocking) gave no result.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.handle().enter(|| {
/// use qi_scope::{ChildError, scope_blocking};
/// scope_blocking(|scope| {
///     let child = scope.spawn(std::future::pending::<()>());
///     child.cancel();
///     assert!(matches!(child.join(), Err(ChildError::Cancelled)));
/// });
/// # });
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChildError {
    /// It was cancelled, or its result was taken before.
    #[error("the child was cancelled")]
    Cancelled,
    /// It panicked.
    #[error("the child panicked: {}", .0.text())]
    Panicked(PanicPayload),
}

impl ChildError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Cancelled => "子任务已被取消".to_owned(),
            Self::Panicked(payload) => format!("子任务发生 panic：{}", payload.text()),
        }
    }
}

/// Why a future was stopped before its end.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use qi_scope::{Stopped, with_cancellation};
/// let token = qi_sync::CancellationToken::new();
/// token.cancel();
/// let stopped = with_cancellation(token, std::future::pending::<()>()).await;
/// assert_eq!(stopped, Err(Stopped::Cancelled));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Stopped {
    /// The token that it obeys was cancelled.
    #[error("cancelled from outside")]
    Cancelled,
    /// Its deadline has passed.
    #[error("the deadline has passed")]
    DeadlinePassed,
}

impl Stopped {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Cancelled => "已被外部取消",
            Self::DeadlinePassed => "已超过截止时间",
        }
        .to_owned()
    }
}

/// Why a [`TaskGroup`](crate::TaskGroup) failed.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use qi_scope::{GroupError, TaskGroup};
/// let mut group = TaskGroup::new();
/// group.spawn(async { "three".parse::<u8>() });
/// let error = group.join().await.unwrap_err();
/// assert_eq!(error.to_string(), "a task of the group failed");
/// let GroupError::Failed(source) = error else { panic!("it returns its error") };
/// assert_eq!(source.to_string(), "invalid digit found in string");
/// # });
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GroupError<E> {
    /// A member returned an error.
    #[error("a task of the group failed")]
    Failed(#[source] E),
    /// A member panicked, or was cancelled by somebody else.
    #[error("a task of the group gave no result")]
    Task(#[source] JoinError),
}

impl<E> GroupError<E> {
    /// The member's own error, if it returned one.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Task(_) => None,
        }
    }

    /// The error in a box, whatever was the member's: for `?` where errors are boxed, also if the
    /// members' own are boxes or texts, which are no errors themselves.
    ///
    /// # Examples
    /// ```
    /// use qi_scope::TaskGroup;
    /// use std::error::Error;
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// async fn brew() -> Result<(), Box<dyn Error + Send + Sync>> {
    ///     let mut group = TaskGroup::new();
    ///     group.spawn(async { Err::<(), _>("no tea") });
    ///     group.join().await.map_err(|error| error.into_boxed())?;
    ///     Ok(())
    /// }
    /// assert_eq!(brew().await.unwrap_err().to_string(), "no tea");
    /// # });
    /// ```
    pub fn into_boxed(self) -> Box<dyn std::error::Error + Send + Sync>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self {
            Self::Failed(error) => error.into(),
            Self::Task(error) => Box::new(error),
        }
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Failed(_) => "任务组中有任务返回了错误".to_owned(),
            Self::Task(error) => format!("任务组中有任务没有结果：{}", error.message_zh()),
        }
    }
}
