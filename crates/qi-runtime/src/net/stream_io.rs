//! Reading and writing a connection: the `futures-io` traits.

use super::stream::TcpStream;
use super::vectored;
use futures_util::io::{AsyncRead, AsyncWrite};
use qi_sched::coop;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Buffers that one call takes. More would be an error of the system, or be left out by the standard
/// library, which must not be mistaken for a socket that has nothing left.
const MOST_BUFFERS: usize = 1024;

/// The longest transfer whose shortness means something: systems cut off calls at 2 GiB.
const LONGEST_TELLING: usize = 1 << 30;

/// What the reactor is told about the room or the length of a transfer; with 0 no result is short.
fn telling(length: usize) -> usize {
    if length > LONGEST_TELLING { 0 } else { length }
}

impl TcpStream {
    pub(super) fn poll_read_some(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let room = telling(buffer.len());
        let result = ready!(self.io().poll_read_stream(cx, room, |mut stream| stream.read(buffer)));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(super) fn poll_read_some_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let taken = buffers.len().min(MOST_BUFFERS);
        let buffers = &mut buffers[..taken];
        let room = telling(buffers.iter().map(|buffer| buffer.len()).sum());
        let read = |mut stream: &mio::net::TcpStream| stream.read_vectored(buffers);
        let result = ready!(self.io().poll_read_stream(cx, room, read));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(super) fn poll_write_some(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let length = telling(bytes.len());
        let result =
            ready!(self.io().poll_write_stream(cx, length, |mut stream| stream.write(bytes)));
        progress.made_progress();
        Poll::Ready(result)
    }

    pub(super) fn poll_write_some_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let buffers = &buffers[..buffers.len().min(MOST_BUFFERS)];
        let length = telling(buffers.iter().map(|buffer| buffer.len()).sum());
        let write = |stream: &mio::net::TcpStream| vectored::write(stream, buffers);
        let result = ready!(self.io().poll_write_stream(cx, length, write));
        progress.made_progress();
        Poll::Ready(result)
    }

    /// Tells the peer that nothing more comes. One that has gone need not be told.
    pub(super) fn end_writing(&self) -> io::Result<()> {
        match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

impl AsyncRead for &TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some_vectored(cx, buffers)
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_some(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_some_vectored(cx, buffers)
    }

    /// Nothing is kept back here: always ready.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends writing; reading goes on.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end_writing())
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_some_vectored(cx, buffers)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_some(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_some_vectored(cx, buffers)
    }

    /// Nothing is kept back here: always ready.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends writing; reading goes on.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end_writing())
    }
}
