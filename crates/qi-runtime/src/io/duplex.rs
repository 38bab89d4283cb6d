//! A pair of streams in memory: what one writes the other reads, with a bound.
//!
//! # Protocol
//! Each direction is a queue of bytes behind a lock, with the waker of whoever waits for bytes and of
//! whoever waits for room. Wakers are cloned before and woken after the lock is held.

use futures_util::io::{AsyncRead, AsyncWrite};
use qi_sched::coop;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

/// One direction.
#[derive(Debug, Default)]
struct Way {
    bytes: VecDeque<u8>,
    /// Who waits for bytes or the end.
    reader: Option<Waker>,
    /// Who waits for room.
    writer: Option<Waker>,
    /// Nothing more is written.
    is_ended: bool,
    /// Nobody reads any more.
    is_abandoned: bool,
}

/// No user code runs under the lock, so poison means nothing.
fn lock(way: &Mutex<Way>) -> MutexGuard<'_, Way> {
    way.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One end of a pair of streams in memory. Made by [`duplex`].
///
/// Dropping or closing it lets the other end read to an end; writing to an end that was dropped is
/// an error. One task may read and one may write at a time: of two that read, the later is woken.
#[derive(Debug)]
pub struct DuplexStream {
    incoming: Arc<Mutex<Way>>,
    outgoing: Arc<Mutex<Way>>,
    capacity: usize,
}

/// Two streams joined to each other, with room for `capacity` bytes in each direction (at least one):
/// for tests of protocols, and between tasks that speak one.
///
/// # Examples
/// ```
/// use futures_util::io::{AsyncReadExt, AsyncWriteExt};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let (mut one, mut other) = qi_runtime::io::duplex(64);
/// one.write_all(b"ping").await?;
/// let mut got = [0; 4];
/// other.read_exact(&mut got).await?;
/// assert_eq!(&got, b"ping");
/// drop(one);
/// assert_eq!(other.read(&mut got).await?, 0);
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn duplex(capacity: usize) -> (DuplexStream, DuplexStream) {
    let (there, back) = <(Arc<Mutex<Way>>, Arc<Mutex<Way>>)>::default();
    let capacity = capacity.max(1);
    let one = DuplexStream { incoming: back.clone(), outgoing: there.clone(), capacity };
    (one, DuplexStream { incoming: there, outgoing: back, capacity })
}

impl DuplexStream {
    /// Lets the other end read to an end.
    fn end(&self) {
        let mut way = lock(&self.outgoing);
        way.is_ended = true;
        let reader = way.reader.take();
        drop(way);
        wake(reader);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let progress = ready!(coop::poll_proceed(cx));
        let waker = cx.waker().clone();
        let mut way = lock(&self.incoming);
        if way.bytes.is_empty() && !way.is_ended {
            let replaced = way.reader.replace(waker);
            drop(way);
            drop(replaced);
            return Poll::Pending;
        }
        let count = way.bytes.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(way.bytes.drain(..count)) {
            *place = byte;
        }
        let writer = way.writer.take();
        drop(way);
        wake(writer);
        progress.made_progress();
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = ready!(coop::poll_proceed(cx));
        let waker = cx.waker().clone();
        let mut way = lock(&self.outgoing);
        if way.is_ended || way.is_abandoned {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = self.capacity - way.bytes.len();
        if room == 0 && !bytes.is_empty() {
            let replaced = way.writer.replace(waker);
            drop(way);
            drop(replaced);
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        way.bytes.extend(&bytes[..count]);
        let reader = if count > 0 { way.reader.take() } else { None };
        drop(way);
        wake(reader);
        progress.made_progress();
        Poll::Ready(Ok(count))
    }

    /// What is written can be read at once: always ready.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends writing; reading goes on.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.end();
        let mut way = lock(&self.incoming);
        way.is_abandoned = true;
        way.bytes = VecDeque::new();
        // Our own waker, if a read was given up; the writer's, to learn of it.
        let wakers = (way.reader.take(), way.writer.take());
        drop(way);
        wake(wakers.1);
    }
}
