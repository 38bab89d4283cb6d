//! Tokio's and smol's own oneshots, locks and signals.
//!
//! smol's users choose a oneshot themselves: `smol::channel::bounded(1)` is the heaviest of what
//! they take, the `oneshot` crate the lightest of the well-known (one allocation, one state byte),
//! so that one stands here. Its lock and semaphore are async-lock's, which smol re-exports; what
//! comes next to a `Notify` is the event-listener that both are made of.

use std::future::Future;
use std::ops::DerefMut;

use event_listener::Event;
use smol::lock as smol_lock;
use tokio::sync as tokio_sync;

use super::{OPEN, Primitives, Sure};
use crate::peer::smol::Smol;
use crate::peer::tokio::Tokio;

impl Primitives for Tokio {
    type Sender = tokio_sync::oneshot::Sender<u64>;
    type Receiver = Sure<tokio_sync::oneshot::Receiver<u64>>;
    type Mutex = tokio_sync::Mutex<u64>;
    type Semaphore = tokio_sync::Semaphore;
    type Notify = tokio_sync::Notify;

    fn oneshot() -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = tokio_sync::oneshot::channel();
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
        tokio_sync::Semaphore::new(permits)
    }

    async fn take_permit(semaphore: &Self::Semaphore) {
        drop(semaphore.acquire().await.expect(OPEN));
    }

    fn notify() -> Self::Notify {
        tokio_sync::Notify::new()
    }

    async fn signal(notify: &Self::Notify) {
        let notified = notify.notified();
        notify.notify_one();
        notified.await;
    }
}

impl Primitives for Smol {
    type Sender = oneshot::Sender<u64>;
    type Receiver = Sure<oneshot::AsyncReceiver<u64>>;
    type Mutex = smol_lock::Mutex<u64>;
    type Semaphore = smol_lock::Semaphore;
    type Notify = Event;

    fn oneshot() -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = oneshot::async_channel();
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
        smol_lock::Semaphore::new(permits)
    }

    async fn take_permit(semaphore: &Self::Semaphore) {
        drop(semaphore.acquire().await);
    }

    fn notify() -> Self::Notify {
        Event::new()
    }

    async fn signal(notify: &Self::Notify) {
        let listener = notify.listen();
        notify.notify(1);
        listener.await;
    }
}
