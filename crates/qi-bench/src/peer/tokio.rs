//! Tokio's multi-thread runtime.

use std::future::{self, Future};
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{self, JoinHandle};

use super::{Disposable, ECHO_BUFFER, Peer};

/// Tokio with everything enabled.
pub(crate) struct Tokio(Runtime);

/// A Tokio handle that takes a panic for granted not to happen.
pub(crate) struct Join<T>(JoinHandle<T>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|result| result.expect("no task of a bench panics"))
    }
}

fn build(workers: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .expect("a Tokio runtime starts")
}

impl Peer for Tokio {
    type Join<T: Send + 'static> = Join<T>;

    fn start(workers: usize) -> Self {
        Self(build(workers))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn_outside<F>(&self, future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join(self.0.spawn(future))
    }

    fn spawn<F>(future: F) -> Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Join(task::spawn(future))
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(task::spawn(future));
    }

    async fn cancel_one() {
        let handle = task::spawn(future::pending::<()>());
        task::yield_now().await;
        handle.abort();
        handle.await.expect_err("an aborted task has no result");
    }

    fn sleep(length: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(length)
    }

    async fn timeout<F>(length: Duration, future: F) -> bool
    where
        F: Future<Output = ()> + Send,
    {
        tokio::time::timeout(length, future).await.is_ok()
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        task::yield_now()
    }

    async fn echo(listener: TcpListener) {
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let listener = tokio::net::TcpListener::from_std(listener).expect("Tokio takes it over");
        while let Ok((mut stream, _)) = listener.accept().await {
            task::spawn(async move {
                stream.set_nodelay(true).ok();
                let mut buffer = [0; ECHO_BUFFER];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

impl Disposable for Tokio {
    fn create(workers: usize) -> Self {
        Self(build(workers))
    }

    fn detach<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.0.spawn(future));
    }

    fn dispose(self) {
        drop(self.0);
    }
}
