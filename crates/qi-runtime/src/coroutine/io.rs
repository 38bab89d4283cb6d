//! Streams with the traits of `std::io`, over those of `futures-io`.

use super::wait;
use futures_util::io::{AsyncRead, AsyncSeek, AsyncWrite};
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

/// An async stream as straight-line code uses it: with [`Read`], [`Write`] and [`Seek`], which suspend
/// the coroutine where they would block. So code that knows nothing of coroutines can use it, such as
/// parsers over [`BufReader`](std::io::BufReader).
///
/// Where the methods wait they do as [`wait`]: outside of a coroutine they block the thread, in the
/// poll of a future they panic.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_runtime::coroutine::{Io, net::TcpListener};
/// use std::io::{BufRead, BufReader, Write};
/// let task = runtime.spawn_coroutine(|| -> std::io::Result<String> {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let address = listener.local_addr()?;
///     qi_runtime::spawn_coroutine(move || -> std::io::Result<()> {
///         let mut stream = qi_runtime::coroutine::net::TcpStream::connect(address)?;
///         writeln!(stream, "good morning")
///     });
///     let (stream, _) = listener.accept()?;
///     let mut line = String::new();
///     BufReader::new(stream).read_line(&mut line)?;
///     Ok(line)
/// });
/// assert_eq!(runtime.block_on(task)??, "good morning\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Io<T>(T);

impl<T> Io<T> {
    /// Wraps a stream.
    pub const fn new(stream: T) -> Self {
        Self(stream)
    }

    /// The stream.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Io<T> {
    fn from(stream: T) -> Self {
        Self(stream)
    }
}

impl<T> Deref for Io<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Io<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: AsyncRead + Unpin> Read for Io<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait(poll_fn(|cx| Pin::new(&mut self.0).poll_read(cx, buffer)))
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        wait(poll_fn(|cx| Pin::new(&mut self.0).poll_read_vectored(cx, buffers)))
    }
}

impl<T: AsyncWrite + Unpin> Write for Io<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        wait(poll_fn(|cx| Pin::new(&mut self.0).poll_write(cx, bytes)))
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        wait(poll_fn(|cx| Pin::new(&mut self.0).poll_write_vectored(cx, buffers)))
    }

    fn flush(&mut self) -> io::Result<()> {
        wait(poll_fn(|cx| Pin::new(&mut self.0).poll_flush(cx)))
    }
}

impl<T> Read for &Io<T>
where
    for<'a> &'a T: AsyncRead,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait(poll_fn(|cx| Pin::new(&mut &self.0).poll_read(cx, buffer)))
    }
}

impl<T> Write for &Io<T>
where
    for<'a> &'a T: AsyncWrite,
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        wait(poll_fn(|cx| Pin::new(&mut &self.0).poll_write(cx, bytes)))
    }

    fn flush(&mut self) -> io::Result<()> {
        wait(poll_fn(|cx| Pin::new(&mut &self.0).poll_flush(cx)))
    }
}

impl<T: AsyncSeek + Unpin> Seek for Io<T> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        wait(poll_fn(|cx| Pin::new(&mut self.0).poll_seek(cx, position)))
    }
}
