//! A sender as a `futures` sink.
#![forbid(unsafe_code)]

use super::error::{ReserveError, SendError};
use super::permit::Permit;
use super::sender::Sender;
use futures_sink::Sink;
use qi_sched::wait_queue::WaiterKey;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A sender as a sink: `poll_ready` reserves a place, `start_send` uses it. There is nothing to
/// flush; closing drops the sender.
///
/// # Cancel safety
/// A place that was reserved stays so until the sink is used or dropped; no value is kept here.
///
/// # Examples
/// ```
/// use futures_util::{SinkExt, StreamExt, stream};
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// # scheduler.block_on(async {
/// let (tx, rx) = qi_sync::channel::mpsc::bounded(8);
/// let mut sink = tx.into_sink();
/// sink.send_all(&mut stream::iter(1..=3).map(Ok)).await.unwrap();
/// sink.close().await.unwrap();
/// assert_eq!(rx.collect::<Vec<_>>().await, [1, 2, 3]);
/// # });
/// ```
pub struct SendSink<T> {
    /// Empty once the sink was closed.
    sender: Option<Sender<T>>,
    seat: Option<WaiterKey>,
    /// Whether a place is reserved.
    is_ready: bool,
}

impl<T> Unpin for SendSink<T> {}

impl<T> SendSink<T> {
    pub(super) fn new(sender: Sender<T>) -> Self {
        Self { sender: Some(sender), seat: None, is_ready: false }
    }

    /// The sender, unless the sink was closed.
    #[must_use]
    pub fn sender(&self) -> Option<&Sender<T>> {
        self.sender.as_ref()
    }

    fn give_up(&mut self) {
        let Some(sender) = self.sender.take() else { return };
        if std::mem::take(&mut self.is_ready) {
            sender.chan().release(1);
        }
        if self.seat.is_some() {
            sender.chan().cancel_reserve(1, &mut self.seat);
        }
    }
}

impl<T> Sink<T> for SendSink<T> {
    type Error = ReserveError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ReserveError>> {
        let this = &mut *self;
        let Some(sender) = &this.sender else { return Poll::Ready(Err(ReserveError::Closed)) };
        if !this.is_ready {
            let progress = ready!(qi_sched::coop::poll_proceed(cx));
            let reserved = ready!(sender.chan().poll_reserve(1, &mut this.seat, cx));
            progress.made_progress();
            if reserved.is_err() {
                return Poll::Ready(Err(ReserveError::Closed));
            }
            this.is_ready = true;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, value: T) -> Result<(), ReserveError> {
        let is_ready = std::mem::take(&mut self.is_ready);
        let Some(sender) = self.sender.as_ref().filter(|_| is_ready) else {
            return Err(ReserveError::Full);
        };
        let sent = Permit::new(sender.chan()).send(value);
        sent.map_err(|SendError(_)| ReserveError::Closed)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ReserveError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ReserveError>> {
        self.give_up();
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for SendSink<T> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl<T> fmt::Debug for SendSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSink")
            .field("sender", &self.sender)
            .field("is_ready", &self.is_ready)
            .finish_non_exhaustive()
    }
}
