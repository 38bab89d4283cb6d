//! Edges by the system: a source is registered by its descriptor, at its first `WouldBlock`.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::Interest;
use mio::event::Source;
use mio::unix::SourceFd;

use crate::Reactor;
use crate::readiness::Readiness;
use crate::registration::Registration;
use crate::sync::Mutex;
use crate::watched::{Later, Place, Watched};

/// Whether a stream that transferred less than it was offered is known to have nothing left, so that
/// the next data is a new edge (see epoll(7), question 9).
pub const SHORT_TRANSFER_DRAINS: bool = true;

/// A source that [`Watched::lazy`] takes; here, one with a file descriptor.
pub trait LazySource: Source + AsRawFd {}

impl<S: Source + AsRawFd> LazySource for S {}

/// Watches `source` from its first `WouldBlock` on.
pub(crate) fn watch_lazily<S: LazySource>(
    reactor: Arc<Reactor>,
    place: Place,
    source: S,
    interest: Interest,
) -> io::Result<Watched<S>> {
    let later = Later { reactor, place, interest, attaching: Mutex::new(()), attach, detach };
    Ok(Watched::unregistered(source, later))
}

fn attach<S: LazySource>(
    source: &S,
    reactor: &Reactor,
    shard: usize,
    interest: Interest,
    unready: Readiness,
) -> io::Result<Registration> {
    reactor.register_unready(shard, &mut SourceFd(&source.as_raw_fd()), interest, unready)
}

/// By descriptor again: mio's types would not know that they were registered.
fn detach<S: LazySource>(source: &S, registration: &Registration) -> io::Result<()> {
    registration.deregister(&mut SourceFd(&source.as_raw_fd()))
}
