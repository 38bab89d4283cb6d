//! The one place where scheduler and reactor meet: a seat parks on its shard.

use qi_reactor::Reactor;
use qi_sched::Driver;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// A reactor with a shard per seat, as the scheduler sees it.
#[derive(Debug)]
pub(crate) struct ReactorDriver {
    reactor: Arc<Reactor>,
    /// Where the next thing set by a thread without a seat goes.
    next: AtomicUsize,
}

impl ReactorDriver {
    pub(crate) fn new(reactor: Arc<Reactor>) -> Self {
        Self { reactor, next: AtomicUsize::new(0) }
    }

    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    /// The shard for what the calling thread sets: its seat's, so that events come back to where
    /// the task is; for threads without a seat, all in turns.
    pub(crate) fn shard_here(&self) -> usize {
        match qi_sched::context::seat() {
            // Extra seats have no shard of their own.
            Some(seat) => seat % self.reactor.shards(),
            // Relaxed: any distribution will do.
            None => self.next.fetch_add(1, Relaxed) % self.reactor.shards(),
        }
    }
}

impl Driver for ReactorDriver {
    fn park(&self, seat: usize) {
        self.reactor.park(seat);
    }

    fn unpark(&self, seat: usize) {
        self.reactor.unpark(seat);
    }

    fn next_deadline(&self, seat: usize) -> Option<Instant> {
        if seat < self.reactor.shards() { self.reactor.next_deadline(seat) } else { None }
    }

    fn try_turn(&self, seat: usize) -> Option<bool> {
        if seat < self.reactor.shards() { self.reactor.try_turn(seat) } else { Some(false) }
    }

    fn has_sources(&self, seat: usize) -> bool {
        seat < self.reactor.shards() && self.reactor.has_sources(seat)
    }

    /// Threads that still wait for a timer or a socket in a `block_on` are not left to hang, whoever
    /// shut the runtime down.
    fn stopped(&self) {
        self.reactor.close();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
