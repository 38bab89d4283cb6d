//! One shard: an event queue with its sources, a timer wheel, and the thread that may be parked in it.
//!
//! # Locks
//!
//! * `queue`: held by whoever collects events, also while blocked. Of two threads that park on one
//!   shard the second sleeps in this lock (a futex, no spinning) until the first is back; `try_turn`
//!   never waits for it.
//! * the lock of [`Timers`], the lock of [`SourceTable`], the lock of each source's waiters. Order:
//!   `queue`, then any one of these (table before waiters). None is held when a waker is cloned, woken
//!   or dropped.
//!
//! # One park
//!
//! 1. Lock `queue`; announce in the [`ParkWord`], or return at once if a notice is pending.
//! 2. Under the timers' lock: read the next deadline, note it as `parked_until`.
//! 3. Arm the alarm (see `pace.rs` for when it may ring later), block in the queue, collect: set readiness, gather wakers.
//! 4. Clear `parked_until`, retire from the park word, unlock `queue`.
//! 5. Wake the gathered wakers; fire what is due, in steps.
//!
//! Announcing comes before reading the deadline: a timer set between the two is read, and one set
//! after it unparks.
//!
//! # A queue that fails
//!
//! One failed collection loses nothing: the events stay in the queue. After some in a row the queue
//! counts as broken, until it works again: every source is then taken to be ready now and then, so
//! that whoever waits tries its operation, and nobody hangs on events that never come. A thread that
//! parks pauses instead of spinning, and is unparked late, by the length of that pause.

use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, TryLockError};
use std::task::Waker;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Events, Interest, Poll, Registry};

use crate::ReactorError;
use crate::alarm::Alarm;
use crate::clock::{Clock, NEVER, Timeline};
use crate::io_cell::IoCell;
use crate::pace::Pace;
use crate::park::ParkWord;
use crate::readiness::Readiness;
use crate::stats::{ShardCounters, ShardStats};
use crate::sync::{Mutex, lock};
use crate::table::SourceTable;
use crate::timers::{Kick, Standing, Timers};
use crate::token::{ALARM, SourceToken, WAKER};
use crate::wake_list::{Woken, wake_all};
use crate::wheel::TimerKey;

/// Failed collections in a row after which the event queue counts as broken.
const FAILURES_BEFORE_BROKEN: u32 = 8;

/// How long a thread that parks on a broken queue pauses, and how often the sources are tried.
const BROKEN_PAUSE: Duration = Duration::from_millis(1);

/// One shard of a reactor. Aligned so that two shards share no cache line (nor the pair of lines
/// that is fetched together).
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Shard {
    index: usize,
    park: ParkWord,
    timers: Timers,
    sources: SourceTable,
    clock: Arc<dyn Clock>,
    timeline: Timeline,
    registry: Registry,
    waker: mio::Waker,
    queue: Mutex<Queue>,
    /// Whether the alarm was set before the clock jumped.
    alarm_is_stale: AtomicBool,
    counters: ShardCounters,
}

/// What only one thread at a time may use.
#[derive(Debug)]
struct Queue {
    poll: Poll,
    events: Events,
    alarm: Alarm,
    pace: Pace,
    /// Failed collections in a row.
    failures: u32,
    /// When the sources of a broken queue are tried next, in nanoseconds of the timeline.
    try_all_at: u64,
}

