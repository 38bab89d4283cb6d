//! The reactor: its shards, how it is built, and how it is closed.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use mio::Interest;
use mio::event::Source;

use crate::ReactorError;
use crate::clock::{Clock, SystemClock, Timeline};
use crate::readiness::Readiness;
use crate::registration::Registration;
use crate::shard::Shard;
use crate::stats::ShardStats;
use crate::timers::Standing;
use crate::wheel::TimerKey;

/// Most shards of one reactor. Each has four descriptors on Linux.
const MAX_SHARDS: usize = 1024;

/// Most events collected in one turn.
const MAX_EVENTS_PER_TURN: usize = 1 << 16;

/// Collects I/O events and time, and turns them into calls of [`Waker`]s.
///
/// A reactor has no thread of its own: it runs on those that call [`park`](Self::park) or
/// [`try_turn`](Self::try_turn). It is split into *shards*, each with an event queue and a timer
/// wheel of its own; one shard per thread that waits is the intended use, one shard for all works.
/// Methods that take a `shard` may be called from every thread.
///
/// # Examples
///
/// ```
/// use qi_reactor::Reactor;
/// use std::task::Waker;
/// use std::time::{Duration, Instant};
///
/// let reactor = Reactor::new(1)?;
/// let deadline = Instant::now() + Duration::from_millis(2);
/// reactor.set_timer(0, deadline, Waker::noop().clone())?;
/// while reactor.next_deadline(0).is_some() {
///     reactor.park(0);
/// }
/// assert!(Instant::now() >= deadline);
/// # Ok::<(), qi_reactor::ReactorError>(())
/// ```
#[derive(Debug)]
pub struct Reactor {
    shards: Box<[Arc<Shard>]>,
    clock: Arc<dyn Clock>,
    timeline: Timeline,
}

/// Options of a [`Reactor`].
#[derive(Clone, Debug)]
pub struct ReactorBuilder {
    shards: usize,
    events_per_turn: usize,
    clock: Arc<dyn Clock>,
}

impl ReactorBuilder {
    /// Sets the number of shards, 1 to 1024. Default: 1.
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Sets how many events one turn collects at most, 1 to 65,536. Default: 1024.
    #[must_use]
    pub fn events_per_turn(mut self, events: usize) -> Self {
        self.events_per_turn = events;
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the reactor.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is out of range, or if the system refuses an object; what was
    /// created before is given back.
    pub fn build(self) -> Result<Reactor, ReactorError> {
        if !(1..=MAX_SHARDS).contains(&self.shards) {
            return Err(ReactorError::ShardsOutOfRange { given: self.shards, max: MAX_SHARDS });
        }
        if !(1..=MAX_EVENTS_PER_TURN).contains(&self.events_per_turn) {
            return Err(ReactorError::EventsPerTurnOutOfRange {
                given: self.events_per_turn,
                max: MAX_EVENTS_PER_TURN,
            });
        }
        let timeline = Timeline::starting_at(self.clock.now());
        let shards = (0..self.shards)
            .map(|index| {
                Shard::new(index, Arc::clone(&self.clock), timeline, self.events_per_turn)
                    .map(Arc::new)
            })
            .collect::<Result<_, _>>()?;
        tracing::debug!(shards = self.shards, "reactor built");
        Ok(Reactor { shards, clock: self.clock, timeline })
    }
}

impl Reactor {
    /// Builds a reactor with `shards` shards, on the system's clock.
    ///
    /// # Errors
    ///
    /// As [`ReactorBuilder::build`].
    pub fn new(shards: usize) -> Result<Self, ReactorError> {
        Self::builder().shards(shards).build()
    }

    /// Begins to build a reactor.
    #[must_use]
    pub fn builder() -> ReactorBuilder {
        ReactorBuilder { shards: 1, events_per_turn: 1024, clock: Arc::new(SystemClock) }
    }

    /// Returns the number of shards.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Returns the present of the reactor's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Returns the instant `delay` from now; a delay of centuries ends where the timers end, which
    /// is more than 100 years away.
    #[must_use]
    pub fn deadline_after(&self, delay: Duration) -> Instant {
        let now = self.timeline.nanos(self.clock.now());
        self.timeline.instant(Timeline::after(now, delay))
    }

    /// Blocks the calling thread until somebody calls [`unpark`](Self::unpark) for this shard, one of
    /// its sources has an event, or its next timer is due; then wakes whom that concerns.
    ///
    /// May return early. Returns at once if the shard was unparked before. If another thread is
    /// inside the shard already, sleeps until that one is out and then does the above; of several
    /// threads parked on one shard, an unpark lets at least one return.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn park(&self, shard: usize) {
        self.shards[shard].park();
    }

