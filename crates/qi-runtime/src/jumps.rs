//! When nothing can go on, a test clock jumps to the next timer.
//!
//! Before it does, events that have happened are collected: a time limit must not pass while the
//! answer lies in the socket. A shard that nobody is parked in is turned here; in another, the thread
//! is asked to come back, and when it falls asleep again without having found anything this is called
//! once more, with the same count of activity. What was written to a socket a moment ago may still be
//! on its way through the kernel; so if there are sockets at all, a moment passes before a jump.

use crate::time::TestClock;
use qi_reactor::Reactor;
use qi_sched::Idled;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the kernel may take to bring something from one socket of this machine to another. It
/// mostly does so before the call that writes returns, unless the machine is busy.
const ON_THE_WAY: Duration = Duration::from_millis(1);

/// A test clock, and what is known of its runtime's idleness.
#[derive(Debug)]
pub(crate) struct Jumps {
    clock: TestClock,
    checked: Mutex<Checked>,
}

/// Shards without events, as of an activity.
#[derive(Debug, Default)]
struct Checked {
    activity: u64,
    shards: Vec<bool>,
    /// Whether what was on its way has had its time.
    waited: bool,
}

/// What a look for events came to.
enum Events {
    None,
    Woke,
    /// Other threads look, and sleep again if there are none.
    BeingCollected,
}

impl Jumps {
    pub(crate) fn new(clock: TestClock, reactor: &Arc<Reactor>) -> Self {
        clock.attach(reactor);
        Self { clock, checked: Mutex::default() }
    }

    pub(crate) fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Nothing in the scheduler can go on.
    pub(crate) fn idle(&self, reactor: &Reactor, activity: u64) -> Idled {
        let has_timers = (0..reactor.shards()).any(|s| reactor.next_deadline(s).is_some());
        if !has_timers || !self.clock.moves_by_itself() {
            return Idled::Nothing;
        }
        match self.collect_events(reactor, activity) {
            Events::None if self.has_to_wait(reactor) => {
                std::thread::sleep(ON_THE_WAY);
                Idled::Waited
            }
            Events::None => self.jump(reactor),
            Events::BeingCollected => Idled::Nothing,
            Events::Woke => Idled::Woke,
        }
    }

    /// Whether a moment is to pass before the jump; all shards are looked at once more after it.
    fn has_to_wait(&self, reactor: &Reactor) -> bool {
        if !(0..reactor.shards()).any(|shard| reactor.has_sources(shard)) {
            return false;
        }
        let mut checked = self.lock();
        checked.shards.fill(false);
        !std::mem::replace(&mut checked.waited, true)
    }

    fn collect_events(&self, reactor: &Reactor, activity: u64) -> Events {
        let mut events = Events::None;
        let own = qi_sched::context::seat();
        for shard in (0..reactor.shards()).filter(|shard| reactor.has_sources(*shard)) {
            let mut is_known = true;
            if self.is_due(reactor, activity, shard) {
                match reactor.try_turn(shard) {
                    Some(true) => return Events::Woke,
                    Some(false) => {}
                    None => is_known = false,
                }
            }
            // Whoever has come back from there may hold events that it has not acted on yet.
            is_known = is_known && (own == Some(shard) || reactor.is_parked(shard));
            if !is_known {
                reactor.unpark(shard);
                events = Events::BeingCollected;
            }
        }
        events
    }

    /// Whether a shard was not looked at since the last activity; it is now.
    fn is_due(&self, reactor: &Reactor, activity: u64, shard: usize) -> bool {
        let mut checked = self.lock();
        if checked.activity != activity || checked.shards.is_empty() {
            *checked = Checked { activity, shards: vec![false; reactor.shards()], waited: false };
        }
        !std::mem::replace(&mut checked.shards[shard], true)
    }

    fn lock(&self) -> MutexGuard<'_, Checked> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jumps to the next timer. If that wakes nothing (the deadline was only a bound), whether things
    /// are still idle is asked before the next jump.
    fn jump(&self, reactor: &Reactor) -> Idled {
        let shards = 0..reactor.shards();
        let Some(next) = shards.clone().filter_map(|s| reactor.next_deadline(s)).min() else {
            return Idled::Nothing;
        };
        if !self.clock.jump_to(next) {
            return Idled::Nothing;
        }
        let mut woke = false;
        let mut left_to_others = false;
        for shard in shards {
            match reactor.try_turn(shard) {
                Some(here) => woke |= here,
                None => {
                    // Whoever is parked there fires its timers, and looks again.
                    reactor.unpark(shard);
                    left_to_others = true;
                }
            }
        }
        match (woke, left_to_others) {
            (true, _) => Idled::Woke,
            (false, true) => Idled::Nothing,
            (false, false) => Idled::Waited,
        }
    }

    /// The runtime has stopped: it has no say in the clock any more.
    pub(crate) fn stopped(&self, reactor: &Arc<Reactor>) {
        self.clock.detach(reactor);
    }
}
