//! Standard output and standard error.

use crate::blocking::{Device, Stream};
use crate::handle::Handle;
use futures_util::io::AsyncWrite;
use std::fmt;
use std::io::{self, SeekFrom, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The process' standard output. What becomes of what is written is told [above](super).
///
/// Every one made by [`stdout`] keeps its own order; what several of them write is put in between
/// each other by whole writes.
///
/// # Cancel safety
/// A `write` or `flush` that is dropped has taken nothing, and loses nothing that was taken before.
pub struct Stdout(Stream<Out>);

/// The process' standard error. As [`Stdout`].
///
/// # Cancel safety
/// As [`Stdout`].
pub struct Stderr(Stream<ErrorOut>);

/// The process' standard output, written by the current runtime's threads.
///
/// # Errors
/// An error on a thread that works for no runtime.
pub fn stdout() -> io::Result<Stdout> {
    Ok(Stdout(Stream::new(Handle::try_current().map_err(io::Error::other)?, Out)))
}

/// The process' standard error, written by the current runtime's threads.
///
/// # Errors
/// An error on a thread that works for no runtime.
pub fn stderr() -> io::Result<Stderr> {
    Ok(Stderr(Stream::new(Handle::try_current().map_err(io::Error::other)?, ErrorOut)))
}

struct Out;
struct ErrorOut;

impl Device for Out {
    fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Flushed under the same lock: nothing stays in the standard library's buffer.
    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn seek(&self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}

impl Device for ErrorOut {
    fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        io::stderr().lock().write_all(bytes)
    }

    fn seek(&self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}

/// Both are written in the same way.
macro_rules! writes {
    ($($stream:ty),+) => {$(
        impl AsyncWrite for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, bytes)
            }

            /// Ready when the system has all that was written.
            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(cx)
            }

            /// As a flush: the stream of the process stays open.
            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(cx)
            }
        }

        impl fmt::Debug for $stream {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($stream)).finish_non_exhaustive()
            }
        }
    )+};
}

writes!(Stdout, Stderr);
