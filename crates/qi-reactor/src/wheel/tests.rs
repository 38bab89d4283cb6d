//! Checks the wheel against a plain ordered map, over all of its levels.

use super::*;
use crate::clock::Timeline;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Wake;
use std::time::Duration;

/// Small reproducible generator (Marsaglia's xorshift64*, 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A span of any magnitude up to 2^`bits` ns.
    fn span(&mut self, bits: u64) -> u64 {
        let magnitude = self.below(bits) + 1;
        self.next() >> (64 - magnitude)
    }
}

/// A waker that says which timer it belongs to, by what it leaves behind when woken.
struct Names {
    name: u64,
    last_woken: Arc<AtomicU64>,
}

impl Wake for Names {
    fn wake(self: Arc<Self>) {
        self.last_woken.store(self.name, Ordering::Relaxed);
    }
}

struct Model {
    wheel: Wheel,
    now: u64,
    /// By deadline and name: what the wheel should hold.
    timers: BTreeMap<(u64, u64), TimerKey>,
    last_woken: Arc<AtomicU64>,
    next_name: u64,
    dead: Vec<TimerKey>,
}

impl Model {
    fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            now: 0,
            timers: BTreeMap::new(),
            last_woken: Arc::new(AtomicU64::new(0)),
            next_name: 1,
            dead: Vec::new(),
        }
    }

    fn insert(&mut self, deadline: u64) {
        let name = self.next_name;
        self.next_name += 1;
        let waker = Waker::from(Arc::new(Names { name, last_woken: Arc::clone(&self.last_woken) }));
        let key = self.wheel.insert(deadline, waker).expect("there is room");
        self.timers.insert((deadline, name), key);
    }

    fn pick(&self, random: &mut Random) -> Option<((u64, u64), TimerKey)> {
        let from = (self.now.saturating_add(random.span(50)), 0);
        let found = self.timers.range(from..).next().or_else(|| self.timers.iter().next());
        found.map(|(at, key)| (*at, *key))
    }

    fn advance(&mut self, to: u64, budget: usize) {
        self.now = to;
        let mut due = Vec::new();
        loop {
            let before = due.len();
            let finished = self.wheel.advance(to, &mut due, budget);
            assert!(due.len() - before <= budget);
            if finished {
                break;
            }
        }
        for timer in due {
            timer.waker.wake();
            let name = self.last_woken.load(Ordering::Relaxed);
            assert!(timer.deadline <= to, "timer {name} fired early");
            let key = self.timers.remove(&(timer.deadline, name));
            self.dead.extend(Some(key.expect("a timer that was set fires once, at its deadline")));
        }
        let overdue = self.timers.range(..=(to, u64::MAX)).next();
        assert_eq!(overdue, None, "everything due at {to} has fired");
    }

    fn check_bound(&self) {
        let earliest = self.timers.keys().next().map_or(NEVER, |(deadline, _)| *deadline);
        assert!(self.wheel.next() <= earliest, "the bound is not above the earliest deadline");
        assert_eq!(self.wheel.next() == NEVER, self.timers.is_empty());
        assert_eq!(self.wheel.live(), self.timers.len());
    }
}

fn run_against_the_model(seed: u64, operations: usize) {
    println!("wheel model: seed {seed:#x}, {operations} operations");
    let mut random = Random(seed);
    let mut model = Model::new();
    for _ in 0..operations {
        match random.below(100) {
            0..=39 => {
                let deadline = match random.below(20) {
                    0 => random.below(model.now.saturating_add(1)),
                    1 => NEVER - 1,
                    _ => model.now.saturating_add(random.span(62)).min(NEVER - 1),
                };
                model.insert(deadline);
            }
            40..=64 => {
                if let Some((at, key)) = model.pick(&mut random) {
                    let removed = model.wheel.remove(key).map(|(deadline, _)| deadline);
                    assert_eq!(removed, Some(at.0));
                    model.timers.remove(&at);
                    model.dead.push(key);
                }
            }
            65..=74 => {
                if let Some((at, key)) = model.pick(&mut random) {
                    let deadline = model.now.saturating_add(random.span(55)).min(NEVER - 1);
                    assert_eq!(model.wheel.relocate(key, deadline), Some(at.0));
                    model.timers.remove(&at);
                    model.timers.insert((deadline, at.1), key);
                }
            }
            75..=79 => {
                if !model.dead.is_empty() {
                    let key = model.dead[random.below(model.dead.len() as u64) as usize];
                    assert!(model.wheel.remove(key).is_none(), "a dead key names nothing");
                    assert!(model.wheel.waker_mut(key).is_none());
                }
            }
            80..=84 => {
                // Exactly to the bound, as a parked thread would wake.
                let next = model.wheel.next();
                if next != NEVER && next < 1 << 62 {
                    model.advance(next.max(model.now), 3);
                }
            }
            _ => {
                let to = model.now.saturating_add(random.span(44));
                model.advance(to, 1 + random.below(7) as usize);
            }
        }
        model.check_bound();
    }
    model.advance(NEVER - 1, 64);
    assert!(model.timers.is_empty());
    assert_eq!(model.wheel.next(), NEVER);
}

