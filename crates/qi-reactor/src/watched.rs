//! A source together with its registration: operations that wait, and an orderly end.
//!
//! # Protocol
//!
//! An operation is tried whenever the source is not known to be unready. If it answers `WouldBlock`,
//! exactly the readiness it was tried with is cleared, and the next attempt waits for an event.
//!
//! A lazily watched source is not registered at first, and its operations are just tried. The first
//! that answers `WouldBlock` registers it. Whatever arrived between that answer and the registration
//! is not lost: adding a source to the event queue reports what it is ready for as a first edge. The
//! new registration is assumed to be ready for all but what the operation wanted that has just failed:
//! were that assumed and then cleared, the first edge could come in between, on another thread, and keep
//! the assumption.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use mio::Interest;
use mio::event::Source;

use crate::edge::{self, LazySource, SHORT_TRANSFER_DRAINS};
use crate::reactor::Reactor;
use crate::readiness::{Readiness, ReadyEvent, ReadyWord};
use crate::registration::Registration;
use crate::sync::{Mutex, lock};
use crate::waiters::Direction;

/// Chooses the shard that will watch a source, when it is registered.
pub type Place = fn(&Reactor) -> usize;

/// Owns a source and watches it.
///
/// All operations take `&self`, so that the halves of a socket, or several tasks, may use it at once;
/// nobody's wake-up is lost. Dropping it takes the source out of the event queue and then drops it.
///
/// # Examples
///
/// ```
/// use qi_reactor::{Interest, Reactor, Watched};
///
/// let reactor = Reactor::new(1)?;
/// let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = Watched::new(&reactor, 0, listener, Interest::READABLE)?;
/// assert!(reactor.has_sources(0));
/// drop(listener);
/// assert!(!reactor.has_sources(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watched<S: Source> {
    /// `None` only while [`into_inner`](Self::into_inner) takes it out.
    source: Option<S>,
    registration: OnceLock<Registration>,
    /// How to register it, if that is left to the first `WouldBlock`.
    later: Option<Later<S>>,
}

/// Registers a source with a shard, taking it to be unready for what is said last.
type Attach<S> = fn(&S, &Reactor, usize, Interest, Readiness) -> io::Result<Registration>;

/// How to register a source later, and how to undo it.
pub(crate) struct Later<S> {
    pub(crate) reactor: Arc<Reactor>,
    pub(crate) place: Place,
    pub(crate) interest: Interest,
    /// Keeps two tasks from registering the source twice.
    pub(crate) attaching: Mutex<()>,
    pub(crate) attach: Attach<S>,
    pub(crate) detach: fn(&S, &Registration) -> io::Result<()>,
}

impl<S: Source> Watched<S> {
    /// Watches `source` with `shard`, from now on.
    ///
    /// # Errors
    ///
    /// As [`Reactor::register`].
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn new(
        reactor: &Reactor,
        shard: usize,
        mut source: S,
        interest: Interest,
    ) -> io::Result<Self> {
        let registration = reactor.register(shard, &mut source, interest)?;
        Ok(Self { source: Some(source), registration: registration.into(), later: None })
    }

    /// Watches `source` from its first operation that would block on, with the shard that `place`
    /// chooses at that moment. Where the platform cannot do that, from now on.
    ///
    /// # Errors
    ///
    /// As [`Reactor::register`], if it is registered now.
    pub fn lazy(
        reactor: Arc<Reactor>,
        place: Place,
        source: S,
        interest: Interest,
    ) -> io::Result<Self>
    where
        S: LazySource,
    {
        edge::watch_lazily(reactor, place, source, interest)
    }

    /// Returns the source.
    ///
    /// # Panics
    ///
    /// Never: the source is missing only inside [`into_inner`](Self::into_inner).
    #[must_use]
    pub fn get_ref(&self) -> &S {
        self.source.as_ref().expect("the source is there until the end")
    }

    /// Returns the registration, if there is one yet.
    #[must_use]
    pub fn registration(&self) -> Option<&Registration> {
        self.registration.get()
    }

    /// Takes the source out of the event queue and returns it.
    ///
    /// # Errors
    ///
    /// The system's error; the source is dropped then.
    ///
    /// # Panics
    ///
    /// Never: the source is missing only inside this call.
    pub fn into_inner(mut self) -> io::Result<S> {
        let mut source = self.source.take().expect("the source is there until the end");
        self.detach(&mut source)?;
        Ok(source)
    }

    /// Tries `operation` until it does not answer `WouldBlock`, waiting for readability before each
    /// attempt. For poll functions; see [`Registration::poll_read_ready`] on who is woken.
    ///
    /// # Errors
    ///
    /// The operation's error, but for `WouldBlock` and `Interrupted`; errors of registering and
    /// waiting.
    pub fn poll_read_with<R>(
        &self,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_with(cx, Direction::Read, operation, |_| false)
    }

    /// As [`poll_read_with`](Self::poll_read_with), waiting for writability.
    ///
    /// # Errors
    ///
    /// As [`poll_read_with`](Self::poll_read_with).
    pub fn poll_write_with<R>(
        &self,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_with(cx, Direction::Write, operation, |_| false)
    }

