//! A source's membership in a shard, and the ways to wait for it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mio::Interest;
use mio::event::Source;

use crate::io_cell::IoCell;
use crate::readiness::{Readiness, ReadyEvent};
use crate::shard::Shard;
use crate::token::SourceToken;
use crate::waiters::{Direction, WaiterKey};

/// A source that is watched by one shard of a reactor, edge-triggered.
///
/// Does not own the source. All methods take `&self`: any number of tasks may wait in each
/// direction, and an event wakes all of that direction.
///
/// Dropping it without [`deregister`](Self::deregister) is safe: events of the source are ignored
/// from then on, although the system goes on to report them until the source is closed.
#[derive(Debug)]
pub struct Registration {
    shard: Arc<Shard>,
    cell: Arc<IoCell>,
    token: SourceToken,
}

impl Registration {
    pub(crate) fn new<S: Source + ?Sized>(
        shard: Arc<Shard>,
        source: &mut S,
        interest: Interest,
        assumed: Readiness,
    ) -> io::Result<Self> {
        let (cell, token) = shard.add_source(source, interest, assumed)?;
        Ok(Self { shard, cell, token })
    }

    /// Returns the number of the shard that watches the source.
    #[must_use]
    pub fn shard(&self) -> usize {
        self.shard.index()
    }

    /// Returns what the source is known, or assumed, to be ready for.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.cell.readiness()
    }

    /// Waits until reading may not block.
    ///
    /// Wakers that are equal count as one; several tasks may poll, up to 33 in one direction (beyond
    /// that they keep waking each other). Use [`ready`](Self::ready) where a future is possible.
    ///
    /// # Errors
    ///
    /// [`ReactorError::Closed`](crate::ReactorError::Closed), in an [`io::Error`].
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<ReadyEvent>> {
        self.poll_ready(cx, Direction::Read)
    }

    /// Waits until writing may not block; otherwise as [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Errors
    ///
    /// [`ReactorError::Closed`](crate::ReactorError::Closed), in an [`io::Error`].
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<ReadyEvent>> {
        self.poll_ready(cx, Direction::Write)
    }

    /// Waits until the source is ready for something in `interest`.
    ///
    /// # Errors
    ///
    /// [`ReactorError::Closed`](crate::ReactorError::Closed), in an [`io::Error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in the list of waiters and nothing else: readiness is
    /// not consumed by waiting, only by [`clear_readiness`](Self::clear_readiness).
    pub fn ready(&self, interest: Interest) -> Ready<'_> {
        Ready { cell: &self.cell, wanted: Readiness::of_interest(interest), key: None }
    }

    /// Forgets the readiness that `event` announced, after an operation answered
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). Does nothing if a newer event has arrived since.
    pub fn clear_readiness(&self, event: ReadyEvent) {
        self.cell.clear(event);
    }

    /// Forgets that data (or room) was left, but not that a half is closed, after a stream transferred
    /// less than it was offered. Spares the call that would answer `WouldBlock`.
    ///
    /// Right only where [`SHORT_TRANSFER_DRAINS`](crate::SHORT_TRANSFER_DRAINS), and for streams.
    pub fn clear_after_short_transfer(&self, event: ReadyEvent) {
        self.cell.clear_transient(event);
    }

    /// Tries `operation` if the source is not known to be unready for `interest`, and keeps the
    /// readiness up to date.
    ///
    /// # Errors
    ///
    /// The operation's error; [`WouldBlock`](io::ErrorKind::WouldBlock) also if it was not tried.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        let Some(event) = self.cell.event(Readiness::of_interest(interest)) else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let event = event?;
        let result = operation();
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.cell.clear(event);
        }
        result
    }

    /// Takes the source out of the event queue.
    ///
    /// May be called while another thread turns the shard: an event that it has collected already is
    /// ignored.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that it does not watch such a source.
    pub fn deregister<S: Source + ?Sized>(&self, source: &mut S) -> io::Result<()> {
        self.shard.silence(source)
    }

    /// What the source is ready for in `direction`, without waiting.
    pub(crate) fn event(&self, direction: Direction) -> Option<io::Result<ReadyEvent>> {
        self.cell.event(direction.wanted())
    }

    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<ReadyEvent>> {
        self.cell.poll_ready(cx, direction)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.shard.forget_source(self.token);
    }
}

/// Future of [`Registration::ready`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Ready<'a> {
    cell: &'a IoCell,
    wanted: Readiness,
    key: Option<WaiterKey>,
}

impl Future for Ready<'_> {
    type Output = io::Result<ReadyEvent>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.cell.poll_keyed(cx, this.wanted, &mut this.key)
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.cell.leave(key);
        }
    }
}
