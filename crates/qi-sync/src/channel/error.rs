//! Errors of the channels, in English and Chinese. Those of sends hold the value.
#![forbid(unsafe_code)]

use std::fmt;
use thiserror::Error;

/// The receivers are gone, or have closed the channel. It holds the value that was not sent.
///
/// # Examples
/// ```
/// let (tx, rx) = qi_sync::channel::mpsc::bounded(1);
/// drop(rx);
/// let error = tx.blocking_send("letter").unwrap_err();
/// assert_eq!(error.to_string(), "the channel is closed: nobody will receive");
/// assert_eq!(error.into_inner(), "letter");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the channel is closed: nobody will receive")]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "通道已关闭，不会再有接收方".to_owned()
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

/// Why a value could not be sent at once.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc::{TrySendError, bounded};
/// let (tx, rx) = bounded(1);
/// tx.try_send(1)?;
/// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
/// drop(rx);
/// assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room, or other senders wait for it. In a rendezvous channel: no receiver waits.
    #[error("the channel is full")]
    Full(T),
    /// The receivers are gone, or have closed the channel.
    #[error("the channel is closed: nobody will receive")]
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// Whether there was no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the channel is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Full(_) => "通道已满",
            Self::Closed(_) => "通道已关闭，不会再有接收方",
        }
        .to_owned()
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "Full(..)" } else { "Closed(..)" })
    }
}

/// Why a value was not sent before it was too late. It holds the value.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc::{SendStoppedError, bounded};
/// use std::time::Duration;
/// let (tx, _rx) = bounded(1);
/// tx.try_send(1)?;
/// let error = tx.blocking_send_timeout(2, Duration::from_millis(1));
/// assert_eq!(error, Err(SendStoppedError::Stopped(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendStoppedError<T> {
    /// What the send was to stop for came first: a deadline, a cancellation.
    #[error("the value was not sent in time")]
    Stopped(T),
    /// The receivers are gone, or have closed the channel.
    #[error("the channel is closed: nobody will receive")]
    Closed(T),
}

impl<T> SendStoppedError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Stopped(value) | Self::Closed(value) => value,
        }
    }

    /// Whether it was too late.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped(_))
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Stopped(_) => "未能及时发送",
            Self::Closed(_) => "通道已关闭，不会再有接收方",
        }
        .to_owned()
    }
}

impl<T> fmt::Debug for SendStoppedError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_stopped() { "Stopped(..)" } else { "Closed(..)" })
    }
}

/// Why no place was reserved.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc::{ReserveError, bounded};
/// let (tx, _rx) = bounded::<u8>(2);
/// let error = tx.try_reserve_many(3).unwrap_err();
/// assert_eq!(error, ReserveError::TooMany { wanted: 3, most: 2 });
/// let _both = tx.try_reserve_many(2)?;
/// assert_eq!(tx.try_reserve().unwrap_err(), ReserveError::Full);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReserveError {
    /// There is no room, or other senders wait for it. Only who cannot wait gets this.
    #[error("the channel is full")]
    Full,
    /// The receivers are gone, or have closed the channel.
    #[error("the channel is closed: nobody will receive")]
    Closed,
    /// More places at once than the channel has.
    #[error("{wanted} places were asked for, accepted is at most {most}")]
    TooMany {
        /// Places asked for.
        wanted: usize,
        /// Places that there can be.
        most: usize,
    },
}

impl ReserveError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Full => "通道已满".to_owned(),
            Self::Closed => "通道已关闭，不会再有接收方".to_owned(),
            Self::TooMany { wanted, most } => {
                format!("请求预留 {wanted} 个位置，最多只能预留 {most} 个")
            }
        }
    }
}

/// Why nothing was received at once.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc::{TryRecvError, bounded};
/// let (tx, mut rx) = bounded::<u8>(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// drop(tx);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TryRecvError {
    /// There is nothing yet.
    #[error("the channel is empty")]
    Empty,
    /// There is nothing, and nothing will come.
    #[error("the channel is closed and empty")]
    Closed,
}

impl TryRecvError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Empty => "通道暂无数据",
            Self::Closed => "通道已关闭且没有剩余数据",
        }
        .to_owned()
    }
}

/// Why nothing was received before it was too late.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc::{RecvTimeoutError, bounded};
/// use std::time::Duration;
/// let (tx, mut rx) = bounded::<u8>(1);
/// let limit = Duration::from_millis(1);
/// assert_eq!(rx.blocking_recv_timeout(limit), Err(RecvTimeoutError::Timeout));
/// drop(tx);
/// assert_eq!(rx.blocking_recv_timeout(limit), Err(RecvTimeoutError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvTimeoutError {
    /// Nothing came in time.
    #[error("nothing was received in time")]
    Timeout,
    /// There is nothing, and nothing will come.
    #[error("the channel is closed and empty")]
    Closed,
}

impl RecvTimeoutError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Timeout => "在规定时间内没有收到数据",
            Self::Closed => "通道已关闭且没有剩余数据",
        }
        .to_owned()
    }
}
