//! Edges by mio: a source is registered through itself, before it is used.

use std::io;
use std::sync::Arc;

use mio::Interest;
use mio::event::Source;

use crate::Reactor;
use crate::watched::{Place, Watched};

/// Whether a stream that transferred less than it was offered is known to have nothing left. Here the
/// next edge is reported only after an operation answered `WouldBlock`.
pub const SHORT_TRANSFER_DRAINS: bool = false;

/// A source that [`Watched::lazy`](crate::Watched::lazy) takes; here, every one.
pub trait LazySource: Source {}

impl<S: Source> LazySource for S {}

/// Watches `source` from now on: registering it later would need exclusive access.
pub(crate) fn watch_lazily<S: LazySource>(
    reactor: Arc<Reactor>,
    place: Place,
    source: S,
    interest: Interest,
) -> io::Result<Watched<S>> {
    let shard = place(&reactor);
    Watched::new(&reactor, shard, source, interest)
}
