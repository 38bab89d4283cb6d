//! The futures of a sender.
#![forbid(unsafe_code)]

use super::core::{Chan, Closed};
use super::error::{ReserveError, SendError};
use super::permit::{Permit, Permits};
use qi_sched::coop;
use qi_sched::wait_queue::WaiterKey;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Sends one value. Made by [`Sender::send`](super::mpsc::Sender::send).
///
/// # Cancel safety
/// A value is delivered, or it is still in here: [`into_value`](Self::into_value) takes it out.
/// Dropping the future drops a value that was not delivered, and gives its place in line up.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc;
/// let (tx, mut rx) = mpsc::bounded(1);
/// tx.try_send(1)?;
/// let send = tx.send(2); // Not awaited.
/// assert_eq!(send.into_value(), Some(2));
/// assert_eq!(rx.try_recv(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sending<'a, T> {
    chan: &'a Chan<T>,
    value: Option<T>,
    seat: Option<WaiterKey>,
}

// The value is never pinned.
impl<T> Unpin for Sending<'_, T> {}

impl<'a, T> Sending<'a, T> {
    pub(super) fn new(chan: &'a Chan<T>, value: T) -> Self {
        Self { chan, value: Some(value), seat: None }
    }

    /// Gives up: the value, unless it was delivered.
    #[must_use = "the value would be dropped"]
    pub fn into_value(mut self) -> Option<T> {
        self.chan.cancel_send(&mut self.value, &mut self.seat);
        self.value.take()
    }

    /// As `poll`, but takes nothing from the budget.
    pub(super) fn poll_freely(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let sent = ready!(self.chan.poll_send(&mut self.value, &mut self.seat, cx));
        Poll::Ready(match (sent, self.value.take()) {
            (Err(Closed), Some(value)) => Err(SendError(value)),
            _ => Ok(()),
        })
    }
}

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = ready!(coop::poll_proceed(cx));
        let sent = ready!(self.poll_freely(cx));
        progress.made_progress();
        Poll::Ready(sent)
    }
}

impl<T> Drop for Sending<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.seat.is_some() {
            self.chan.cancel_send(&mut self.value, &mut self.seat);
        }
    }
}

/// Waits for places. The body of the reserving futures.
struct Reserving<'a, T> {
    chan: &'a Chan<T>,
    count: usize,
    seat: Option<WaiterKey>,
}

impl<'a, T> Reserving<'a, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReserveError>> {
        let most = self.chan.most_reserved();
        if self.count > most {
            return Poll::Ready(Err(ReserveError::TooMany { wanted: self.count, most }));
        }
        let progress = ready!(coop::poll_proceed(cx));
        let reserved = ready!(self.chan.poll_reserve(self.count, &mut self.seat, cx));
        progress.made_progress();
        Poll::Ready(reserved.map_err(|Closed| ReserveError::Closed))
    }
}

impl<T> Drop for Reserving<'_, T> {
    fn drop(&mut self) {
        if self.seat.is_some() {
            self.chan.cancel_reserve(self.count, &mut self.seat);
        }
    }
}

/// Waits for a place. Made by [`Sender::reserve`](super::mpsc::Sender::reserve).
///
/// # Cancel safety
/// Dropping it gives its place in line up; nothing else is lost.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (tx, mut rx) = qi_sync::channel::mpsc::bounded(1);
/// tx.send(1).await.unwrap();
/// let mut reserve = tx.reserve();
/// assert!((&mut reserve).now_or_never().is_none(), "there is no room");
/// assert_eq!(rx.recv().await, Some(1));
/// reserve.await.unwrap().send(2).unwrap();
/// assert_eq!(rx.recv().await, Some(2));
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Reserve<'a, T>(Reserving<'a, T>);

impl<'a, T> Reserve<'a, T> {
    pub(super) fn new(chan: &'a Chan<T>) -> Self {
        Self(Reserving { chan, count: 1, seat: None })
    }

    /// As `poll`, but what comes out is still to be put into a permit.
    pub(super) fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReserveError>> {
        self.0.poll(cx)
    }
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, ReserveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reserved = ready!(self.0.poll(cx));
        Poll::Ready(reserved.map(|()| Permit::new(self.0.chan)))
    }
}

/// Waits for several places at once. Made by
/// [`Sender::reserve_many`](super::mpsc::Sender::reserve_many).
///
/// # Cancel safety
/// Dropping it gives its place in line up; nothing else is lost.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, mut rx) = qi_sync::channel::mpsc::bounded(4);
/// let permits = tx.reserve_many(3).await.unwrap();
/// assert_eq!(tx.capacity(), Some(1));
/// for (permit, number) in permits.zip(1..) {
///     permit.send(number).unwrap();
/// }
/// assert_eq!(rx.try_iter().sum::<i32>(), 6);
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct ReserveMany<'a, T>(Reserving<'a, T>);

impl<'a, T> ReserveMany<'a, T> {
    pub(super) fn new(chan: &'a Chan<T>, count: usize) -> Self {
        Self(Reserving { chan, count, seat: None })
    }
}

impl<'a, T> Future for ReserveMany<'a, T> {
    type Output = Result<Permits<'a, T>, ReserveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reserved = ready!(self.0.poll(cx));
        Poll::Ready(reserved.map(|()| Permits::new(self.0.chan, self.0.count)))
    }
}

/// Waits until nobody will receive any more. Made by
/// [`Sender::closed`](super::mpsc::Sender::closed).
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (tx, mut rx) = qi_sync::channel::mpsc::unbounded::<u8>();
/// let mut closed = tx.closed();
/// assert!((&mut closed).now_or_never().is_none(), "somebody may still receive");
/// rx.close();
/// closed.await;
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct UntilClosed<'a, T> {
    chan: &'a Chan<T>,
    seat: Option<WaiterKey>,
}

impl<'a, T> UntilClosed<'a, T> {
    pub(super) fn new(chan: &'a Chan<T>) -> Self {
        Self { chan, seat: None }
    }
}

impl<T> Future for UntilClosed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        let chan = self.chan;
        ready!(chan.poll_closed(&mut self.seat, cx));
        progress.made_progress();
        Poll::Ready(())
    }
}

impl<T> Drop for UntilClosed<'_, T> {
    fn drop(&mut self) {
        if self.seat.is_some() {
            self.chan.cancel_closed(&mut self.seat);
        }
    }
}
