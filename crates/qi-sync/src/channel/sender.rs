//! The sending handles of mpsc and mpmc channels.
#![forbid(unsafe_code)]

use super::block_until::block_until;
use super::core::{Chan, Tx, WeakTx};
use super::error::{ReserveError, SendError, SendStoppedError, TrySendError};
use super::permit::{OwnedPermit, Permit, Permits};
use super::queue::Refused;
use super::send::{Reserve, ReserveMany, Sending, UntilClosed};
use super::sink::SendSink;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Sends values into a channel. Clone it for further senders; the last one that goes closes the
/// channel.
///
/// # Cancel safety
/// Every future that it makes can be dropped at any point: a value is then delivered or dropped
/// with the future, and a place in line, or a place already promised, goes to the next sender.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc;
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build()?;
/// # scheduler.block_on(async {
/// let (tx, mut rx) = mpsc::bounded(16);
/// for number in 0..3 {
///     let tx = tx.clone();
///     qi_sched::spawn(async move { tx.send(number).await });
/// }
/// drop(tx);
/// let mut sum = 0;
/// while let Some(number) = rx.recv().await {
///     sum += number;
/// }
/// assert_eq!(sum, 3);
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sender<T>(Tx<T>);

impl<T> Sender<T> {
    pub(super) fn new(tx: Tx<T>) -> Self {
        Self(tx)
    }

    pub(super) fn chan(&self) -> &Chan<T> {
        self.0.chan()
    }

