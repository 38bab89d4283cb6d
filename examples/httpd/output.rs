//! Sending: a stream with what is to be written to it, and the client's patience as the limit.

use crate::runtime::{Runtime, Stream};
use futures_util::future::poll_immediate;
use std::io;
use std::pin::pin;
use std::time::Duration;

/// Answers to requests that arrived together are sent together, up to this many bytes.
const MOST_KEPT: usize = 64 * 1024;

/// A body up to this length is copied behind its head; a longer one is written from where it is.
const COPIED: usize = 8 * 1024;

/// The writing side of a connection.
#[derive(Debug)]
pub(crate) struct Output {
    /// Answers that are not sent yet.
    pub(crate) kept: Vec<u8>,
    pub(crate) timeout: Duration,
    /// Bytes sent so far.
    pub(crate) sent: u64,
}

impl Output {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { kept: Vec::new(), timeout, sent: 0 }
    }

    /// Sends what is kept.
    pub(crate) async fn flush<R: Runtime>(&mut self, stream: &mut R::Stream) -> io::Result<()> {
        if self.kept.is_empty() { Ok(()) } else { self.send::<R>(stream, &[]).await }
    }

    /// Keeps a body behind what is kept, or sends both.
    pub(crate) async fn body<R: Runtime>(
        &mut self,
        stream: &mut R::Stream,
        body: &[u8],
    ) -> io::Result<()> {
        if body.len() <= COPIED && self.kept.len() + body.len() <= MOST_KEPT {
            self.kept.extend_from_slice(body);
            return Ok(());
        }
        self.send::<R>(stream, body).await
    }

    /// Sends what is kept, and `body` after it.
    pub(crate) async fn send<R: Runtime>(
        &mut self,
        stream: &mut R::Stream,
        body: &[u8],
    ) -> io::Result<()> {
        let (mut first, mut second) = (&self.kept[..], body);
        while !(first.is_empty() && second.is_empty()) {
            let mut writing = pin!(stream.write([first, second]));
            let written = match poll_immediate(writing.as_mut()).await {
                // There is nearly always room: then no timer is needed.
                Some(result) => Some(result),
                None => R::within(self.timeout, writing).await,
            };
            let count = match written {
                Some(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Some(result) => result?,
                None => return Err(io::ErrorKind::TimedOut.into()),
            };
            self.sent += count as u64;
            let of_first = count.min(first.len());
            first = &first[of_first..];
            second = &second[count - of_first..];
        }
        self.kept.clear();
        // One long listing does not stay for the life of the connection.
        self.kept.shrink_to(MOST_KEPT);
        Ok(())
    }
}
