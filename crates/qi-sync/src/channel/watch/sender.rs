//! The sending side of a watch channel.
#![forbid(unsafe_code)]

use super::shared::Shared;
use super::{Receiver, Ref, SendError};
use crate::wait::Wait;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::{Context, Poll};

/// Replaces the value. Clone it for further senders.
///
/// # Cancel safety
/// Sending does not wait. [`closed`](Self::closed) can be dropped at any point.
///
/// # Examples
/// ```
/// let (tx, rx) = qi_sync::channel::watch::channel(vec![1]);
/// tx.send_modify(|list| list.push(2));
/// assert_eq!(*rx.borrow(), [1, 2]);
/// assert!(!tx.send_if_modified(|list| list.len() > 5), "nobody is told");
/// assert_eq!(tx.send_replace(vec![]), [1, 2]);
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// The first sender of a new channel.
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Replaces the value and tells the receivers.
    ///
    /// # Errors
    /// [`SendError`] with the value if there is no receiver; the value is as it was.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receiver_count() == 0 {
            return Err(SendError(value));
        }
        self.send_replace(value);
        Ok(())
    }

    /// Replaces the value, also if nobody looks, and gives the old one.
    pub fn send_replace(&self, value: T) -> T {
        let mut place = self.shared.write();
        let old = std::mem::replace(&mut *place, value);
        let waited = self.shared.advance();
        drop(place);
        self.shared.wake(waited);
        old
    }

    /// Changes the value in its place and tells the receivers. The value cannot be looked at
    /// meanwhile. If `change` panics nobody is told, and the value is as `change` left it.
    pub fn send_modify(&self, change: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            change(value);
            true
        });
    }

    /// As [`send_modify`](Self::send_modify), but `change` says whether to tell the receivers.
    /// Answers the same.
    pub fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let mut place = self.shared.write();
        let has_changed = change(&mut place);
        let waited = has_changed && self.shared.advance();
        drop(place);
        self.shared.wake(waited);
        has_changed
    }

    /// Looks at the value.
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { value: self.shared.read(), is_new: false }
    }

    /// Makes a receiver, which counts the value of now as seen. It reopens a channel whose
    /// receivers had all gone.
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

    /// Whether there is no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Receivers that there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        // Acquire: who sees that a receiver is gone sees what it did.
        self.shared.receivers.load(Acquire)
    }

    /// Senders that there are, this one too.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        // Acquire: as for the receivers.
        self.shared.senders.load(Acquire)
    }

    /// Whether both replace the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
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
        f.debug_struct("Sender").field("receivers", &self.receiver_count()).finish_non_exhaustive()
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
/// let (tx, rx) = qi_sync::channel::watch::channel("starting");
/// let mut closed = tx.closed();
/// assert!((&mut closed).now_or_never().is_none(), "somebody may still look");
/// drop(rx);
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
        // Acquire: as in `receiver_count`. The last receiver lets the crowd go under its lock,
        // after it has lowered the count.
        let is_over = || shared.receivers.load(Acquire) == 0;
        this.wait.poll(&shared.closers, is_over, is_over, cx)
    }
}

impl<T> Drop for UntilClosed<'_, T> {
    fn drop(&mut self) {
        self.wait.end(&self.shared.closers);
    }
}
