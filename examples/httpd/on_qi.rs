//! The server's runtime: Qi.

use crate::runtime::{Listener, Runtime, Stream};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_examples::Trouble;
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig, time};
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) struct Qi(AsyncRuntime);

impl Runtime for Qi {
    const NAME: &'static str = "qi";
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn start(workers: Option<usize>) -> Result<Self, Trouble> {
        let mut config = AsyncRuntimeConfig::default();
        if let Some(workers) = workers {
            config.worker_threads = workers;
        }
        Ok(Self(AsyncRuntime::new(config)?))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn finish(self) -> Result<(), Trouble> {
        self.0.shutdown().map_err(|error| Trouble::new(error.to_string(), error.message_zh()))
    }

    async fn bind(address: &str) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) {
        drop(qi_runtime::spawn(future));
    }

    fn blocking<T, C>(call: C) -> impl Future<Output = io::Result<T>> + Send
    where
        T: Send + 'static,
        C: FnOnce() -> T + Send + 'static,
    {
        let call = qi_runtime::spawn_blocking(call);
        async { call.await.map_err(io::Error::other) }
    }

    async fn within<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        time::timeout(limit, future).await.ok()
    }

    async fn sleep(length: Duration) {
        time::sleep(length).await;
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}

impl Stream for TcpStream {
    async fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        AsyncReadExt::read(self, room).await
    }

    async fn write(&mut self, parts: [&[u8]; 2]) -> io::Result<usize> {
        match parts {
            [only, []] | [[], only] => AsyncWriteExt::write(self, only).await,
            both => self.write_vectored(&both.map(IoSlice::new)).await,
        }
    }

    async fn end(&mut self) -> io::Result<()> {
        self.close().await
    }
}
