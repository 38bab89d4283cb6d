//! A `futures-io` stream as hyper reads and writes it.
//!
//! # Reading
//! hyper lends memory that nothing was written to yet, and without `unsafe` that can be filled by a
//! copy only. So the stream reads into memory of the thread, and what came is copied: some tens of
//! nanoseconds for a request, and always from memory that is in the processor's cache.
//!
//! # Rejected alternatives
//! A buffer on the stack (it would have to be zeroed at each read); one per connection (memory that
//! an idle connection should not hold).

use futures_util::io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use pin_project_lite::pin_project;
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes that one read takes at most: with more the copy would leave the nearest caches.
const ROOM: usize = 64 * 1024;

thread_local! {
    /// What the thread's next read goes into; empty before the first, and while one is under way.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Memory of the thread to read into, given back on drop.
struct Scratch(Vec<u8>);

impl Scratch {
    fn take() -> Self {
        // A thread that ends has none any more.
        let mut room = SCRATCH.try_with(Cell::take).unwrap_or_default();
        if room.is_empty() {
            room = vec![0; ROOM];
        }
        Self(room)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let room = std::mem::take(&mut self.0);
        // A stream that reads from another `Io` has left one there meanwhile; either will do.
        SCRATCH.try_with(|scratch| scratch.set(room)).ok();
    }
}

pin_project! {
    /// Any stream of the `futures-io` traits, for hyper: Qi's own sockets, or TLS over them.
    ///
    /// hyper's reads, writes and flushes are polls: nothing is lost when what awaits them is dropped.
    ///
    /// # Examples
    /// See [the module](crate::hyper).
    #[derive(Debug)]
    pub struct Io<T> {
        #[pin]
        inner: T,
        vectored: bool,
    }
}

impl<T> Io<T> {
    /// Small parts of an answer are put together before they are written: right for streams that take
    /// one buffer at a time, such as TLS, and for small answers.
    pub fn new(inner: T) -> Self {
        Self { inner, vectored: false }
    }

    /// Parts of an answer are written from where they lie, several at a time: right for large bodies
    /// over [`TcpStream`](crate::net::TcpStream) and others that write several buffers in one call.
    pub fn vectored(inner: T) -> Self {
        Self { inner, vectored: true }
    }

    /// The stream.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The stream.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// The stream, back from hyper (after an upgrade, say).
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead> Read for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut scratch = Scratch::take();
        let room = ROOM.min(buffer.remaining());
        let room = &mut scratch.0[..room];
        let length = ready!(self.project().inner.poll_read(cx, room))?;
        buffer.put_slice(&room[..length]);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> Write for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, buffers)
    }
}
