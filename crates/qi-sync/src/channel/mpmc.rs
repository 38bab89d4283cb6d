//! Channels from many senders to many receivers: bounded, unbounded, and without room. Each value
//! goes to one receiver.
//!
//! Receivers wait in line by urgency, as senders do.
#![forbid(unsafe_code)]

use super::block_until::block_until;
use super::core::{self, Capacity, Reader, Seat};
use super::receiver::receiver;
use super::recv::{blocking_recv, recv_or_stop};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

pub use super::error::{
    RecvTimeoutError, ReserveError, SendError, SendStoppedError, TryRecvError, TrySendError,
};
pub use super::permit::{OwnedPermit, Permit, Permits};
pub use super::recv::{BlockingIter, Drain, Recv, RecvMany, TryIter};
pub use super::send::{Reserve, ReserveMany, Sending, UntilClosed};
pub use super::sender::{Sender, WeakSender};
pub use super::sink::SendSink;

/// Makes a channel with room for `capacity` values. Its memory is in use only as far as values have
/// come at a time.
///
/// # Panics
/// If `capacity` is zero or above [`MAX_CAPACITY`](super::MAX_CAPACITY).
///
/// # Examples
/// ```
/// let (tx, rx) = qi_sync::channel::mpmc::bounded(1);
/// tx.try_send("first")?;
/// assert!(tx.try_send("second").unwrap_err().is_full());
/// assert_eq!(rx.try_recv(), Ok("first"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    pair(Capacity::Values(capacity))
}

/// Makes a channel without a limit: sending never waits, and memory grows with what is not
/// received. Memory goes back as values are received.
///
/// # Examples
/// ```
/// let (tx, rx) = qi_sync::channel::mpmc::unbounded();
/// for number in 0..100 {
///     tx.try_send(number)?;
/// }
/// drop(tx);
/// assert_eq!(rx.blocking_iter().sum::<i32>(), 4950);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    pair(Capacity::Unbounded)
}

/// Makes a channel without room: a send is complete when a receiver has taken the value.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, rx) = qi_sync::channel::mpmc::rendezvous();
/// assert!(tx.try_send(1).is_err(), "nobody receives");
/// let sent = qi_sched::spawn(async move { tx.send(2).await });
/// assert_eq!(rx.recv().await, Some(2));
/// assert!(sent.await.unwrap().is_ok());
/// # });
/// ```
#[must_use]
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    pair(Capacity::Rendezvous)
}

#[track_caller]
fn pair<T>(capacity: Capacity) -> (Sender<T>, Receiver<T>) {
    let (tx, reader) = core::channel(capacity, true);
    (Sender::new(tx), Receiver { reader, seat: Seat::None })
}

/// Receives values, of which each goes to one receiver. Clone it for further receivers. When the
/// last one is dropped the channel is closed, and what was not received is dropped.
///
/// It is a `Stream`, too.
///
/// # Cancel safety
/// Every future that it makes can be dropped at any point: a value leaves the channel only at the
/// poll that returns it.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, rx) = qi_sync::channel::mpmc::bounded(8);
/// let workers: Vec<_> = (0..4)
///     .map(|_| {
///         let rx = rx.clone();
///         qi_sched::spawn(async move {
///             let mut sum = 0;
///             while let Some(number) = rx.recv().await {
///                 sum += number;
///             }
///             sum
///         })
///     })
///     .collect();
/// for number in 0..100 {
///     tx.send(number).await.unwrap();
/// }
/// drop(tx);
/// let mut sum = 0;
/// for worker in workers {
///     sum += worker.await.unwrap();
/// }
/// assert_eq!(sum, 4950);
/// # });
/// ```
pub struct Receiver<T> {
    reader: Reader<T>,
    /// Of the polls without a future.
    seat: Seat,
}

receiver!(self, [&], shared_access);

impl<T> Receiver<T> {
    /// Polls for a value; `None` when the channel is closed and empty. The receiver stands in line,
    /// with the waker of the last poll, until a value was received or it is dropped.
    ///
    /// Whoever stops polling it, as a dropped `next()` of a stream does, and keeps it, may be woken
    /// for a value that another receiver waits for. [`recv`](Self::recv) leaves the line when its
    /// future is dropped, and wakes another one.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let progress = ready!(qi_sched::coop::poll_proceed(cx));
        let received = ready!(self.reader.access().poll_recv(&mut self.seat, cx));
        progress.made_progress();
        Poll::Ready(received)
    }

    /// Whether both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.reader.chan(), other.reader.chan())
    }

    /// Receivers that there are, this one too.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.reader.chan().receivers()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { reader: self.reader.share(), seat: Seat::None }
    }
}
