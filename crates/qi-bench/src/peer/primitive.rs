//! The peers' own oneshots, locks and signals, as their users call them.

use std::fmt::Debug;
use std::future::Future;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

use qi_runtime::channel::oneshot as qi_oneshot;
use qi_runtime::sync as qi_sync;

use super::qi::Qi;

#[cfg(feature = "peers")]
mod of_peers;

/// The primitives of an asynchronous runtime of Rust futures.
pub(crate) trait Primitives {
    /// The half of a oneshot that sends.
    type Sender: Send + 'static;
    /// The half that resolves to the value sent.
    type Receiver: Future<Output = u64> + Send + Unpin + 'static;
    /// A lock with a number in it.
    type Mutex: Default + Send + Sync + 'static;
    /// Permits.
    type Semaphore: Send + Sync + 'static;
    /// A signal for one waiter.
    type Notify: Send + Sync + 'static;

    /// Makes a oneshot.
    fn oneshot() -> (Self::Sender, Self::Receiver);

    /// Sends to a receiver that may be gone.
    fn send(sender: Self::Sender, number: u64);

    /// Locks.
    fn lock(mutex: &Self::Mutex)
    -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;

    /// Makes a semaphore with so many permits.
    fn semaphore(permits: usize) -> Self::Semaphore;

    /// Takes a permit and gives it back.
    fn take_permit(semaphore: &Self::Semaphore) -> impl Future<Output = ()> + Send;

    /// Makes a signal.
    fn notify() -> Self::Notify;

    /// Begins to wait, gives the signal, receives it.
    fn signal(notify: &Self::Notify) -> impl Future<Output = ()> + Send;
}

/// A receiver that takes for granted that somebody sends.
pub(crate) struct Sure<R>(R);

impl<T, E: Debug, R: Future<Output = Result<T, E>> + Unpin> Future for Sure<R> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("no sender goes without sending"))
    }
}

const OPEN: &str = "nobody closes the semaphore";

impl Primitives for Qi {
    type Sender = qi_oneshot::Sender<u64>;
    type Receiver = Sure<qi_oneshot::Receiver<u64>>;
    type Mutex = qi_sync::Mutex<u64>;
    type Semaphore = qi_sync::Semaphore;
    type Notify = qi_sync::Notify;

    fn oneshot() -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = qi_oneshot::channel();
        (sender, Sure(receiver))
    }

    fn send(sender: Self::Sender, number: u64) {
        sender.send(number).ok();
    }

    fn lock(
        mutex: &Self::Mutex,
    ) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send {
        mutex.lock()
    }

    fn semaphore(permits: usize) -> Self::Semaphore {
        qi_sync::Semaphore::new(permits)
    }

    async fn take_permit(semaphore: &Self::Semaphore) {
        drop(semaphore.acquire().await.expect(OPEN));
    }

    fn notify() -> Self::Notify {
        qi_sync::Notify::new()
    }

    async fn signal(notify: &Self::Notify) {
        let notified = notify.notified();
        notify.notify_one();
        notified.await;
    }
}
