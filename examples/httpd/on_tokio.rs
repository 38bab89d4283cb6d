//! The server's runtime, for comparison: Tokio.

use crate::runtime::{Listener, Runtime, Stream};
use qi_examples::Trouble;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::{task, time};

pub(crate) struct Tokio(tokio::runtime::Runtime);

impl Runtime for Tokio {
    const NAME: &'static str = "tokio";
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn start(workers: Option<usize>) -> Result<Self, Trouble> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        if let Some(workers) = workers {
            builder.worker_threads(workers);
        }
        let built = builder.enable_io().enable_time().build();
        built.map(Self).map_err(|error| Trouble::io("cannot start Tokio", "无法启动 Tokio", &error))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn finish(self) -> Result<(), Trouble> {
        self.0.shutdown_timeout(Duration::from_secs(10));
        Ok(())
    }

    async fn bind(address: &str) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) {
        drop(task::spawn(future));
    }

    fn blocking<T, C>(call: C) -> impl Future<Output = io::Result<T>> + Send
    where
        T: Send + 'static,
        C: FnOnce() -> T + Send + 'static,
    {
        let call = task::spawn_blocking(call);
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
        self.shutdown().await
    }
}
