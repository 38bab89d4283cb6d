//! One direction of a copy: what was read and not written yet, and how far it has come.
//!
//! # States
//! ```text
//!              read something, wrote all of it
//!              ┌────────┐
//!              ▼        │      the writer is full
//!   ───────► Flowing ───┴──────────────────────────► Flowing with a rest
//!              │ ▲                                        │
//!              │ └────────────── rest written ────────────┘
//!              ▼ the reader is at its end
//!            Ending (flush, or close) ──► Ended
//! ```
//!
//! # Protocol
//! A reader that answers Pending has put nothing into the buffer, so the buffer is lent for the poll
//! only (see `scratch.rs`), and what the writer did not take is all that is kept: a direction in
//! which nothing moves holds no memory. (I65)
//!
//! What was interrupted is tried again: `futures-io` does not allow that answer, but not every stream
//! knows.
//!
//! Before it waits for its reader it flushes, once, what it has written: the peer may be waiting for
//! just that before it says more.

use super::scratch;
use futures_util::io::{AsyncRead, AsyncWrite};
use qi_sched::coop;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What is done to the writer when the reader is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtEnd {
    Flush,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Flowing,
    Ending,
    Ended,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Pump {
    /// Read and not written; empty without memory most of the time.
    rest: Vec<u8>,
    /// How much of it has been written.
    written: usize,
    /// The most that is read at once, in bytes.
    size: usize,
    copied: u64,
    at_end: AtEnd,
    state: State,
    is_flushed: bool,
}

impl Pump {
    /// `size` is at least one byte.
    pub(super) fn new(size: usize, at_end: AtEnd) -> Self {
        let size = size.max(1);
        let state = State::Flowing;
        Self { rest: Vec::new(), written: 0, size, copied: 0, at_end, state, is_flushed: true }
    }

    /// Moves what can be moved; ready with the count when the end has reached the writer.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        loop {
            match self.state {
                State::Flowing => {
                    ready!(self.poll_rest(cx, writer.as_mut()))?;
                    let progress = ready!(coop::poll_proceed(cx));
                    let moved = self.poll_piece(cx, reader.as_mut(), writer.as_mut());
                    if moved.is_pending() && !self.is_flushed {
                        // Nobody is told of it here: an error comes back with the next write.
                        self.is_flushed = writer.as_mut().poll_flush(cx)?.is_ready();
                    }
                    ready!(moved)?;
                    progress.made_progress();
                    if !self.rest.is_empty() {
                        // The writer has just answered Pending, and has our waker.
                        return Poll::Pending;
                    }
                }
                State::Ending => {
                    ready!(match self.at_end {
                        AtEnd::Flush => writer.as_mut().poll_flush(cx),
                        AtEnd::Close => writer.as_mut().poll_close(cx),
                    })?;
                    self.state = State::Ended;
                }
                State::Ended => return Poll::Ready(Ok(self.copied)),
            }
        }
    }

    /// Writes what is left of the last piece.
    fn poll_rest<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        while self.written < self.rest.len() {
            let left = &self.rest[self.written..];
            self.written += match ready!(writer.as_mut().poll_write(cx, left)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                result => took(result?)?,
            };
        }
        self.copied += self.rest.len() as u64;
        (self.rest, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    /// Reads a piece and writes as much of it as is taken at once. Pending only if nothing was read.
    fn poll_piece<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        scratch::lend(self.size, |buffer| {
            let count = match ready!(reader.poll_read(cx, buffer)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    return Poll::Ready(Ok(()));
                }
                result => result?,
            };
            if count == 0 {
                self.state = State::Ending;
                return Poll::Ready(Ok(()));
            }
            self.is_flushed = false;
            let piece = &buffer[..count];
            let mut written = 0;
            while written < count {
                match writer.as_mut().poll_write(cx, &piece[written..]) {
                    Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                    Poll::Ready(result) => written += took(result?)?,
                    Poll::Pending => {
                        self.rest = piece[written..].to_vec();
                        break;
                    }
                }
            }
            self.copied += written as u64;
            Poll::Ready(Ok(()))
        })
    }
}

/// A writer that takes nothing would be asked for ever.
fn took(count: usize) -> io::Result<usize> {
    if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::duplex;
    use futures_util::io::{AsyncReadExt, AsyncWriteExt};
    use qi_test_kit::poll_once;
    use std::pin::pin;
    use std::task::Waker;

    #[test]
    fn an_idle_copy_holds_no_memory() {
        let (mut source, mut reader) = duplex(100);
        let (mut writer, mut sink) = duplex(10);
        let mut pump = Pump::new(50, AtEnd::Close);
        let mut poll = |pump: &mut Pump| {
            let mut cx = Context::from_waker(Waker::noop());
            pump.poll(&mut cx, Pin::new(&mut reader), Pin::new(&mut writer))
        };
        assert!(poll(&mut pump).is_pending());
        assert_eq!(pump.rest.capacity(), 0, "nothing has come");
        assert!(poll_once(pin!(source.write_all(&[1; 25]))).is_ready());
        assert!(poll(&mut pump).is_pending());
        assert_eq!(pump.rest.len(), 15, "the writer took ten");
        for _ in 0..3 {
            assert!(matches!(poll_once(pin!(sink.read(&mut [0; 10]))), Poll::Ready(Ok(1..))));
            assert!(poll(&mut pump).is_pending());
        }
        assert_eq!((pump.rest.capacity(), pump.copied), (0, 25), "all was taken");
        drop(source);
        assert!(matches!(poll(&mut pump), Poll::Ready(Ok(25))));
    }
}
