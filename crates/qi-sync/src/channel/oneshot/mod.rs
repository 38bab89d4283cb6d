//! A channel for one value: one allocation, a state word, no lock.
//!
//! Sending never waits. Receiving a value that is there already costs one load.

mod cell;

use super::block_until::block_until;
use super::error::RecvTimeoutError;
pub use super::error::{SendError, TryRecvError};
use cell::{Found, RxEnd, TxEnd, pair};
use qi_sched::coop;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use thiserror::Error;

/// The sender went without sending, or the receiver was used up.
///
/// # Examples
/// ```
/// use qi_sync::channel::oneshot::{RecvError, channel};
/// let (tx, rx) = channel::<u8>();
/// drop(tx);
/// assert_eq!(rx.blocking_recv(), Err(RecvError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the sender is gone and has sent nothing, or the value was taken before")]
pub struct RecvError;

impl RecvError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "发送方已离开，没有发送任何数据，或者数据已被取走".to_owned()
    }
}

/// Makes a channel for one value.
///
/// # Examples
/// ```
/// let (tx, rx) = qi_sync::channel::oneshot::channel();
/// std::thread::spawn(move || tx.send(42));
/// assert_eq!(rx.blocking_recv(), Ok(42));
/// ```
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = pair();
    (Sender { end: tx }, Receiver { end: Some(rx) })
}

/// Sends the value. Dropping it instead tells the receiver that none will come.
///
/// # Cancel safety
/// [`send`](Self::send) does not wait. [`closed`](Self::closed) can be dropped at any point.
///
/// # Examples
/// ```
/// let (tx, rx) = qi_sync::channel::oneshot::channel();
/// assert!(!tx.is_closed());
/// drop(rx);
/// assert_eq!(tx.send("wanted?").unwrap_err().into_inner(), "wanted?");
/// ```
pub struct Sender<T> {
    end: TxEnd<T>,
}

impl<T> Sender<T> {
    /// Hands the value over.
    ///
    /// # Errors
    /// [`SendError`] with the value if the receiver is gone or has closed the channel.
    #[inline]
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        self.end.send(value).map_err(SendError)
    }

    /// Whether the receiver is gone or has closed the channel.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.end.is_closed()
    }

    /// Waits until the receiver is gone or closes the channel, for instance to stop a computation
    /// that nobody waits for any more.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let (mut tx, rx) = qi_sync::channel::oneshot::channel::<()>();
    /// qi_sched::spawn(async move { drop(rx) });
    /// tx.closed().await;
    /// # });
    /// ```
    pub fn closed(&mut self) -> UntilClosed<'_, T> {
        UntilClosed { sender: self }
    }

    /// Polls for the receiver's end. The waker of the last poll is kept until then.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        if !self.end.is_closed() && self.end.wait(cx.waker()) {
            return Poll::Pending;
        }
        progress.made_progress();
        Poll::Ready(())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// Waits until nobody will receive. Made by [`Sender::closed`].
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (mut tx, rx) = qi_sync::channel::oneshot::channel::<u8>();
/// let mut closed = tx.closed();
/// assert!((&mut closed).now_or_never().is_none(), "somebody may still receive");
/// drop(rx);
/// closed.await;
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct UntilClosed<'a, T> {
    sender: &'a mut Sender<T>,
}

impl<T> Future for UntilClosed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sender.poll_closed(cx)
    }
}

impl<T> Drop for UntilClosed<'_, T> {
    fn drop(&mut self) {
        self.sender.end.stop_waiting();
    }
}

/// Receives the value: it is a future. Dropping it tells the sender that none is wanted.
///
/// # Cancel safety
/// `&mut receiver` can be awaited and dropped at any point. A value that was sent stays until it is
/// returned, and is dropped with the receiver.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, rx) = qi_sync::channel::oneshot::channel();
/// qi_sched::spawn(async move { tx.send(6 * 7) });
/// assert_eq!(rx.await, Ok(42));
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Receiver<T> {
    /// Empty once there is nothing to wait for any more.
    end: Option<RxEnd<T>>,
}

// The value lies elsewhere.
impl<T> Unpin for Receiver<T> {}

impl<T> Receiver<T> {
    /// Takes the value if it is there.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`], or [`TryRecvError::Closed`] when none will come (any more).
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match RxEnd::take(&mut self.end) {
            Found::Value(value) => Ok(value),
            Found::Ended => Err(TryRecvError::Closed),
            Found::NotYet => Err(TryRecvError::Empty),
        }
    }

    /// Waits for the value on a thread that may block. A worker gives its seat away meanwhile.
    ///
    /// # Errors
    /// [`RecvError`] if the sender went without sending.
    pub fn blocking_recv(mut self) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(value) => Ok(value),
            Err(TryRecvError::Closed) => Err(RecvError),
            Err(TryRecvError::Empty) => crate::blocking::block_on(self),
        }
    }

    /// As [`blocking_recv`](Self::blocking_recv), for at most `timeout`. The receiver can be used
    /// again afterwards.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    pub fn blocking_recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let received = block_until(timeout, |cx| self.poll_freely(cx));
        match received {
            Some(Ok(value)) => Ok(value),
            Some(Err(RecvError)) => Err(RecvTimeoutError::Closed),
            None => {
                self.stop_waiting();
                Err(RecvTimeoutError::Timeout)
            }
        }
    }

    /// Tells the sender that no value is wanted any more. One that was sent before can still be
    /// received.
    ///
    /// # Examples
    /// ```
    /// # use qi_sync::channel::oneshot::{channel, TryRecvError};
    /// let (tx, mut rx) = channel();
    /// rx.close();
    /// assert!(tx.send(1).is_err());
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn close(&mut self) {
        if let Some(end) = &mut self.end {
            end.close();
        }
    }

    /// Whether nothing will be received any more: the value was taken, or none will come.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.end.as_ref().is_none_or(|end| end.is_over() && !end.has_value())
    }

    /// Whether no value is there to be taken now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_none_or(|end| !end.has_value())
    }

    fn poll_freely(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        loop {
            match RxEnd::take(&mut self.end) {
                Found::Value(value) => return Poll::Ready(Ok(value)),
                Found::Ended => return Poll::Ready(Err(RecvError)),
                Found::NotYet => {}
            }
            let Some(end) = &mut self.end else { continue };
            if end.wait(cx.waker()) {
                return Poll::Pending;
            }
        }
    }

    fn stop_waiting(&mut self) {
        if let Some(end) = &mut self.end {
            end.stop_waiting();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let received = ready!(self.poll_freely(cx));
        progress.made_progress();
        Poll::Ready(received)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("is_empty", &self.is_empty())
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
