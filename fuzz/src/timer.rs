//! Timers against a list: made, polled, moved, dropped, and a clock that is moved by hand.
#![forbid(unsafe_code)]

use crate::Plan;
use qi_reactor::{Clock, Delay, ManualClock, Reactor, ReactorError};
use qi_test_kit::WakeCount;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

const SHARDS: usize = 2;
const MOST: usize = 48;
/// Bits of the longest step of the clock; with so many steps as a plan has it stays below 584 years.
const LONGEST: usize = 50;

/// What the list knows of a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not polled since it was made or moved; it may be polled without being looked at first.
    Fresh,
    /// It was polled and waits.
    Waiting,
    /// A turn has found it due: its waker was called.
    Fired,
    Done,
}

struct Timer {
    delay: Delay,
    /// Nanoseconds after the beginning.
    at: u64,
    /// Whether a first poll must see that the deadline has passed.
    looks_first: bool,
    state: State,
    wakes: WakeCount,
    /// Wakers that were replaced: nobody may call them any more.
    replaced: Vec<WakeCount>,
}

struct World {
    clock: Arc<ManualClock>,
    reactor: Reactor,
    base: Instant,
    now: u64,
    timers: Vec<Timer>,
    closed: bool,
}

/// Runs one input.
///
/// # Panics
/// If timers and list differ.
pub fn run(input: &[u8]) {
    let clock = Arc::new(ManualClock::new());
    let reactor = Reactor::builder().shards(SHARDS).clock(clock.clone()).build();
    let reactor = reactor.expect("a reactor can be made");
    let base = clock.now();
    let mut world = World { clock, reactor, base, now: 0, timers: Vec::new(), closed: false };
    let mut plan = Plan::new(input);
    while let Some(step) = plan.step(16) {
        world.step(step, &mut plan);
        world.check();
    }
    // Whatever is left fires in time, or was dropped.
    (0..SHARDS).for_each(|shard| world.turn(shard));
    world.check();
}

impl World {
    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        match step {
            0..=2 => self.make_after(plan),
            3 => self.make_at(plan),
            4..=6 => self.with_one(plan, |world, index| world.poll(index)),
            7 => self.with_one(plan, |world, index| {
                let timer = &mut world.timers[index];
                let before = std::mem::take(&mut timer.wakes);
                if timer.state != State::Fired {
                    assert!(!before.is_woken() || timer.state == State::Done);
                    // Until it is polled again the one before is still called.
                    if timer.state == State::Waiting {
                        world.poll(index);
                    }
                    world.timers[index].replaced.push(before);
                }
            }),
            8..=9 => self.reset(plan),
            10 => self.with_one(plan, |world, index| drop(world.timers.swap_remove(index))),
            11..=12 => {
                let by = plan.magnitude(LONGEST);
                self.clock.advance(Duration::from_nanos(by));
                self.now += by;
            }
            13..=14 => self.turn(plan.below(SHARDS)),
            _ => {
                if plan.below(16) == 0 {
                    self.close();
                }
            }
        }
    }

    fn with_one(&mut self, plan: &mut Plan<'_>, act: impl FnOnce(&mut Self, usize)) {
        if let Some(index) = plan.one_of(self.timers.len()) {
            act(self, index);
        }
    }

    fn add(&mut self, delay: Delay, at: u64, looks_first: bool) {
        let (wakes, replaced) = (WakeCount::new(), Vec::new());
        self.timers.push(Timer { delay, at, looks_first, state: State::Fresh, wakes, replaced });
    }

    fn make_after(&mut self, plan: &mut Plan<'_>) {
        if self.timers.len() < MOST {
            let (shard, by) = (plan.below(SHARDS), plan.magnitude(LONGEST));
            let delay = Delay::after(&self.reactor, shard, Duration::from_nanos(by));
            self.add(delay, self.now + by, by == 0);
        }
    }

    /// A deadline around now, also in the past.
    fn chosen(&self, plan: &mut Plan<'_>) -> u64 {
        let by = plan.magnitude(LONGEST);
        if plan.below(4) == 0 { self.now.saturating_sub(by) } else { self.now + by }
    }

    fn make_at(&mut self, plan: &mut Plan<'_>) {
        if self.timers.len() < MOST {
            let (shard, at) = (plan.below(SHARDS), self.chosen(plan));
            let delay = Delay::new(&self.reactor, shard, self.base + Duration::from_nanos(at));
            self.add(delay, at, true);
        }
    }

    fn poll(&mut self, index: usize) {
        let timer = &mut self.timers[index];
        let waker = timer.wakes.waker();
        let polled = timer.delay.poll_done(&mut Context::from_waker(&waker));
        match polled {
            Poll::Ready(Ok(())) => {
                assert!(timer.at <= self.now, "{} ns early", timer.at - self.now);
                timer.state = State::Done;
            }
            Poll::Ready(Err(ReactorError::Closed)) => {
                assert!(self.closed, "closed by nobody");
                timer.state = State::Fresh;
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => {
                assert!(!self.closed, "it waits for a reactor that is closed");
                let must_see = timer.state == State::Fresh && timer.looks_first;
                assert!(!must_see || timer.at > self.now, "its deadline had passed");
                assert!(matches!(timer.state, State::Fresh | State::Waiting), "{:?}", timer.state);
                timer.state = State::Waiting;
            }
        }
        assert_eq!(timer.delay.is_done(), timer.state == State::Done);
    }

    fn reset(&mut self, plan: &mut Plan<'_>) {
        let Some(index) = plan.one_of(self.timers.len()) else { return };
        let at = self.chosen(plan);
        let timer = &mut self.timers[index];
        timer.delay.reset(self.base + Duration::from_nanos(at));
        timer.at = at;
        if timer.state != State::Waiting || self.closed {
            timer.state = State::Fresh;
            timer.looks_first = true;
            timer.wakes.take();
        }
    }

    /// Fires what is due in one shard, and nothing else.
    fn turn(&mut self, shard: usize) {
        assert!(self.reactor.try_turn(shard).is_some(), "nobody else is inside");
        for timer in self.timers.iter_mut().filter(|timer| timer.delay.shard() == shard) {
            if timer.state == State::Waiting && timer.at <= self.now && !self.closed {
                assert_eq!(timer.wakes.take(), 1, "a timer that is due wakes once");
                timer.state = State::Fired;
            }
        }
    }

    fn close(&mut self) {
        self.reactor.close();
        self.closed = true;
        for timer in self.timers.iter_mut().filter(|timer| timer.state == State::Waiting) {
            assert!(timer.wakes.take() > 0, "whoever waits is told");
            timer.state = State::Fresh;
        }
    }

    /// What holds between any two calls.
    fn check(&self) {
        for timer in &self.timers {
            if timer.state == State::Waiting {
                assert!(!timer.wakes.is_woken(), "woken, and not due");
                let next = self.reactor.next_deadline(timer.delay.shard());
                let next = next.expect("a timer is set");
                assert!(next <= self.base + Duration::from_nanos(timer.at), "it would ring late");
            }
            assert!(timer.replaced.iter().all(|wakes| !wakes.is_woken()), "a replaced waker");
            assert!(timer.replaced.iter().all(|wakes| wakes.held() == 0), "kept, but replaced");
        }
    }
}
