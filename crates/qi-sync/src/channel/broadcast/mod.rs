//! A channel in which every receiver gets every value, as long as it keeps up.
//!
//! The channel holds the newest values up to its capacity. A sender never waits: a receiver that is
//! too slow loses the oldest values, and is told how many. A value is freed when the last of its
//! receivers has it.
#![forbid(unsafe_code)]

mod receiver;
mod sender;
mod shared;

pub use super::error::{RecvTimeoutError, SendError};
pub use receiver::{Receiver, Recv};
pub use sender::{Sender, UntilClosed, WeakSender};
use shared::Shared;
use std::sync::Arc;
use thiserror::Error;

/// Why no value was received.
///
/// # Examples
/// ```
/// use qi_sync::channel::broadcast::{RecvError, channel};
/// let (tx, mut rx) = channel(1);
/// tx.send("lost")?;
/// tx.send("kept")?;
/// drop(tx);
/// assert_eq!(rx.blocking_recv(), Err(RecvError::Lagged(1)));
/// assert_eq!(rx.blocking_recv(), Ok("kept"));
/// assert_eq!(rx.blocking_recv(), Err(RecvError::Closed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvError {
    /// The senders are gone, and all was received.
    #[error("the channel is closed and empty")]
    Closed,
    /// So many values were lost, because they were replaced before they were received. The next
    /// receive gives the oldest one that is left.
    #[error("{0} values were replaced before they were received")]
    Lagged(u64),
}

impl RecvError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Closed => "通道已关闭且没有剩余数据".to_owned(),
            Self::Lagged(count) => format!("接收过慢，有 {count} 条数据在接收之前已被覆盖"),
        }
    }
}

/// Why no value was received at once.
///
/// # Examples
/// ```
/// use qi_sync::channel::broadcast::{TryRecvError, channel};
/// let (tx, mut rx) = channel(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// tx.send("lost")?;
/// tx.send("kept")?;
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
/// assert_eq!(rx.try_recv(), Ok("kept"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TryRecvError {
    /// There is nothing yet.
    #[error("the channel is empty")]
    Empty,
    /// The senders are gone, and all was received.
    #[error("the channel is closed and empty")]
    Closed,
    /// As [`RecvError::Lagged`].
    #[error("{0} values were replaced before they were received")]
    Lagged(u64),
}

impl TryRecvError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Empty => "通道暂无数据".to_owned(),
            Self::Closed => RecvError::Closed.message_zh(),
            Self::Lagged(count) => RecvError::Lagged(*count).message_zh(),
        }
    }
}

/// Makes a channel that holds the newest `capacity` values.
///
/// # Panics
/// If `capacity` is zero.
///
/// # Examples
/// ```
/// use qi_sync::channel::broadcast::{channel, TryRecvError};
/// let (tx, mut slow) = channel(2);
/// let mut quick = tx.subscribe();
/// tx.send(1)?;
/// assert_eq!(quick.try_recv(), Ok(1));
/// tx.send(2)?;
/// tx.send(3)?;
/// assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(1)));
/// assert_eq!((slow.try_recv(), slow.try_recv()), (Ok(2), Ok(3)));
/// assert_eq!(slow.try_recv(), Err(TryRecvError::Empty));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "the capacity of a broadcast channel is 0, accepted is 1 and more");
    let shared = Arc::new(Shared::new(capacity));
    let receiver = Receiver::new(shared.clone());
    (Sender::new(shared), receiver)
}
