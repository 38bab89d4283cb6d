//! The receiving side of a broadcast channel.
#![forbid(unsafe_code)]

use super::shared::Shared;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::channel::block_until::block_until;
use crate::wait::Wait;
use futures_core::Stream;
use qi_sched::coop;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Receives every value that is sent while it exists, unless it is too slow. It is a `Stream`, too.
///
/// # Cancel safety
/// Every future that it makes can be dropped at any point: a value counts as received only at the
/// poll that returns it.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use qi_sync::channel::broadcast::{channel, RecvError};
/// let (tx, mut rx) = channel(16);
/// qi_sched::spawn(async move { tx.send(7) });
/// assert_eq!(rx.recv().await, Ok(7));
/// assert_eq!(rx.recv().await, Err(RecvError::Closed));
/// # });
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// Of what it gets next.
    position: u64,
    /// Of the polls without a future.
    wait: Wait,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let position = shared.add_receiver();
        Self { shared, position, wait: Wait::new() }
    }

    /// Values that were not received, those that were lost too. More than the channel holds means
    /// that the next receive says how many were lost.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.shared.len_from(self.position)).unwrap_or(usize::MAX)
    }

    /// Whether there is nothing to receive.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the senders are gone. What they sent can still be received.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Makes a receiver of what is sent from now on.
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        Self::new(self.shared.clone())
    }

    /// Senders that there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders()
    }

    /// Whether both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next value.
    ///
    /// # Errors
    /// [`RecvError::Closed`] when nothing will come any more; [`RecvError::Lagged`] if values were
    /// lost, and then the next call goes on with the oldest one left.
    ///
    /// # Cancel safety
    /// See [`Recv`]: dropping the future loses no value.
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv { receiver: self }
    }

    /// Receives the next value if there is one.
    ///
    /// # Errors
    /// [`TryRecvError`].
    ///
    /// # Panics
    /// If the value's `clone` does; the value then counts as received.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.take(&mut self.position).map(Arc::unwrap_or_clone)
    }

    /// As [`recv`](Self::recv), on a thread that may block. A worker gives its seat away meanwhile.
    ///
    /// # Errors
    /// [`RecvError`] as there.
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        crate::blocking::block_on(self.recv())
    }

    /// As [`blocking_recv`](Self::blocking_recv), for at most `timeout`. Lost values end the wait.
    ///
    /// # Errors
    /// [`RecvTimeoutError`], or how many values were lost.
    pub fn blocking_recv_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<Result<T, RecvError>, RecvTimeoutError> {
        let received = block_until(timeout, |cx| self.poll_freely(cx));
        self.stop_waiting();
        match received {
            Some(Err(RecvError::Closed)) => Err(RecvTimeoutError::Closed),
            Some(received) => Ok(received),
            None => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Polls for the next value. The waker of the last poll is kept until a value was received or
    /// the receiver is dropped.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let progress = ready!(coop::poll_proceed(cx));
        let received = ready!(self.poll_freely(cx));
        progress.made_progress();
        Poll::Ready(received)
    }

    /// As [`Self::poll_recv`], but takes nothing from the budget.
    fn poll_freely(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        loop {
            let received = match self.try_recv() {
                Ok(value) => Ok(value),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
                Err(TryRecvError::Lagged(lost)) => Err(RecvError::Lagged(lost)),
                Err(TryRecvError::Empty) => {
                    let (shared, position) = (&*self.shared, self.position);
                    let has_news = || shared.has_news(position);
                    ready!(self.wait.poll_unlimited(&shared.seekers, has_news, has_news, cx));
                    continue;
                }
            };
            self.stop_waiting();
            return Poll::Ready(received);
        }
    }
}

impl<T> Receiver<T> {
    fn stop_waiting(&mut self) {
        self.wait.end(&self.shared.seekers);
    }
}

impl<T: Clone> Stream for Receiver<T> {
    type Item = Result<T, RecvError>;

    /// Ends when the channel is closed; says when values were lost, and goes on.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.poll_recv(cx)) {
            Err(RecvError::Closed) => None,
            received => Some(received),
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.stop_waiting();
        self.shared.remove_receiver(self.position);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Receives the next value. Made by [`Receiver::recv`].
///
/// # Cancel safety
/// A value counts as received only at the poll that returns it.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (tx, mut rx) = qi_sync::channel::broadcast::channel(4);
/// assert!(rx.recv().now_or_never().is_none(), "polled once, and dropped");
/// tx.send("kept").unwrap();
/// assert_eq!(rx.recv().await, Ok("kept"));
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Recv<'a, T: Clone> {
    receiver: &'a mut Receiver<T>,
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.receiver.poll_recv(cx)
    }
}

impl<T: Clone> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        self.receiver.stop_waiting();
    }
}