    /// Wakes the thread that is parked on the shard, or makes its next [`park`](Self::park) return at
    /// once. Costs a system call only if a thread is blocked there.
    ///
    /// What the caller did before is visible to the thread that returns from `park`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn unpark(&self, shard: usize) {
        self.shards[shard].unpark();
    }

    /// Returns whether a thread is parked on the shard, has not been unparked, and has not come back
    /// by itself: one that has may be about to wake somebody.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    #[must_use]
    pub fn is_parked(&self, shard: usize) -> bool {
        self.shards[shard].is_parked()
    }

    /// Collects the shard's events and fires its due timers, without blocking; for any thread.
    ///
    /// `Some(true)`: somebody was woken. `Some(false)`: nobody. `None`: another thread is inside and
    /// will do it. Makes a system call only if the shard has sources, and reads the clock only if it
    /// has timers.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn try_turn(&self, shard: usize) -> Option<bool> {
        self.shards[shard].try_turn()
    }

    /// Says that the clock handed in has jumped: threads that are parked return, fire what is due, and
    /// measure anew how long to sleep. A clock that only ever runs needs no such call.
    pub fn clock_jumped(&self) {
        for shard in &self.shards {
            shard.clock_jumped();
        }
    }

    /// Returns when the shard's next timer is due: one relaxed load.
    ///
    /// A lower bound. Once it is reached, a turn that finds nothing due raises it.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    #[must_use]
    pub fn next_deadline(&self, shard: usize) -> Option<Instant> {
        self.shards[shard].next_deadline()
    }

    /// Returns whether the shard has a source registered.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    #[must_use]
    pub fn has_sources(&self, shard: usize) -> bool {
        self.shards[shard].has_sources()
    }

    /// Watches `source` with the event queue of `shard`.
    ///
    /// The registration starts out as ready for everything in `interest`: the owner tries its first
    /// operation, and waits after that answered [`WouldBlock`](io::ErrorKind::WouldBlock). The owner
    /// calls [`Registration::deregister`] before the source goes; [`Watched`](crate::Watched) does
    /// all of this.
    ///
    /// # Errors
    ///
    /// Returns the system's error, or [`ReactorError`] in an [`io::Error`] if the reactor is closed
    /// or full.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn register<S: Source + ?Sized>(
        &self,
        shard: usize,
        source: &mut S,
        interest: Interest,
    ) -> io::Result<Registration> {
        self.register_unready(shard, source, interest, Readiness::EMPTY)
    }

    /// As [`register`](Self::register), of a source that has just answered `WouldBlock` to an operation
    /// that wanted `unready`: that is not assumed, but left to the first event.
    pub(crate) fn register_unready<S: Source + ?Sized>(
        &self,
        shard: usize,
        source: &mut S,
        interest: Interest,
        unready: Readiness,
    ) -> io::Result<Registration> {
        let assumed = Readiness::of_assumption(interest).without(unready);
        Registration::new(Arc::clone(&self.shards[shard]), source, interest, assumed)
    }

    /// Sets a timer that wakes `waker` at `deadline`, never earlier. A deadline that has passed fires
    /// at the next turn.
    ///
    /// [`Delay`](crate::Delay) is the same as a future.
    ///
    /// # Errors
    ///
    /// [`ReactorError::Closed`] and [`ReactorError::TooManyTimers`].
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn set_timer(
        &self,
        shard: usize,
        deadline: Instant,
        waker: Waker,
    ) -> Result<TimerKey, ReactorError> {
        self.shards[shard].set_timer(self.timeline.nanos(deadline), waker)
    }

    /// Moves a timer to another deadline. `false`: it has fired, or was dropped.
    ///
    /// The key is one that [`set_timer`](Self::set_timer) returned for the same shard.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn move_timer(&self, shard: usize, key: TimerKey, deadline: Instant) -> bool {
        self.shards[shard].move_timer(key, self.timeline.nanos(deadline))
    }

    /// Makes a timer wake `waker` from now on. `false`: it has fired, or was dropped.
    ///
    /// The key is one that [`set_timer`](Self::set_timer) returned for the same shard.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn refresh_timer(&self, shard: usize, key: TimerKey, waker: &Waker) -> bool {
        match self.shards[shard].refresh_timer(key, waker) {
            Standing::Set | Standing::OtherWaker => true,
            Standing::Fired | Standing::Closed => false,
        }
    }

    /// Drops a timer. `false`: it has fired, or was dropped before.
    ///
    /// The key is one that [`set_timer`](Self::set_timer) returned for the same shard.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    pub fn drop_timer(&self, shard: usize, key: TimerKey) -> bool {
        self.shards[shard].remove_timer(key)
    }

    /// Wakes everybody who waits for a source or a timer, and refuses new sources and timers: all of
    /// them get [`ReactorError::Closed`]. Unparks every shard. Parking still works afterwards.
    // Nobody is left to hang (I21): what is refused and what is woken is decided under one lock each.
    pub fn close(&self) {
        for shard in &self.shards {
            shard.close();
        }
        tracing::debug!("reactor closed");
    }

    /// Returns what a shard did so far, without taking a lock.
    ///
    /// # Panics
    ///
    /// Panics if there is no such shard.
    #[must_use]
    pub fn stats(&self, shard: usize) -> ShardStats {
        self.shards[shard].stats()
    }

    pub(crate) fn shard(&self, shard: usize) -> &Arc<Shard> {
        &self.shards[shard]
    }
}

impl Drop for Reactor {
    /// Closes the reactor, so that nobody waits for what nobody turns any more.
    fn drop(&mut self) {
        self.close();
    }
}
