//! A oneshot private to the instrument, the same for every Rust peer, so that a workload compares
//! runtimes and not channels.
//!
//! It carries a `u64`, because that is all the workloads send and it needs no `unsafe`.
//!
//! # Protocol
//! The sender writes the value, raises `sent`, wakes. The receiver registers its waker and then
//! reads `sent`, so either it sees the value or the sender sees its waker.
//!
//! # Rejected alternatives
//! `tokio::sync::oneshot` for Tokio's side: measured there, a spawn with two of them takes 3 to 15 %
//! longer than with two of these.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

struct Slot {
    value: AtomicU64,
    sent: AtomicBool,
    waker: AtomicWaker,
}

/// The half that sends once.
pub(crate) struct Sender(Arc<Slot>);

/// The half that resolves to the value sent.
pub(crate) struct Receiver(Arc<Slot>);

/// Makes a pair.
pub(crate) fn channel() -> (Sender, Receiver) {
    let slot = Arc::new(Slot {
        value: AtomicU64::new(0),
        sent: AtomicBool::new(false),
        waker: AtomicWaker::new(),
    });
    (Sender(Arc::clone(&slot)), Receiver(slot))
}

impl Sender {
    /// Hands the value over and wakes the receiver.
    pub(crate) fn send(self, value: u64) {
        // Relaxed: published by the store of `sent` below.
        self.0.value.store(value, Ordering::Relaxed);
        // Release: pairs with the Acquire load in `poll`.
        self.0.sent.store(true, Ordering::Release);
        self.0.waker.wake();
    }
}

impl Receiver {
    fn take(&self) -> Option<u64> {
        // Acquire: pairs with the Release store in `send` and makes the value visible.
        let sent = self.0.sent.load(Ordering::Acquire);
        // Relaxed: ordered by the load above.
        sent.then(|| self.0.value.load(Ordering::Relaxed))
    }
}

impl Future for Receiver {
    type Output = u64;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        if let Some(value) = self.take() {
            return Poll::Ready(value);
        }
        self.0.waker.register(cx.waker());
        self.take().map_or(Poll::Pending, Poll::Ready)
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::channel;

    #[test]
    fn a_value_sent_before_the_first_poll_is_received() {
        let (sender, receiver) = channel();
        sender.send(7);
        assert_eq!(block_on(receiver), 7);
    }

    #[test]
    fn a_waiting_receiver_is_woken_by_the_send() {
        let (sender, mut receiver) = channel();
        assert_eq!(block_on(poll_once(&mut receiver)), None);
        let thread = std::thread::spawn(move || block_on(receiver));
        sender.send(9);
        assert_eq!(thread.join().expect("the receiver does not panic"), 9);
    }
}
