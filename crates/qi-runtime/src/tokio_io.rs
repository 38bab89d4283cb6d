//! Tokio's I/O traits and those of `futures-io`, each from the other (the feature `tokio-io`).
//!
//! Of Tokio only the traits are compiled: no runtime, no reactor.

use futures_util::io as futures_io;
use pin_project_lite::pin_project;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io as tokio_io;

pin_project! {
    /// A stream with the other family's traits: one of `futures-io` (all of Qi's) gets Tokio's, and
    /// one of Tokio gets those of `futures-io`.
    ///
    /// To be polled where the stream itself may be: a stream of Qi anywhere, one of Tokio's own
    /// sockets only inside Tokio's context (the feature `tokio` keeps one).
    ///
    /// # Cancel safety
    /// Reads, writes and flushes are polls: nothing is lost when what awaits them is dropped.
    ///
    /// # Examples
    /// Code for Tokio's traits over a connection of Qi:
    /// ```
    /// use qi_runtime::net::{TcpListener, TcpStream};
    /// use qi_runtime::tokio_io::Compat;
    /// use std::pin::Pin;
    /// use tokio::io::{AsyncRead, ReadBuf};
    ///
    /// /// Written for Tokio.
    /// async fn first_byte(mut stream: impl AsyncRead + Unpin) -> std::io::Result<u8> {
    ///     let mut byte = [0];
    ///     let mut buffer = ReadBuf::new(&mut byte);
    ///     std::future::poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, &mut buffer)).await?;
    ///     Ok(byte[0])
    /// }
    ///
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// use futures_util::io::AsyncWriteExt;
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (stream, _peer) = listener.accept().await?;
    /// client.write_all(b"!").await?;
    /// assert_eq!(first_byte(Compat::new(stream)).await?, b'!');
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Debug)]
    pub struct Compat<T> {
        #[pin]
        inner: T,
    }
}

impl<T> Compat<T> {
    /// The stream with the other traits.
    pub fn new(inner: T) -> Self {
        Self { inner }
    }

    /// The stream.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The stream.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// The stream with its own traits again.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: futures_io::AsyncRead> tokio_io::AsyncRead for Compat<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio_io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.initialize_unfilled();
        let length = ready!(self.project().inner.poll_read(cx, room))?;
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<T: futures_io::AsyncBufRead> tokio_io::AsyncBufRead for Compat<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, length: usize) {
        self.project().inner.consume(length);
    }
}

impl<T: futures_io::AsyncWrite> tokio_io::AsyncWrite for Compat<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

impl<T: tokio_io::AsyncRead> futures_io::AsyncRead for Compat<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = tokio_io::ReadBuf::new(room);
        ready!(self.project().inner.poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<T: tokio_io::AsyncBufRead> futures_io::AsyncBufRead for Compat<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, length: usize) {
        self.project().inner.consume(length);
    }
}

impl<T: tokio_io::AsyncWrite> futures_io::AsyncWrite for Compat<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}
