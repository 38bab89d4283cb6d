//! The futures and iterators of a receiver.
#![forbid(unsafe_code)]

use super::core::{Access, Seat};
use super::error::RecvTimeoutError;
use qi_sched::coop;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

/// Receives one value; `None` when the channel is closed and empty. Made by
/// [`mpsc::Receiver::recv`](super::mpsc::Receiver::recv) and
/// [`mpmc::Receiver::recv`](super::mpmc::Receiver::recv).
///
/// # Cancel safety
/// A value leaves the channel at the poll that returns it, and at no other: dropping the future
/// loses none. If the future was woken for a value, another receiver is woken in its stead.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (tx, mut rx) = qi_sync::channel::mpsc::bounded(1);
/// assert_eq!(rx.recv().now_or_never(), None, "polled once, and dropped");
/// tx.send("kept").await.unwrap();
/// assert_eq!(rx.recv().await, Some("kept"));
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Recv<'a, T> {
    access: Access<'a, T>,
    seat: Seat,
}

impl<'a, T> Recv<'a, T> {
    pub(super) fn new(access: Access<'a, T>) -> Self {
        Self { access, seat: Seat::None }
    }

    /// As `poll`, but takes nothing from the budget.
    pub(super) fn poll_freely(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.access.poll_recv(&mut self.seat, cx)
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let progress = ready!(coop::poll_proceed(cx));
        let received = ready!(self.poll_freely(cx));
        progress.made_progress();
        Poll::Ready(received)
    }
}

impl<T> Drop for Recv<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.seat != Seat::None {
            self.access.chan().cancel_recv(&mut self.seat);
        }
    }
}

/// Receives several values at once. Made by
/// [`mpsc::Receiver::recv_many`](super::mpsc::Receiver::recv_many) and
/// [`mpmc::Receiver::recv_many`](super::mpmc::Receiver::recv_many).
///
/// It takes no more than there are when it begins to, so that senders who are faster cannot keep it.
/// Each value spends a unit of the task's cooperative budget, as if it had been received alone: who
/// has received many is suspended at its next wait.
///
/// # Cancel safety
/// What was received is in the buffer; before it is ready it has received nothing.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, mut rx) = qi_sync::channel::mpsc::bounded(8);
/// for number in 1..=3 {
///     tx.send(number).await.unwrap();
/// }
/// let mut buffer = vec![0];
/// assert_eq!(rx.recv_many(&mut buffer, 2).await, 2);
/// assert_eq!(buffer, [0, 1, 2]);
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct RecvMany<'a, 'b, T> {
    recv: Recv<'a, T>,
    buffer: &'b mut Vec<T>,
    limit: usize,
}

impl<'a, 'b, T> RecvMany<'a, 'b, T> {
    pub(super) fn new(access: Access<'a, T>, buffer: &'b mut Vec<T>, limit: usize) -> Self {
        Self { recv: Recv::new(access), buffer, limit }
    }
}

impl<T> Future for RecvMany<'_, '_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        if this.limit == 0 {
            return Poll::Ready(0);
        }
        let Some(first) = ready!(Pin::new(&mut this.recv).poll(cx)) else {
            return Poll::Ready(0);
        };
        this.buffer.push(first);
        let more = Drain::new(this.recv.access.reborrow()).take(this.limit - 1);
        let mut count = 1;
        for value in more {
            this.buffer.push(value);
            count += 1;
        }
        coop::spend(u32::try_from(count - 1).unwrap_or(u32::MAX));
        Poll::Ready(count)
    }
}

/// Takes what is there, without waiting.
///
/// # Examples
/// ```
/// let (tx, mut rx) = qi_sync::channel::mpsc::bounded(4);
/// tx.try_send(1)?;
/// tx.try_send(2)?;
/// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TryIter<'a, T>(pub(super) Access<'a, T>);

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// Takes as many values as were there when it was made.
///
/// # Examples
/// ```
/// let (tx, mut rx) = qi_sync::channel::mpsc::unbounded();
/// tx.try_send(1)?;
/// let mut seen = Vec::new();
/// for number in rx.drain() {
///     seen.push(number);
///     tx.try_send(number + 1)?; // Comes too late.
/// }
/// assert_eq!(seen, [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Drain<'a, T> {
    access: Access<'a, T>,
    left: usize,
}

impl<'a, T> Drain<'a, T> {
    pub(super) fn new(access: Access<'a, T>) -> Self {
        let left = access.chan().len();
        Self { access, left }
    }
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        self.access.try_recv().ok()
    }
}

/// Takes values until the channel is closed and empty, blocking the thread meanwhile.
///
/// # Examples
/// ```
/// let (tx, mut rx) = qi_sync::channel::mpsc::bounded(1);
/// let thread = std::thread::spawn(move || (0..3).try_for_each(|n| tx.blocking_send(n)));
/// assert_eq!(rx.blocking_iter().collect::<Vec<_>>(), [0, 1, 2]);
/// assert!(thread.join().unwrap().is_ok());
/// ```
pub struct BlockingIter<'a, T>(pub(super) Access<'a, T>);

impl<T> Iterator for BlockingIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        blocking_recv(self.0.reborrow())
    }
}

/// Receives a value on a thread that may block.
pub(super) fn blocking_recv<T>(mut access: Access<'_, T>) -> Option<T> {
    match access.try_recv() {
        Ok(value) => Some(value),
        Err(true) => None,
        Err(false) => crate::blocking::block_on(Recv::new(access)),
    }
}

/// Receives a value unless `stop` is ready first.
pub(super) async fn recv_or_stop<T, F: Future>(
    access: Access<'_, T>,
    stop: F,
) -> Result<T, RecvTimeoutError> {
    let mut stop = pin!(stop);
    let mut recv = Recv::new(access);
    poll_fn(|cx| match Pin::new(&mut recv).poll(cx) {
        Poll::Ready(received) => Poll::Ready(received.ok_or(RecvTimeoutError::Closed)),
        Poll::Pending => stop.as_mut().poll(cx).map(|_| Err(RecvTimeoutError::Timeout)),
    })
    .await
}
