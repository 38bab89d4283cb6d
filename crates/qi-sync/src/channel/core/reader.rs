//! A receiver's share of a channel, and the right to take values out. (I31)
//!
//! # Protocol
//! A channel that is not shared has one [`Reader`], made with it and never cloned. Values are taken
//! out of it through a `&mut` of that reader only, so the calls that must not overlap do not. A
//! reader of a shared channel may be cloned, and its values are taken through any reference.
//!
//! When the last reader has gone, what is left is taken out under the lock `leaving`: by the reader
//! itself, and by who used a promise meanwhile. A promise is used at the tail after the channel is
//! closed there, and then finds no reader; or before, and then the reader finds its value.

use super::{Chan, Seat};
use crate::channel::queue::{Popped, Queue};
use crate::sync::lock;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};
use std::task::{Context, Poll};

/// A receiver's share: counted.
pub(crate) struct Reader<T> {
    chan: Arc<Chan<T>>,
}

impl<T> Reader<T> {
    /// The channel was made just now.
    pub(super) fn new(chan: Arc<Chan<T>>) -> Self {
        Self { chan }
    }

    pub(crate) fn chan(&self) -> &Arc<Chan<T>> {
        &self.chan
    }

    /// One more receiver.
    ///
    /// # Panics
    /// If the channel is one for a lone receiver.
    pub(crate) fn share(&self) -> Self {
        assert!(self.chan.shared, "a channel for one receiver has one");
        // Relaxed: it starts from a receiver that lives.
        self.chan.receivers.fetch_add(1, Relaxed);
        Self::new(self.chan.clone())
    }

    pub(crate) fn access(&mut self) -> Access<'_, T> {
        Access::Lone(self)
    }

    pub(crate) fn shared_access(&self) -> Access<'_, T> {
        assert!(self.chan.shared, "a lone receiver is used through one reference at a time");
        Access::Shared(self)
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        // AcqRel: the last one sees what the others did.
        if self.chan.receivers.fetch_sub(1, AcqRel) > 1 {
            return;
        }
        self.chan.close();
        self.chan.drop_left();
    }
}

impl<T> Chan<T> {
    /// Drops what was sent and will not be received, because the last receiver has gone. If drops
    /// panic, the first panic goes on when all are dropped.
    pub(super) fn drop_left(&self) {
        // Receivers come from receivers, so there will be none any more.
        assert!(self.receivers() == 0, "what a receiver may still want is not dropped");
        let mut panicked = None;
        while let Ok(value) = self.try_recv(|queue| {
            let _alone = lock(&self.leaving);
            // SAFETY: no reader is left, and who was one has done what it did before the count of
            // them became zero, which was just seen; all others hold the lock.
            unsafe { pop(queue, self.shared) }
        }) {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
                panicked.get_or_insert(payload);
            }
        }
        // A second panic while the thread unwinds would end the process.
        if let Some(payload) = panicked.filter(|_| !std::thread::panicking()) {
            resume_unwind(payload);
        }
    }
}

/// The right to take values out, for as long as the borrow lasts.
pub(crate) enum Access<'a, T> {
    /// By the only reference there is to this reader.
    Lone(&'a mut Reader<T>),
    /// Of a shared channel.
    Shared(&'a Reader<T>),
}

impl<T> Access<'_, T> {
    pub(crate) fn chan(&self) -> &Arc<Chan<T>> {
        match self {
            Self::Lone(reader) => &reader.chan,
            Self::Shared(reader) => &reader.chan,
        }
    }

    /// The same right for a shorter time.
    pub(crate) fn reborrow(&mut self) -> Access<'_, T> {
        match self {
            Self::Lone(reader) => Access::Lone(reader),
            Self::Shared(reader) => Access::Shared(reader),
        }
    }

    /// `Err(true)` is the end.
    #[inline]
    pub(crate) fn try_recv(&mut self) -> Result<T, bool> {
        let chan = &**self.chan();
        let shared = chan.shared;
        // SAFETY: see `pop`: this access is borrowed mutably until the call returns.
        chan.try_recv(|queue| unsafe { pop(queue, shared) })
    }

    /// The body of a receiving future; `None` is the end.
    #[inline]
    pub(crate) fn poll_recv(&mut self, seat: &mut Seat, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let chan = &**self.chan();
        let shared = chan.shared;
        // SAFETY: as in `try_recv`.
        chan.poll_recv(|queue| unsafe { pop(queue, shared) }, seat, cx)
    }
}

/// Takes a value out of a channel's queue.
///
/// # Safety
/// The caller has an [`Access`] to this channel to itself, or no reader is left and it holds the
/// lock `leaving`. If the channel is not `shared`, an access is a `Lone` one of its only reader,
/// because `shared_access` makes none: calls do not overlap.
#[inline(always)]
unsafe fn pop<T>(queue: &Queue<T>, shared: bool) -> Popped<T> {
    if shared {
        queue.pop_shared()
    } else {
        // SAFETY: by the caller's word.
        unsafe { queue.pop_lone() }
    }
}