#[test]
fn a_hundred_thousand_random_operations_agree_with_an_ordered_map() {
    for seed in [0x51_u64, 0x9E37_79B9_7F4A_7C15, 0xDEAD_BEEF_0BAD_CAFE, 42] {
        run_against_the_model(seed, 25_000);
    }
}

fn set(wheel: &mut Wheel, deadline: u64) -> TimerKey {
    wheel.insert(deadline, Waker::noop().clone()).expect("there is room")
}

fn advance(wheel: &mut Wheel, now: u64) -> Vec<u64> {
    let mut due = Vec::new();
    assert!(wheel.advance(now, &mut due, usize::MAX));
    due.into_iter().map(|due| due.deadline).collect()
}

#[test]
fn timers_of_one_slot_fire_at_their_own_deadlines() {
    let mut wheel = Wheel::new();
    for deadline in [1003, 1001, 1002] {
        set(&mut wheel, deadline);
    }
    assert_eq!(wheel.next(), 1001);
    assert_eq!(advance(&mut wheel, 1000), []);
    assert_eq!(advance(&mut wheel, 1001), [1001]);
    assert_eq!(wheel.next(), 1002, "the bound is exact after a look");
    assert_eq!(advance(&mut wheel, 1002), [1002]);
    assert_eq!(advance(&mut wheel, 1003), [1003]);
}

#[test]
fn the_bound_is_exact_on_every_level_as_long_as_nothing_is_removed() {
    for bits in 0..63 {
        let mut wheel = Wheel::new();
        let deadline = (1_u64 << bits) + 1;
        set(&mut wheel, deadline);
        set(&mut wheel, deadline + (1 << 40));
        assert_eq!(wheel.next(), deadline);
        assert_eq!(advance(&mut wheel, deadline - 1), []);
        assert_eq!(wheel.next(), deadline);
        assert_eq!(advance(&mut wheel, deadline), [deadline]);
    }
}

#[test]
fn a_removed_timer_costs_at_most_one_wasted_look_a_level() {
    let mut wheel = Wheel::new();
    let far = Timeline::after(0, Duration::from_secs(3600));
    let removed = set(&mut wheel, far);
    set(&mut wheel, far + 1_000_000);
    assert!(wheel.remove(removed).is_some());
    let mut looks = 0;
    while wheel.next() < far + 1_000_000 {
        let next = wheel.next();
        assert_eq!(advance(&mut wheel, next), []);
        looks += 1;
        assert!(looks <= LEVELS, "looking at the bound raises it");
    }
    assert_eq!(wheel.next(), far + 1_000_000);
}

#[test]
fn removing_the_only_timer_of_a_slot_leaves_no_bound_behind() {
    let mut wheel = Wheel::new();
    let key = set(&mut wheel, 1_000_000_000);
    assert!(wheel.remove(key).is_some());
    assert_eq!(wheel.next(), NEVER);
}

#[test]
fn timers_that_are_overdue_together_fire_slot_by_slot_in_order() {
    let mut wheel = Wheel::new();
    let deadlines: Vec<u64> = (0..200).map(|n: u64| (n * 7919) % 200 * 100_000_000).collect();
    for deadline in &deadlines {
        set(&mut wheel, *deadline);
    }
    let fired = advance(&mut wheel, u64::MAX / 2);
    assert!(fired.is_sorted());
    assert_eq!(fired.len(), deadlines.len());
}

#[test]
fn draining_returns_every_waker_and_leaves_an_empty_wheel() {
    let mut wheel = Wheel::new();
    let keys: Vec<_> = (0..100).map(|n| set(&mut wheel, n << 30)).collect();
    assert!(wheel.remove(keys[3]).is_some());
    let (wakers, _memory) = wheel.drain();
    assert_eq!(wakers.len(), 99);
    assert_eq!((wheel.next(), wheel.live()), (NEVER, 0));
    assert!(wheel.remove(keys[0]).is_none());
}
