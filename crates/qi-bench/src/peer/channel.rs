//! The peers' channels, as their users send through them.

use std::future::Future;

use qi_runtime::channel::{mpmc, mpsc};
use smol::channel as smol_channel;
use tokio::sync::mpsc as tokio_mpsc;

/// A kind of channel for numbers. Without a capacity it has no limit.
pub(crate) trait Pipe: 'static {
    type Sender: Clone + Send + Sync + 'static;
    type Receiver: Send + 'static;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver);

    /// Sends to somebody who receives.
    fn send(sender: &Self::Sender, number: u64) -> impl Future<Output = ()> + Send;

    /// Receives; `None` when the senders are gone.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;
}

/// A kind with several receivers.
pub(crate) trait Shared: Pipe {
    fn share(receiver: &Self::Receiver) -> Self::Receiver;
}

const THERE: &str = "the receivers outlive the senders";

/// Qi's channel with one receiver.
pub(crate) struct QiOne;

impl Pipe for QiOne {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver) {
        capacity.map_or_else(mpsc::unbounded, mpsc::bounded)
    }

    async fn send(sender: &Self::Sender, number: u64) {
        sender.send(number).await.expect(THERE);
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await
    }
}

/// Qi's channel with several receivers.
pub(crate) struct QiMany;

impl Pipe for QiMany {
    type Sender = mpmc::Sender<u64>;
    type Receiver = mpmc::Receiver<u64>;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver) {
        capacity.map_or_else(mpmc::unbounded, mpmc::bounded)
    }

    async fn send(sender: &Self::Sender, number: u64) {
        sender.send(number).await.expect(THERE);
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await
    }
}

impl Shared for QiMany {
    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}

/// Tokio's channels, which have one receiver.
pub(crate) struct TokioOne;

/// Its two kinds of sender, as one.
#[derive(Clone)]
pub(crate) enum TokioSender {
    Bounded(tokio_mpsc::Sender<u64>),
    Unbounded(tokio_mpsc::UnboundedSender<u64>),
}

/// Its two kinds of receiver, as one.
pub(crate) enum TokioReceiver {
    Bounded(tokio_mpsc::Receiver<u64>),
    Unbounded(tokio_mpsc::UnboundedReceiver<u64>),
}

impl Pipe for TokioOne {
    type Sender = TokioSender;
    type Receiver = TokioReceiver;

    fn make(capacity: Option<usize>) -> (TokioSender, TokioReceiver) {
        if let Some(capacity) = capacity {
            let (sender, receiver) = tokio_mpsc::channel(capacity);
            return (TokioSender::Bounded(sender), TokioReceiver::Bounded(receiver));
        }
        let (sender, receiver) = tokio_mpsc::unbounded_channel();
        (TokioSender::Unbounded(sender), TokioReceiver::Unbounded(receiver))
    }

    async fn send(sender: &TokioSender, number: u64) {
        match sender {
            TokioSender::Bounded(sender) => sender.send(number).await.expect(THERE),
            TokioSender::Unbounded(sender) => sender.send(number).expect(THERE),
        }
    }

    async fn receive(receiver: &mut TokioReceiver) -> Option<u64> {
        match receiver {
            TokioReceiver::Bounded(receiver) => receiver.recv().await,
            TokioReceiver::Unbounded(receiver) => receiver.recv().await,
        }
    }
}

/// smol's channel: async-channel.
pub(crate) struct SmolMany;

impl Pipe for SmolMany {
    type Sender = smol_channel::Sender<u64>;
    type Receiver = smol_channel::Receiver<u64>;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver) {
        capacity.map_or_else(smol_channel::unbounded, smol_channel::bounded)
    }

    async fn send(sender: &Self::Sender, number: u64) {
        sender.send(number).await.expect(THERE);
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

impl Shared for SmolMany {
    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}

/// flume's channel.
pub(crate) struct FlumeMany;

impl Pipe for FlumeMany {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver) {
        capacity.map_or_else(flume::unbounded, flume::bounded)
    }

    async fn send(sender: &Self::Sender, number: u64) {
        sender.send_async(number).await.expect(THERE);
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv_async().await.ok()
    }
}

impl Shared for FlumeMany {
    fn share(receiver: &Self::Receiver) -> Self::Receiver {
        receiver.clone()
    }
}
