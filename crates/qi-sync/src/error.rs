//! Errors of the synchronisation primitives, in English and Chinese.
#![forbid(unsafe_code)]

use thiserror::Error;

/// Why no permit can be waited for: the semaphore is closed.
///
/// # Examples
/// ```
/// let semaphore = qi_sync::Semaphore::new(0);
/// semaphore.close();
/// let error = semaphore.blocking_acquire().unwrap_err();
/// assert_eq!(error.to_string(), "the semaphore is closed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the semaphore is closed")]
#[non_exhaustive]
pub struct AcquireError;

impl AcquireError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "信号量已关闭".to_owned()
    }
}

/// Why no permit can be had at once.
///
/// # Examples
/// ```
/// use qi_sync::{Semaphore, TryAcquireError};
/// let semaphore = Semaphore::new(0);
/// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// The semaphore is closed.
    #[error("the semaphore is closed")]
    Closed,
    /// Too few permits are free, or others wait for them.
    #[error("too few permits are free")]
    NoPermits,
}

impl TryAcquireError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Closed => "信号量已关闭".to_owned(),
            Self::NoPermits => "可用许可不足".to_owned(),
        }
    }
}

/// Why a cell could not be set; the value comes back.
///
/// # Examples
/// ```
/// use qi_sync::{OnceCell, SetError};
/// let cell = OnceCell::from(1);
/// let error = cell.set(2).unwrap_err();
/// assert_eq!(error, SetError::AlreadyInitialized(2));
/// assert_eq!(error.into_inner(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SetError<T> {
    /// The cell has a value.
    #[error("the cell already has a value")]
    AlreadyInitialized(T),
    /// The cell is being initialised.
    #[error("the cell is being initialised")]
    Initializing(T),
}

impl<T> SetError<T> {
    /// Gives the value back.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::AlreadyInitialized(value) | Self::Initializing(value) => value,
        }
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::AlreadyInitialized(_) => "单次初始化单元已有值".to_owned(),
            Self::Initializing(_) => "单次初始化单元正在初始化".to_owned(),
        }
    }
}
