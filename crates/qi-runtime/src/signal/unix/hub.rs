//! The signals that a runtime listens for: one pair of sockets each, whatever the number of listeners.
//!
//! # Protocol
//! The handler, which may run at any moment on any thread, writes a byte to one socket; if there is no
//! room, there is news already. The other socket is watched by the reactor, whose event wakes every
//! listener. Each looks under the lock of the round: whoever finds bytes takes them all and begins a
//! new round, and every listener that has seen an older round is told.
//!
//! An event is over when one listener has found nothing more, and there is none at all when one has taken
//! the bytes before the reactor looked. So the event alone does not tell every listener: one that waits
//! takes its place among those who wait for the event, and then, under the lock, finds bytes or a new
//! round or leaves its waker; and whoever begins a round wakes all who left theirs. (I72)
//!
//! # Rejected alternatives
//! * A pair of sockets per listener: a thousand children that are waited for by signals would be a
//!   thousand writes in a handler.
//! * One pair for the whole process: it would have to be watched by one of its runtimes, and serve the
//!   others after that has shut down.

use super::kind::SignalKind;
use crate::here;
use mio::net::UnixStream;
use qi_reactor::{Interest, Reactor, Watched};
use signal_hook::SigId;
use signal_hook::low_level::{pipe, unregister};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// The signals of one runtime.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<HashMap<SignalKind, Weak<Source>>>);

impl Hub {
    /// The source of a signal, made if nobody listens yet.
    pub(super) fn source(
        &self,
        reactor: &Arc<Reactor>,
        kind: SignalKind,
    ) -> io::Result<Arc<Source>> {
        let mut sources = lock(&self.0);
        if let Some(source) = sources.get(&kind).and_then(Weak::upgrade) {
            return Ok(source);
        }
        let source = Arc::new(Source::new(reactor, kind)?);
        sources.insert(kind, Arc::downgrade(&source));
        Ok(source)
    }
}

/// A signal that is listened for.
#[derive(Debug)]
pub(super) struct Source {
    handler: SigId,
    socket: Watched<UnixStream>,
    round: Mutex<Round>,
}

#[derive(Debug, Default)]
struct Round {
    /// Raised for each time that bytes were found.
    number: u64,
    /// Who waits for the next, each with the number of its place.
    waiting: Vec<(u64, Waker)>,
    /// Places given so far.
    places: u64,
}

impl Round {
    /// Takes what has come; whom that concerns is to be woken when the lock is free.
    fn renew(&mut self, socket: &UnixStream) -> io::Result<Vec<(u64, Waker)>> {
        if !drain(socket)? {
            return Ok(Vec::new());
        }
        self.number += 1;
        Ok(mem::take(&mut self.waiting))
    }

    /// Gives up a place; the waker is to be dropped when the lock is free.
    fn leave(&mut self, place: &mut Option<u64>) -> Option<Waker> {
        let id = place.take()?;
        let index = self.waiting.iter().position(|(other, _)| *other == id)?;
        Some(self.waiting.swap_remove(index).1)
    }
}

impl Source {
    fn new(reactor: &Arc<Reactor>, kind: SignalKind) -> io::Result<Self> {
        let (reading, writing) = std::os::unix::net::UnixStream::pair()?;
        reading.set_nonblocking(true)?;
        writing.set_nonblocking(true)?;
        let socket = UnixStream::from_std(reading);
        let socket = Watched::lazy(reactor.clone(), here::place, socket, Interest::READABLE)?;
        let handler = pipe::register(kind.as_raw(), writing)?;
        Ok(Self { handler, socket, round: Mutex::default() })
    }

    pub(super) fn socket(&self) -> &Watched<UnixStream> {
        &self.socket
    }

    /// The present round: what came before is not for a listener that is made now.
    pub(super) fn begin(&self) -> io::Result<u64> {
        let mut round = lock(&self.round);
        let woken = round.renew(self.socket.get_ref())?;
        let number = round.number;
        drop(round);
        woken.into_iter().for_each(|(_, waker)| waker.wake());
        Ok(number)
    }

    /// The present round, if it is not the one that a listener has seen last.
    ///
    /// # Errors
    /// [`WouldBlock`](ErrorKind::WouldBlock) if it is.
    pub(super) fn look(&self, seen: u64) -> io::Result<u64> {
        match self.begin()? {
            round if round == seen => Err(ErrorKind::WouldBlock.into()),
            round => Ok(round),
        }
    }

    /// The present round, if it is not the one that a listener has seen last; else the listener is woken
    /// when there is another, and has a place among those who wait.
    pub(super) fn poll_look(
        &self,
        seen: u64,
        place: &mut Option<u64>,
        cx: &Context<'_>,
    ) -> Poll<io::Result<u64>> {
        let waker = cx.waker().clone();
        let mut round = lock(&self.round);
        let woken = round.renew(self.socket.get_ref())?;
        let number = round.number;
        let old = round.leave(place);
        if number == seen {
            round.places += 1;
            let id = round.places;
            round.waiting.push((id, waker));
            *place = Some(id);
        }
        drop(round);
        drop(old);
        woken.into_iter().for_each(|(_, waker)| waker.wake());
        if number == seen { Poll::Pending } else { Poll::Ready(Ok(number)) }
    }

    /// Gives up a place among those who wait.
    pub(super) fn leave(&self, place: &mut Option<u64>) {
        let old = lock(&self.round).leave(place);
        // Outside of the lock.
        drop(old);
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        unregister(self.handler);
    }
}

/// Takes all bytes; whether there were any.
fn drain(mut socket: &UnixStream) -> io::Result<bool> {
    let mut bytes = [0; 64];
    let mut any = false;
    loop {
        match socket.read(&mut bytes) {
            // The other end lives as long as the handler.
            Ok(0) => return Ok(any),
            Ok(_) => any = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(any),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
