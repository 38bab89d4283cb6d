//! The one place where scheduler and reactor meet: a seat parks on its shard.

use crate::jumps::Jumps;
use crate::signal::Hub;
use crate::simulation::Hub as Steps;
use crate::time::TestClock;
use qi_reactor::Reactor;
use qi_sched::{Driver, Idled};
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
    jumps: Option<Jumps>,
    /// The signals that are listened for.
    signals: Arc<Hub>,
    /// Where the workers are simulated.
    hub: Option<Arc<Steps>>,
}

impl AsRef<Arc<Hub>> for ReactorDriver {
    fn as_ref(&self) -> &Arc<Hub> {
        &self.signals
    }
}

impl ReactorDriver {
    pub(crate) fn new(reactor: Arc<Reactor>, clock: Option<&TestClock>) -> Self {
        let jumps = clock.map(|clock| Jumps::new(clock.clone(), &reactor));
        Self { reactor, next: AtomicUsize::new(0), jumps, signals: Arc::default(), hub: None }
    }

    /// For workers without threads, which are asked to go on through `hub`.
    pub(crate) fn simulated(reactor: Arc<Reactor>, hub: Arc<Steps>) -> Self {
        Self { hub: Some(hub), ..Self::new(reactor, None) }
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.hub.is_some()
    }

    /// The clock of timers, if it is one for tests.
    pub(crate) fn test_clock(&self) -> Option<&TestClock> {
        self.jumps.as_ref().map(Jumps::clock)
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
        match &self.hub {
            Some(hub) => hub.notify(seat),
            None => self.reactor.unpark(seat),
        }
    }

    fn next_deadline(&self, seat: usize) -> Option<Instant> {
        if seat >= self.reactor.shards() {
            return None;
        }
        let due = self.reactor.next_deadline(seat)?;
        // The scheduler goes by the system's clock.
        Some(self.test_clock().map_or(due, |clock| clock.on_the_systems(due)))
    }

    fn try_turn(&self, seat: usize) -> Option<bool> {
        if seat < self.reactor.shards() { self.reactor.try_turn(seat) } else { Some(false) }
    }

    fn has_sources(&self, seat: usize) -> bool {
        seat < self.reactor.shards() && self.reactor.has_sources(seat)
    }

    fn watches_idle(&self) -> bool {
        self.jumps.is_some()
    }

    fn idle(&self, activity: u64) -> Idled {
        self.jumps.as_ref().map_or(Idled::Nothing, |jumps| jumps.idle(&self.reactor, activity))
    }

    /// Threads that still wait for a timer or a socket in a `block_on` are not left to hang, whoever
    /// shut the runtime down.
    fn stopped(&self) {
        self.reactor.close();
        if let Some(jumps) = &self.jumps {
            jumps.stopped(&self.reactor);
        }
    }

    fn instead_of_sleep(&self, fresh: bool) -> bool {
        self.hub.as_ref().is_some_and(|hub| hub.go_on(fresh))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
