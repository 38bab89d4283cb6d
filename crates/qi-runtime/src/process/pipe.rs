//! The ends of a child's pipes that this process holds.

use super::os::{PipeReader, PipeWriter};
use futures_util::io::{AsyncRead, AsyncWrite};
use qi_reactor::Reactor;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a child reads. Closing or dropping it is the end of its input.
///
/// # Cancel safety
/// One `write` that is dropped has written nothing.
#[derive(Debug)]
pub struct ChildStdin(Option<PipeWriter>);

/// What a child writes.
///
/// # Cancel safety
/// One `read` that is dropped loses nothing.
#[derive(Debug)]
pub struct ChildStdout(PipeReader);

/// What a child writes of its errors.
///
/// # Cancel safety
/// One `read` that is dropped loses nothing.
#[derive(Debug)]
pub struct ChildStderr(PipeReader);

impl ChildStdin {
    pub(super) fn new(reactor: &Arc<Reactor>, pipe: std::process::ChildStdin) -> io::Result<Self> {
        Ok(Self(Some(PipeWriter::new(reactor, pipe)?)))
    }

    fn open(&self) -> io::Result<&PipeWriter> {
        self.0.as_ref().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open()?.poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.0 {
            Some(pipe) => pipe.poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Closes the pipe, which is the end of the child's input.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.as_mut().poll_flush(cx);
        if flushed.is_ready() {
            self.0 = None;
        }
        flushed
    }
}

/// Both are read in the same way, and may be the input of another child.
macro_rules! reads {
    ($($stream:ident),+) => {$(
        impl $stream {
            pub(super) fn new(
                reactor: &Arc<Reactor>,
                pipe: std::process::$stream,
            ) -> io::Result<Self> {
                Ok(Self(PipeReader::new(reactor, pipe)?))
            }
        }

        impl AsyncRead for $stream {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_read_vectored(cx, buffers)
            }
        }

        /// To be the input of another child.
        impl TryFrom<$stream> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $stream) -> io::Result<Self> {
                pipe.0.into_stdio()
            }
        }
    )+};
}

reads!(ChildStdout, ChildStderr);

/// To be the output of another child.
impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    fn try_from(pipe: ChildStdin) -> io::Result<Self> {
        match pipe.0 {
            Some(pipe) => pipe.into_stdio(),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}
