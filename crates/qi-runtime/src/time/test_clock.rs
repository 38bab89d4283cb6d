//! A clock that tests can pause and move, and that moves on by itself when nothing else can go on.
//!
//! Only timers, [`Instant::now`](super::Instant::now) and [`Handle::now`](crate::Handle::now) follow it. The scheduler itself (ages,
//! stalls, how often it looks for events) keeps the system's clock, so that a program whose time
//! stands still goes on to serve its sockets.

use super::instant::Instant;
use crate::here;
use qi_reactor::Reactor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant as StdInstant};

/// How far a clock can be moved in all. Far more than a test needs, and every platform can express it.
const LAST: Duration = Duration::from_secs(30 * 365 * 86_400);

/// A clock for tests: it runs like the system's until it is [paused](Self::pause), and is moved by
/// [`advance`](Self::advance). A clone is the same clock.
///
/// While it is paused and nothing in its runtime can go on (every task waits, and so does whoever
/// called `block_on`) it jumps to the next timer by itself, so that hours of sleeps take no time.
/// Calls on the pool for blocking calls keep it from jumping, unless they wait in a `block_on` of the
/// same runtime. So does [`advance`](Self::advance), until it has woken everybody. Work outside of the runtime, on threads
/// and sockets of others, does not: who waits for that with a time limit calls
/// [`set_auto_advance(false)`](Self::set_auto_advance).
///
/// # Examples
/// ```
/// use qi_runtime::AsyncRuntime;
/// use qi_runtime::time::{Duration, Instant, TestClock, sleep};
/// let clock = TestClock::paused();
/// let runtime = AsyncRuntime::builder().worker_threads(1).test_clock(&clock).build()?;
/// runtime.block_on(async {
///     let begun = Instant::now();
///     sleep(Duration::from_secs(3600)).await; // no time at all
///     assert_eq!(begun.elapsed(), Duration::from_secs(3600));
/// });
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: StdInstant,
    state: Mutex<State>,
    /// Those that measure time by this clock.
    reactors: Mutex<Vec<Weak<Reactor>>>,
}

#[derive(Debug)]
struct State {
    /// What the clock showed, in time since `base`, when it was last started or moved.
    shown: Duration,
    /// When that was; `None` while it is paused.
    running_since: Option<StdInstant>,
    auto_advance: bool,
    /// Moves by hand that have not woken everybody yet.
    moves: usize,
}

impl State {
    /// Whether the clock may move by itself.
    fn is_free(&self) -> bool {
        self.running_since.is_none() && self.auto_advance && self.moves == 0
    }

    fn now(&self) -> Duration {
        let since = self.running_since.map_or(Duration::ZERO, |since| since.elapsed());
        self.shown.saturating_add(since).min(LAST)
    }

    /// Shows `moment` from now on.
    fn show(&mut self, moment: Duration) {
        self.shown = moment.min(LAST);
        self.running_since = self.running_since.map(|_| StdInstant::now());
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // A leaf: nothing is called under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reactors(&self) -> Vec<Arc<Reactor>> {
        let reactors = self.reactors.lock().unwrap_or_else(PoisonError::into_inner);
        reactors.iter().filter_map(Weak::upgrade).collect()
    }
}

impl TestClock {
    /// A clock that runs, beginning at the present moment.
    #[must_use]
    pub fn new() -> Self {
        let now = StdInstant::now();
        let state =
            State { shown: Duration::ZERO, running_since: Some(now), auto_advance: true, moves: 0 };
        Self(Arc::new(Inner { base: now, state: Mutex::new(state), reactors: Mutex::default() }))
    }

    /// A clock that stands still at the present moment.
    #[must_use]
    pub fn paused() -> Self {
        let clock = Self::new();
        clock.pause();
        clock
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        let shown = self.0.state().now();
        Instant::from(self.0.base + shown)
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.0.state().running_since.is_none()
    }

    /// Stops the clock. Nothing happens if it stands still already.
    pub fn pause(&self) {
        let mut state = self.0.state();
        state.shown = state.now();
        state.running_since = None;
        drop(state);
        // If all sleep already, somebody has to notice that it may jump now.
        self.jumped();
    }

    /// Lets the clock run on from what it shows. Nothing happens if it runs already.
    pub fn resume(&self) {
        let mut state = self.0.state();
        if state.running_since.is_none() {
            state.running_since = Some(StdInstant::now());
            drop(state);
            self.jumped();
        }
    }