    /// As [`poll_read_with`](Self::poll_read_with), for an operation that reads from a *stream* into
    /// buffers of `room` bytes altogether: reading less says that nothing is left, which spares the
    /// next call the attempt that would block.
    ///
    /// # Errors
    ///
    /// As [`poll_read_with`](Self::poll_read_with).
    pub fn poll_read_stream(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, Direction::Read, operation, |count| 0 < *count && *count < room)
    }

    /// As [`poll_write_with`](Self::poll_write_with), for an operation that writes buffers of `length`
    /// bytes altogether to a *stream*: writing less says that no room is left.
    ///
    /// # Errors
    ///
    /// As [`poll_read_with`](Self::poll_read_with).
    pub fn poll_write_stream(
        &self,
        cx: &mut Context<'_>,
        length: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, Direction::Write, operation, |count| 0 < *count && *count < length)
    }

    /// Tries `operation` until it does not answer `WouldBlock`, waiting for readability in between.
    /// Any number of tasks may wait at once.
    ///
    /// # Errors
    ///
    /// As [`poll_read_with`](Self::poll_read_with).
    ///
    /// # Cancel safety
    ///
    /// The operation runs inside one poll, and its result is returned by the same poll: if the future
    /// is dropped, no attempt was successful.
    pub async fn read_with<R>(&self, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Read, operation).await
    }

    /// As [`read_with`](Self::read_with), waiting for writability.
    ///
    /// # Errors
    ///
    /// As [`poll_read_with`](Self::poll_read_with).
    ///
    /// # Cancel safety
    ///
    /// As [`read_with`](Self::read_with).
    pub async fn write_with<R>(&self, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.with(Direction::Write, operation).await
    }

    /// Tries `operation` without waiting, unless the source is known to be unready for reading.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), also if it was not tried; the operation's other
    /// errors but for `Interrupted`; errors of registering.
    pub fn try_read_with<R>(&self, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.try_with(Direction::Read, operation)
    }

    /// As [`try_read_with`](Self::try_read_with), for writing.
    ///
    /// # Errors
    ///
    /// As [`try_read_with`](Self::try_read_with).
    pub fn try_write_with<R>(&self, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.try_with(Direction::Write, operation)
    }

    #[allow(dead_code, reason = "late registration exists only where the system reports edges")]
    pub(crate) fn unregistered(source: S, later: Later<S>) -> Self {
        Self { source: Some(source), registration: OnceLock::new(), later: Some(later) }
    }

    fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        loop {
            let registration = self.registration.get();
            let event = match registration {
                Some(registration) => ready!(registration.poll_ready(cx, direction))?,
                None => ReadyWord::assumed(direction.wanted()),
            };
            match (operation(self.get_ref()), registration) {
                (Err(error), _) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked(event)?;
                }
                (Err(error), _) if error.kind() == io::ErrorKind::Interrupted => {}
                (Ok(result), Some(registration)) => {
                    if SHORT_TRANSFER_DRAINS && is_short(&result) {
                        registration.clear_after_short_transfer(event);
                    }
                    return Poll::Ready(Ok(result));
                }
                (result, _) => return Poll::Ready(result),
            }
        }
    }

    fn try_with<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let event = match self.registration.get() {
            Some(registration) => match registration.event(direction) {
                Some(event) => event?,
                None => return Err(io::ErrorKind::WouldBlock.into()),
            },
            None => ReadyWord::assumed(direction.wanted()),
        };
        loop {
            match operation(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked(event)?;
                    return Err(error);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    async fn with<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let event = match self.registration.get() {
                Some(registration) => registration.ready(direction.interest()).await?,
                None => ReadyWord::assumed(direction.wanted()),
            };
            match operation(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.blocked(event)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Notes that an operation tried with `event` would block.
    fn blocked(&self, event: ReadyEvent) -> io::Result<()> {
        self.attached(event.wanted())?.clear_readiness(event);
        Ok(())
    }

    /// The registration; makes it if there is none, of a source that is not ready for `unready`.
    fn attached(&self, unready: Readiness) -> io::Result<&Registration> {
        if let Some(registration) = self.registration.get() {
            return Ok(registration);
        }
        let Some(later) = &self.later else {
            // Eagerly watched, and always registered.
            return Err(io::ErrorKind::NotConnected.into());
        };
        let shard = (later.place)(&later.reactor);
        let attaching = lock(&later.attaching);
        if self.registration.get().is_none() {
            let source = self.get_ref();
            let (reactor, interest) = (&later.reactor, later.interest);
            let registration = (later.attach)(source, reactor, shard, interest, unready)?;
            // Cannot be full: only the holder of the lock fills it.
            let _ = self.registration.set(registration);
        }
        drop(attaching);
        Ok(self.registration.get().expect("it was registered just now"))
    }

    fn detach(&self, source: &mut S) -> io::Result<()> {
        match (self.registration.get(), &self.later) {
            (Some(registration), Some(later)) => (later.detach)(source, registration),
            (Some(registration), None) => registration.deregister(source),
            (None, _) => Ok(()),
        }
    }
}

impl<S: Source> Drop for Watched<S> {
    fn drop(&mut self) {
        if let Some(mut source) = self.source.take() {
            if let Err(error) = self.detach(&mut source) {
                // The source is closed in a moment, which ends the watching as well.
                tracing::debug!(%error, "taking a source out of the event queue failed");
            }
        }
    }
}

impl<S: Source + fmt::Debug> fmt::Debug for Watched<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("source", &self.source)
            .field("registration", &self.registration)
            .finish_non_exhaustive()
    }
}
