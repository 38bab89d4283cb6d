//! The sending side of a broadcast channel.
#![forbid(unsafe_code)]

use super::shared::Shared;
use super::{Receiver, SendError};
use crate::wait::Wait;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{Context, Poll};

/// Sends values to all receivers. Clone it for further senders; the last one that goes closes the
/// channel.
///
/// # Cancel safety
/// Sending does not wait. [`closed`](Self::closed) can be dropped at any point.
///
/// # Examples
/// ```
/// let (tx, mut first) = qi_sync::channel::broadcast::channel(8);
/// let mut second = tx.subscribe();
/// assert_eq!(tx.send("hello")?, 2);
/// assert_eq!(first.try_recv(), Ok("hello"));
/// assert_eq!(second.try_recv(), Ok("hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// The sender of a new channel.
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Sends a value to all receivers that there are now, and says how many. It never waits: the
    /// oldest value makes room if there is none.
    ///
    /// # Errors
    /// [`SendError`] with the value if there is no receiver.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.shared.send(value).map_err(SendError)
    }

    /// Makes a receiver of what is sent from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.shared.clone())
    }

    /// Waits until no receiver is left.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub fn closed(&self) -> UntilClosed<'_, T> {
        UntilClosed { shared: &self.shared, wait: Wait::new() }
    }

    /// Values that some receiver has not had.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether all receivers have had all values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Receivers that there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// Senders that there are, this one too.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders()
    }

    /// Weak senders that there are.
    #[must_use]
    pub fn weak_sender_count(&self) -> usize {
        // Relaxed: a figure.
        self.shared.weak_senders.load(Relaxed)
    }

    /// Whether both send into the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A sender that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        // Relaxed: a figure.
        self.shared.weak_senders.fetch_add(1, Relaxed);
        WeakSender { shared: self.shared.clone() }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        // Relaxed: it starts from a sender that lives.
        self.shared.senders.fetch_add(1, Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // AcqRel: the last one sees what the others did before it closes.
        if self.shared.senders.fetch_sub(1, AcqRel) == 1 {
            self.shared.close();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("receivers", &self.receiver_count())
            .finish_non_exhaustive()
    }
}

/// A sender that does not keep the channel open, and cannot send before it is upgraded.
///
/// # Examples
/// ```
/// let (tx, _rx) = qi_sync::channel::broadcast::channel::<u8>(1);
/// let weak = tx.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if one still lives.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let more = |count: usize| (count > 0).then_some(count + 1);
        // AcqRel, Acquire: what the senders did is seen by the next.
        self.shared.senders.fetch_update(AcqRel, Acquire, more).ok()?;
        Some(Sender { shared: self.shared.clone() })
    }

    /// Senders that there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders()
    }

    /// Weak senders that there are, this one too.
    #[must_use]
    pub fn weak_sender_count(&self) -> usize {
        // Relaxed: a figure.
        self.shared.weak_senders.load(Relaxed)
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        // Relaxed: a figure.
        self.shared.weak_senders.fetch_add(1, Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        // Relaxed: a figure.
        self.shared.weak_senders.fetch_sub(1, Relaxed);
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

/// Waits until no receiver is left. Made by [`Sender::closed`].
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// use futures_util::FutureExt;
/// let (tx, first) = qi_sync::channel::broadcast::channel::<u8>(4);
/// let second = tx.subscribe();
/// drop(first);
/// let mut closed = tx.closed();
/// assert!((&mut closed).now_or_never().is_none(), "one is left");
/// drop(second);
/// closed.await;
/// # });
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct UntilClosed<'a, T> {
    shared: &'a Shared<T>,
    wait: Wait,
}

impl<T> Future for UntilClosed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let shared = this.shared;
        let is_over = || shared.receivers() == 0;
        this.wait.poll(&shared.closers, is_over, is_over, cx)
    }
}

impl<T> Drop for UntilClosed<'_, T> {
    fn drop(&mut self) {
        self.wait.end(&self.shared.closers);
    }
}