    /// Sends a value, waiting for room if there is none: most urgent first, then in order of
    /// arrival. In a rendezvous channel it waits until a receiver has taken the value.
    ///
    /// # Errors
    /// [`SendError`] with the value if the channel is closed.
    ///
    /// # Cancel safety
    /// See [`Sending`]: the value is delivered, or still in the future.
    #[inline]
    pub fn send(&self, value: T) -> Sending<'_, T> {
        Sending::new(self.chan(), value)
    }

    /// Sends a value if that is possible at once. In an unbounded channel it always is, until the
    /// channel is closed.
    ///
    /// # Errors
    /// [`TrySendError`] with the value.
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.chan().try_send(value).map_err(|(why, value)| match why {
            Refused::Full => TrySendError::Full(value),
            Refused::Closed => TrySendError::Closed(value),
        })
    }

    /// Sends a value, unless `stop` is ready before there is room: a deadline, for instance.
    ///
    /// # Errors
    /// [`SendStoppedError`] with the value.
    ///
    /// # Cancel safety
    /// The value is delivered, or dropped together with the future.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let (tx, _rx) = qi_sync::channel::mpsc::bounded(1);
    /// assert!(tx.send_or_stop(1, async {}).await.is_ok(), "there is room");
    /// let error = tx.send_or_stop(2, async {}).await.unwrap_err();
    /// assert!(error.is_stopped());
    /// assert_eq!(error.into_inner(), 2);
    /// # });
    /// ```
    pub async fn send_or_stop<F: Future>(
        &self,
        value: T,
        stop: F,
    ) -> Result<(), SendStoppedError<T>> {
        let mut stop = pin!(stop);
        let mut send = self.send(value);
        let sent = poll_fn(|cx| match Pin::new(&mut send).poll(cx) {
            Poll::Ready(sent) => Poll::Ready(Some(sent)),
            Poll::Pending => stop.as_mut().poll(cx).map(|_| None),
        })
        .await;
        match sent {
            Some(sent) => sent.map_err(|SendError(value)| SendStoppedError::Closed(value)),
            None => send.into_value().map_or(Ok(()), |value| Err(SendStoppedError::Stopped(value))),
        }
    }

    /// Sends a value from a thread that may block. A worker gives its seat away meanwhile.
    ///
    /// # Errors
    /// [`SendError`] with the value if the channel is closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = qi_sync::channel::mpsc::rendezvous();
    /// let thread = std::thread::spawn(move || tx.blocking_send("hello"));
    /// assert_eq!(rx.blocking_recv(), Some("hello"));
    /// assert!(thread.join().unwrap().is_ok());
    /// ```
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        match self.try_send(value) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(value)) => Err(SendError(value)),
            Err(TrySendError::Full(value)) => crate::blocking::block_on(self.send(value)),
        }
    }

    /// As [`blocking_send`](Self::blocking_send), for at most `timeout`.
    ///
    /// # Errors
    /// [`SendStoppedError`] with the value.
    pub fn blocking_send_timeout(
        &self,
        value: T,
        timeout: Duration,
    ) -> Result<(), SendStoppedError<T>> {
        let mut send = self.send(value);
        match block_until(timeout, |cx| send.poll_freely(cx)) {
            Some(sent) => sent.map_err(|SendError(value)| SendStoppedError::Closed(value)),
            None => send.into_value().map_or(Ok(()), |value| Err(SendStoppedError::Stopped(value))),
        }
    }

    /// Waits for a place, to send later without waiting. In a rendezvous channel it waits for a
    /// receiver that waits.
    ///
    /// # Errors
    /// [`ReserveError::Closed`].
    ///
    /// # Cancel safety
    /// See [`Reserve`]: nothing is lost.
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve::new(self.chan())
    }

    /// Waits for `count` places at once.
    ///
    /// # Errors
    /// [`ReserveError::Closed`], or [`ReserveError::TooMany`] if there can never be so many.
    ///
    /// # Cancel safety
    /// See [`ReserveMany`]: nothing is lost.
    pub fn reserve_many(&self, count: usize) -> ReserveMany<'_, T> {
        ReserveMany::new(self.chan(), count)
    }

    /// Takes a place if there is one now.
    ///
    /// # Errors
    /// [`ReserveError::Full`] or [`ReserveError::Closed`].
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, ReserveError> {
        self.try_places(1)?;
        Ok(Permit::new(self.chan()))
    }

    /// Takes `count` places if there are so many now.
    ///
    /// # Errors
    /// [`ReserveError`].
    pub fn try_reserve_many(&self, count: usize) -> Result<Permits<'_, T>, ReserveError> {
        self.try_places(count)?;
        Ok(Permits::new(self.chan(), count))
    }

    fn try_places(&self, count: usize) -> Result<(), ReserveError> {
        let most = self.chan().most_reserved();
        if count > most {
            return Err(ReserveError::TooMany { wanted: count, most });
        }
        self.chan().try_reserve(count).map_err(|why| match why {
            Refused::Full => ReserveError::Full,
            Refused::Closed => ReserveError::Closed,
        })
    }

    /// As [`reserve`](Self::reserve), for a permit that keeps this sender.
    ///
    /// # Errors
    /// [`ReserveError::Closed`].
    ///
    /// # Cancel safety
    /// The sender is dropped with the future, which gives its place in line up.
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, ReserveError> {
        let mut reserve = Reserve::new(self.chan());
        poll_fn(|cx| reserve.poll_place(cx)).await?;
        drop(reserve);
        Ok(OwnedPermit::new(self))
    }

    /// As [`try_reserve`](Self::try_reserve), for a permit that keeps this sender.
    ///
    /// # Errors
    /// [`ReserveError::Full`] or [`ReserveError::Closed`], with the sender.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, (ReserveError, Self)> {
        match self.try_places(1) {
            Ok(()) => Ok(OwnedPermit::new(self)),
            Err(why) => Err((why, self)),
        }
    }

    /// Waits until nobody will receive any more: the receivers are gone, or one has closed the
    /// channel.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub fn closed(&self) -> UntilClosed<'_, T> {
        UntilClosed::new(self.chan())
    }

    /// Whether nobody will receive any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.chan().is_closed()
    }

    /// Values that were sent and not received.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chan().len()
    }

    /// Whether nothing is there to be received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places that are free now; `None` if there is no limit. In a rendezvous channel: receivers
    /// that wait.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.chan().capacity()
    }

    /// Places that there are; `None` if there is no limit.
    #[must_use]
    pub fn max_capacity(&self) -> Option<usize> {
        self.chan().max_capacity()
    }

    /// Whether both send into the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.0.chan(), other.0.chan())
    }

    /// A sender that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender(WeakTx::new(&self.0))
    }

    /// Senders that there are, this one too.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.chan().senders()
    }

    /// Weak senders that there are.
    #[must_use]
    pub fn weak_sender_count(&self) -> usize {
        self.chan().weak_senders()
    }

    /// Receivers that there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.chan().receivers()
    }

    /// A `futures` sink over this sender.
    #[must_use]
    pub fn into_sink(self) -> SendSink<T> {
        SendSink::new(self)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("max_capacity", &self.max_capacity())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// A sender that does not keep the channel open, and cannot send before it is upgraded.
///
/// # Examples
/// ```
/// let (tx, mut rx) = qi_sync::channel::mpsc::unbounded();
/// let weak = tx.downgrade();
/// weak.upgrade().expect("a sender lives").try_send(1)?;
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// assert_eq!((rx.blocking_recv(), rx.blocking_recv()), (Some(1), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WeakSender<T>(WeakTx<T>);

impl<T> WeakSender<T> {
    pub(super) fn of(chan: &Arc<Chan<T>>) -> Self {
        Self(WeakTx::of(chan))
    }

    /// A sender, if one still lives.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.0.upgrade().map(Sender)
    }

    /// Senders that there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.0.chan().senders()
    }

    /// Weak senders that there are, this one too.
    #[must_use]
    pub fn weak_sender_count(&self) -> usize {
        self.0.chan().weak_senders()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