impl Shard {
    pub(crate) fn new(
        index: usize,
        clock: Arc<dyn Clock>,
        timeline: Timeline,
        events_per_turn: usize,
    ) -> Result<Self, ReactorError> {
        let poll = Poll::new().map_err(ReactorError::CreateQueue)?;
        let registry = poll.registry().try_clone().map_err(ReactorError::ShareQueue)?;
        let waker = mio::Waker::new(&registry, WAKER).map_err(ReactorError::CreateWaker)?;
        let alarm = Alarm::new(&registry, ALARM)?;
        let events = Events::with_capacity(events_per_turn);
        let queue =
            Queue { poll, events, alarm, pace: Pace::default(), failures: 0, try_all_at: 0 };
        Ok(Self {
            index,
            park: ParkWord::new(),
            timers: Timers::new(),
            sources: SourceTable::new(),
            clock,
            timeline,
            registry,
            waker,
            queue: Mutex::new(queue),
            alarm_is_stale: AtomicBool::new(false),
            counters: ShardCounters::default(),
        })
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn timeline(&self) -> Timeline {
        self.timeline
    }

    /// The present, in nanoseconds of the timeline.
    pub(crate) fn now(&self) -> u64 {
        self.timeline.nanos(self.clock.now())
    }

    pub(crate) fn has_sources(&self) -> bool {
        self.sources.live() > 0
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.timers.next() {
            NEVER => None,
            next => Some(self.timeline.instant(next)),
        }
    }

    pub(crate) fn park(&self) {
        let mut woken = Vec::new();
        let mut queue = lock(&self.queue);
        if !self.park.announce() {
            return;
        }
        self.counters.park();
        let next = self.timers.begin_park();
        let (timeout, alarm_error) = self.arm(&mut queue, next);
        // With a timer due and no source there is nothing to wait for and nothing to collect.
        let mut failure = None;
        if timeout != Some(Duration::ZERO) || self.has_sources() {
            failure = self.collect(&mut queue, timeout, &mut woken).err();
        }
        self.timers.end_park();
        self.park.retire();
        drop(queue);
        // Whoever listens to log events is the user's code: never under a lock.
        if let Some(error) = alarm_error {
            tracing::warn!(%error, "timerfd_settime failed, timers are late by up to 1 ms");
        }
        let broken = self.bear(failure);
        let woken = wake_all(woken);
        self.count(woken);
        if woken.count + self.fire_due() == 0 && broken {
            std::thread::sleep(BROKEN_PAUSE);
        }
    }

    pub(crate) fn unpark(&self) {
        if self.park.unpark() {
            self.kick();
        }
    }

    pub(crate) fn try_turn(&self) -> Option<bool> {
        let mut woken = Woken::default();
        if self.has_sources() {
            let mut wakers = Vec::new();
            let mut queue = match self.queue.try_lock() {
                Ok(queue) => queue,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            let failure = self.collect(&mut queue, Some(Duration::ZERO), &mut wakers).err();
            drop(queue);
            // Whoever turns in passing has other things to do than to pause.
            self.bear(failure);
            woken = wake_all(wakers);
            self.count(woken);
        }
        let fired = self.fire_due();
        Some(woken.count + fired > 0)
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.park.is_blocking()
    }

    /// The clock has jumped: what the alarm was set by is no measure any more.
    pub(crate) fn clock_jumped(&self) {
        // Release: pairs with the acquire in `arm`, which then sees what the clock shows now.
        self.alarm_is_stale.store(true, Release);
        self.unpark();
    }

    /// Sets a timer, and unparks the shard if the thread in it would sleep beyond.
    pub(crate) fn set_timer(&self, deadline: u64, waker: Waker) -> Result<TimerKey, ReactorError> {
        let (key, kick) = self.timers.insert(deadline, waker)?;
        self.answer(kick);
        Ok(key)
    }

    /// Moves a timer; `false` if it was not set any more.
    pub(crate) fn move_timer(&self, key: TimerKey, deadline: u64) -> bool {
        match self.timers.relocate(key, deadline) {
            Some(kick) => {
                self.answer(kick);
                true
            }
            None => false,
        }
    }

    /// Sees how a timer stands and makes sure that, if it is set, it wakes `waker`.
    pub(crate) fn refresh_timer(&self, key: TimerKey, waker: &Waker) -> Standing {
        self.timers.refresh(key, waker)
    }

    pub(crate) fn remove_timer(&self, key: TimerKey) -> bool {
        self.timers.remove(key)
    }

    /// Adds a source to the event queue, taking it to be ready for `assumed`.
    pub(crate) fn add_source<S: Source + ?Sized>(
        &self,
        source: &mut S,
        interest: Interest,
        assumed: Readiness,
    ) -> std::io::Result<(Arc<IoCell>, SourceToken)> {
        let cell = Arc::new(IoCell::new(assumed));
        let token = self.sources.add(Arc::clone(&cell))?;
        match self.registry.register(source, token.into(), interest) {
            Ok(()) => Ok((cell, token)),
            Err(error) => {
                self.sources.remove(token);
                Err(error)
            }
        }
    }

    /// Takes a source out of the event queue. Its slot is freed separately.
    pub(crate) fn silence<S: Source + ?Sized>(&self, source: &mut S) -> std::io::Result<()> {
        self.registry.deregister(source)
    }

    /// Frees the slot of a source.
    pub(crate) fn forget_source(&self, token: SourceToken) {
        self.sources.remove(token);
    }

    /// Wakes everybody who waits here, and refuses whoever comes later.
    pub(crate) fn close(&self) {
        let mut woken = Vec::new();
        self.sources.close(&mut woken);
        woken.extend(self.timers.close());
        self.count(wake_all(woken));
        self.unpark();
    }

    pub(crate) fn stats(&self) -> ShardStats {
        let timers = self.timers.counts();
        ShardStats {
            sources: self.sources.live(),
            timers_set: timers.set,
            timers_fired: timers.fired,
            timers_cancelled: timers.cancelled,
            timers: timers.set.saturating_sub(timers.fired + timers.cancelled),
            ..self.counters.read()
        }
    }

    /// The timeout that the coming wait needs, and why the alarm could not do without one.
    fn arm(&self, queue: &mut Queue, deadline: u64) -> (Option<Duration>, Option<std::io::Error>) {
        if deadline == NEVER {
            return (None, None);
        }
        // Relaxed: whoever sets it unparks, so it is seen by the next park at the latest. Acquire
        // pairs with the release in `clock_jumped`.
        if self.alarm_is_stale.load(Relaxed) && self.alarm_is_stale.swap(false, Acquire) {
            queue.alarm.has_rung();
        }
        let now = self.now();
        if deadline <= now {
            return (Some(Duration::ZERO), None);
        }
        let wake_at = queue.pace.wake_at(deadline);
        queue.alarm.arm(now, wake_at)
    }

    /// Collects events, waiting for them if `timeout` allows, and gathers the wakers they concern.
    ///
    /// # Errors
    ///
    /// The system's, and how often it failed in a row.
    fn collect(
        &self,
        queue: &mut Queue,
        timeout: Option<Duration>,
        woken: &mut Vec<Waker>,
    ) -> Result<(), (std::io::Error, u32)> {
        self.counters.turn();
        match queue.poll.poll(&mut queue.events, timeout) {
            Ok(()) => queue.failures = 0,
            // A signal: an early return, like any other.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => {
                queue.failures = queue.failures.saturating_add(1);
                if queue.failures > FAILURES_BEFORE_BROKEN {
                    self.try_all(queue, woken);
                }
                return Err((error, queue.failures));
            }
        }
        let mut rang = false;
        let of_sources = queue.events.iter().filter(|event| match event.token() {
            WAKER => false,
            ALARM => {
                rang = true;
                false
            }
            _ => true,
        });
        let dispatched = self.sources.dispatch(of_sources, woken);
        self.counters.events(dispatched.events, dispatched.stale);
        if rang {
            queue.alarm.has_rung();
            queue.pace.woke(self.now());
        }
        Ok(())
    }

    /// Takes every source to be ready, because the queue does not say which are; not too often.
    #[cold]
    fn try_all(&self, queue: &mut Queue, woken: &mut Vec<Waker>) {
        let now = self.now();
        if now >= queue.try_all_at {
            queue.try_all_at = Timeline::after(now, BROKEN_PAUSE);
            self.sources.assume_ready(woken);
        }
    }

    /// Notes that the event queue failed; returns whether it is broken.
    fn bear(&self, failure: Option<(std::io::Error, u32)>) -> bool {
        let Some((error, in_a_row)) = failure else { return false };
        self.counters.failed_turn();
        if in_a_row == 1 {
            tracing::error!(%error, shard = self.index, "collecting events failed");
        } else if in_a_row == FAILURES_BEFORE_BROKEN + 1 {
            tracing::error!(%error, shard = self.index, "the event queue is broken, its sources are polled");
        }
        in_a_row > FAILURES_BEFORE_BROKEN
    }

    /// Fires the timers that are due, and returns how many.
    fn fire_due(&self) -> usize {
        let next = self.timers.next();
        if next == NEVER {
            return 0;
        }
        let now = self.now();
        if next > now {
            return 0;
        }
        let mut fired = 0;
        loop {
            // `now` stands still in this loop: timers set meanwhile cannot keep it going for ever.
            let mut batch = self.timers.collect(now);
            fired += batch.due.len();
            if !batch.due.is_sorted_by_key(|due| due.deadline) {
                batch.due.sort_by_key(|due| due.deadline);
            }
            self.count(wake_all(batch.due.drain(..).map(|due| due.waker)));
            if batch.finished {
                return fired;
            }
        }
    }

    fn answer(&self, kick: Kick) {
        if kick == Kick::Needed {
            self.unpark();
        }
    }

    /// Ends the wait of the thread that is blocked in the event queue.
    fn kick(&self) {
        self.counters.kick();
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, shard = self.index, "unparking a thread failed");
        }
    }

    fn count(&self, woken: Woken) {
        self.counters.waker_panics(woken.panicked);
    }
}

#[cfg(all(test, target_os = "linux", not(mio_unsupported_force_poll_poll), not(loom)))]
mod broken_tests;
