//! The channels of [`qi_sync`], with sends and receives that end in time.
//!
//! The channels know no clock; [`SendTimeout`] and [`RecvTimeout`] put the runtime's timers on top.
//! Bring them into scope to use their methods.

pub use qi_sync::channel::{MAX_CAPACITY, broadcast, mpmc, mpsc, oneshot, watch};

use crate::time::{Instant, sleep, sleep_until};
use mpsc::{RecvTimeoutError, SendStoppedError};
use std::future::Future;
use std::time::Duration;

/// Sends that end in time.
///
/// # Examples
/// ```
/// use qi_runtime::channel::{SendTimeout, mpsc};
/// use std::time::Duration;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// runtime.block_on(async {
///     let (tx, _rx) = mpsc::bounded(1);
///     assert!(tx.send_timeout(1, Duration::ZERO).await.is_ok(), "there is room");
///     let error = tx.send_timeout(2, Duration::from_millis(1)).await.unwrap_err();
///     assert_eq!((error.is_stopped(), error.into_inner()), (true, 2));
/// });
/// ```
pub trait SendTimeout<T> {
    /// Sends a value, waiting for room for at most `timeout`. It is tried once even if that is zero.
    ///
    /// # Errors
    /// [`SendStoppedError`] with the value.
    ///
    /// # Panics
    /// The future does, on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// The value is delivered, or dropped together with the future.
    fn send_timeout(
        &self,
        value: T,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendStoppedError<T>>> + Send;

    /// As [`send_timeout`](Self::send_timeout), until `deadline`; one in the past means one try.
    ///
    /// # Errors
    /// [`SendStoppedError`] with the value.
    ///
    /// # Panics
    /// The future does, on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// As there.
    fn send_deadline(
        &self,
        value: T,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), SendStoppedError<T>>> + Send;
}

impl<T: Send> SendTimeout<T> for mpsc::Sender<T> {
    async fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendStoppedError<T>> {
        self.send_or_stop(value, sleep(timeout)).await
    }

    async fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendStoppedError<T>> {
        self.send_or_stop(value, sleep_until(deadline)).await
    }
}

/// Receives that end in time.
///
/// # Examples
/// ```
/// use qi_runtime::channel::{RecvTimeout, mpsc};
/// use std::time::Duration;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// runtime.block_on(async {
///     let (tx, mut rx) = mpsc::bounded(1);
///     let nothing = rx.recv_timeout(Duration::from_millis(1)).await;
///     assert_eq!(nothing, Err(mpsc::RecvTimeoutError::Timeout));
///     tx.send(1).await.unwrap();
///     assert_eq!(rx.recv_timeout(Duration::MAX).await, Ok(1));
/// });
/// ```
pub trait RecvTimeout {
    /// What is received.
    type Item;

    /// Receives a value, waiting for it for at most `timeout`. It is tried once even if that is
    /// zero.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// # Panics
    /// The future does, on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// Dropping the future loses no value.
    fn recv_timeout(
        &mut self,
        timeout: Duration,
    ) -> impl Future<Output = Result<Self::Item, RecvTimeoutError>> + Send;

    /// As [`recv_timeout`](Self::recv_timeout), until `deadline`; one in the past means one try.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// # Panics
    /// The future does, on a thread that works for no runtime.
    ///
    /// # Cancel safety
    /// As there.
    fn recv_deadline(
        &mut self,
        deadline: Instant,
    ) -> impl Future<Output = Result<Self::Item, RecvTimeoutError>> + Send;
}

impl<T: Send> RecvTimeout for mpsc::Receiver<T> {
    type Item = T;

    async fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_or_stop(sleep(timeout)).await
    }

    async fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_or_stop(sleep_until(deadline)).await
    }
}

impl<T: Send> RecvTimeout for mpmc::Receiver<T> {
    type Item = T;

    async fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_or_stop(sleep(timeout)).await
    }

    async fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_or_stop(sleep_until(deadline)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AsyncRuntime;

    fn run(test: impl AsyncFnOnce()) {
        let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("it starts");
        runtime.block_on(test());
    }

    #[test]
    fn a_send_that_is_not_early_gives_its_value_back() {
        run(async || {
            let (tx, mut rx) = mpsc::bounded(1);
            tx.send_timeout(1, Duration::ZERO).await.expect("there is room");
            let begin = Instant::now();
            let late = tx.send_timeout(2, Duration::from_millis(5)).await;
            assert_eq!(late, Err(SendStoppedError::Stopped(2)));
            assert!(begin.elapsed() >= Duration::from_millis(5), "never early");
            let past = Instant::now();
            assert_eq!(tx.send_deadline(3, past).await, Err(SendStoppedError::Stopped(3)));
            assert_eq!(rx.try_recv(), Ok(1));
            assert_eq!(tx.send_deadline(4, past).await, Ok(()), "one try");
        });
    }

    #[test]
    fn a_send_without_end_is_ended_by_room() {
        run(async || {
            let (tx, mut rx) = mpsc::bounded(1);
            tx.send(1).await.expect("there is room");
            let sender = crate::spawn(async move { tx.send_timeout(2, Duration::MAX).await });
            crate::yield_now().await;
            assert_eq!(rx.recv_timeout(Duration::MAX).await, Ok(1));
            assert_eq!(rx.recv_timeout(Duration::MAX).await, Ok(2));
            assert_eq!(sender.await.expect("it ends"), Ok(()));
            let closed = rx.recv_timeout(Duration::MAX).await;
            assert_eq!(closed, Err(RecvTimeoutError::Closed));
        });
    }

    #[test]
    fn a_receive_of_no_time_takes_what_is_there() {
        run(async || {
            let (tx, mut rx) = mpmc::bounded(1);
            let none = rx.recv_timeout(Duration::ZERO).await;
            assert_eq!(none, Err(RecvTimeoutError::Timeout));
            tx.send(1).await.expect("there is room");
            assert_eq!(rx.recv_deadline(Instant::now()).await, Ok(1));
        });
    }
}