    /// Moves the clock forward and wakes everybody whose time has come, before it returns as far as no
    /// other thread is at it already. It ends after 30 years: further moves do nothing.
    pub fn advance(&self, by: Duration) {
        let mut state = self.0.state();
        let moment = state.now().saturating_add(by);
        state.show(moment);
        state.moves += 1;
        drop(state);
        let under_way = Move(self);
        for reactor in self.0.reactors() {
            for shard in 0..reactor.shards() {
                reactor.try_turn(shard);
            }
        }
        drop(under_way);
    }

    /// Says whether the clock jumps to the next timer by itself while it is paused and nothing can go
    /// on. It does if not said. With several runtimes on one clock it never does.
    pub fn set_auto_advance(&self, on: bool) {
        self.0.state().auto_advance = on;
        if on {
            self.jumped();
        }
    }

    /// Parked threads measure anew how long to sleep.
    fn jumped(&self) {
        for reactor in self.0.reactors() {
            reactor.clock_jumped();
        }
    }

    pub(crate) fn attach(&self, reactor: &Arc<Reactor>) {
        let mut reactors = self.0.reactors.lock().unwrap_or_else(PoisonError::into_inner);
        reactors.retain(|reactor| reactor.strong_count() > 0);
        reactors.push(Arc::downgrade(reactor));
    }

    /// A runtime has stopped; if one is left, that may have the clock to itself now.
    pub(crate) fn detach(&self, reactor: &Arc<Reactor>) {
        let mut reactors = self.0.reactors.lock().unwrap_or_else(PoisonError::into_inner);
        reactors.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(reactor)));
        drop(reactors);
        self.jumped();
    }

    /// Whether the clock may jump now if its runtime is idle.
    pub(crate) fn moves_by_itself(&self) -> bool {
        let free = self.0.state().is_free();
        free && self.0.reactors().len() == 1
    }

    /// Jumps to `moment`, unless it is past, or so far away that it never comes, or the clock was started
    /// or stopped from jumping meanwhile. Returns whether the clock shows it now, or a later one.
    pub(crate) fn jump_to(&self, moment: StdInstant) -> bool {
        let moment = moment.saturating_duration_since(self.0.base);
        let mut state = self.0.state();
        if moment > LAST || !state.is_free() {
            return false;
        }
        if moment > state.now() {
            state.show(moment);
        }
        true
    }

    /// A moment of this clock on the system's: when it will be, the way that this one goes now.
    pub(crate) fn on_the_systems(&self, moment: StdInstant) -> StdInstant {
        let state = self.0.state();
        let ahead = moment.saturating_duration_since(self.0.base).saturating_sub(state.now());
        let ahead = match state.running_since {
            None if !ahead.is_zero() => LAST,
            _ => ahead.min(LAST),
        };
        StdInstant::now() + ahead
    }
}

/// A move by hand under way: until everybody is woken whose time has come, the clock does not jump.
struct Move<'a>(&'a TestClock);

impl Drop for Move<'_> {
    fn drop(&mut self) {
        self.0.0.state().moves -= 1;
        self.0.jumped();
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl qi_reactor::Clock for TestClock {
    fn now(&self) -> StdInstant {
        self.now().into_std()
    }
}

/// Stops the current runtime's clock, see [`TestClock::pause`].
///
/// # Panics
/// If the calling thread works for no runtime, or for one that was made without a test clock.
#[track_caller]
pub fn pause() {
    current().pause();
}

/// Lets the current runtime's clock run on, see [`TestClock::resume`].
///
/// # Panics
/// As [`pause`].
#[track_caller]
pub fn resume() {
    current().resume();
}

/// Moves the current runtime's clock forward, see [`TestClock::advance`], and yields once.
///
/// Who is woken by that is queued when it returns, and may not have run yet: on another worker, or behind
/// the caller. A test waits for what they do (a join, a message), not for this call.
///
/// # Panics
/// As [`pause`], when it is polled.
///
/// # Cancel safety
/// The clock is moved at the first poll, and not again.
///
/// # Examples
/// ```
/// use qi_runtime::AsyncRuntime;
/// use qi_runtime::time::{self, Duration, Instant, TestClock};
/// let runtime = AsyncRuntime::builder().worker_threads(1).test_clock(&TestClock::new()).build()?;
/// runtime.block_on(async {
///     time::pause();
///     let begun = Instant::now();
///     time::advance(Duration::from_secs(5)).await;
///     assert_eq!(begun.elapsed(), Duration::from_secs(5));
/// });
/// # Ok::<(), qi_runtime::RuntimeError>(())
/// ```
pub async fn advance(by: Duration) {
    current().advance(by);
    qi_sched::coop::yield_now().await;
}

#[track_caller]
fn current() -> TestClock {
    match here::with_driver(|driver| driver.test_clock().cloned()) {
        Some(clock) => clock,
        None => panic!("this runtime was made without a test clock: see the builder's test_clock"),
    }
}
