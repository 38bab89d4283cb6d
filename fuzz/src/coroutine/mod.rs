//! Coroutines and their stacks, against what each was told to do: begun, polled, cancelled, dropped, with
//! stacks that are used again.
#![forbid(unsafe_code)]

mod script;

use crate::Plan;
use qi_coroutine::{
    Coroutine, Guards, Label, Outcome, Stack, StackCache, StackPool, StackPoolConfig,
};
use qi_test_kit::{Ledger, WakeCount, poll_with};
use script::{PLACES, Script, World};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

const MOST: usize = 8;
/// Bytes of a stack: instrumented frames are several times as large as others.
const SIZES: [usize; 2] = [256 * 1024, 384 * 1024];

/// A coroutine, and what is known of it from outside.
struct Live {
    coroutine: Coroutine<usize>,
    script: Script,
    wakes: WakeCount,
    is_new: bool,
    cancelled: bool,
}

struct Driver {
    world: Rc<World>,
    pool: Arc<StackPool>,
    cache: StackCache,
    live: Vec<Live>,
    /// Stacks that nobody runs on.
    stacks: Vec<Stack>,
}

/// Runs one input.
///
/// # Panics
/// If a coroutine does something else than it was told, or something is left.
pub fn run(input: &[u8]) {
    let mut plan = Plan::new(input);
    let ledger = Ledger::new();
    let keeps = plan.below(4);
    let guards = if plan.below(2) == 0 { Guards::Auto } else { Guards::Mappings };
    let config = StackPoolConfig::default().max_stack_size(SIZES[0]).stack_pool_size(keeps);
    // The handler of overflows would be in the way of the fuzzer's own.
    let pool = StackPool::new(config.guards(guards).overflow_handler(false)).expect("a pool");
    let mut driver = Driver {
        world: Rc::new(World::new(pool.clone(), ledger.clone())),
        cache: StackCache::new(pool.clone()),
        pool: pool.clone(),
        live: Vec::new(),
        stacks: Vec::new(),
    };
    while let Some(step) = plan.step(16) {
        driver.step(step, &mut plan);
        driver.check();
    }
    driver.settle();
    drop(driver);
    ledger.assert_all_dropped();
    pool.trim();
    let stats = pool.stats();
    assert_eq!((stats.live_stacks, stats.owned_stacks), (0, stats.hot_stacks));
    assert_eq!(stats.acquired_total - stats.released_total, stats.owned_stacks as u64);
}

impl Driver {
    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        match step {
            0..=3 => self.spawn(plan),
            4..=6 => {
                if let Some(one) = plan.one_of(self.live.len()) {
                    self.poll(one);
                }
            }
            7 => self.cancel(plan),
            8 => {
                if let Some(one) = plan.one_of(self.live.len()) {
                    let mut live = self.live.swap_remove(one);
                    live.coroutine.end();
                    assert!(live.coroutine.is_ended());
                }
            }
            9 => drop(plan.take_one(&mut self.live)),
            10..=11 => self.world.open(plan.below(PLACES)),
            12 => self.world.shut(plan.below(PLACES)),
            13 => self.put_away(plan),
            14 => match plan.below(2) {
                0 => self.cache.flush(),
                _ => self.pool.trim(),
            },
            _ => self.settle(),
        }
    }

    fn spawn(&mut self, plan: &mut Plan<'_>) {
        if self.live.len() == MOST {
            return;
        }
        let size = if plan.below(4) == 0 { Some(SIZES[1]) } else { None };
        let stack = match self.stacks.pop().filter(|_| plan.below(2) == 0) {
            Some(stack) => stack,
            None if plan.below(2) == 0 => self.pool.take(size).expect("a stack"),
            None => self.cache.take(size).expect("a stack"),
        };
        assert!(stack.usable_bytes() >= SIZES[0]);
        let script = Script::drawn(plan);
        let (world, own, token) = (self.world.clone(), script.clone(), self.world.ledger.token(0));
        let coroutine = Coroutine::new(stack, Label::new("fuzzed"), move || {
            let _token = token;
            script::perform(&world, &own.steps)
        });
        let wakes = WakeCount::new();
        self.live.push(Live { coroutine, script, wakes, is_new: true, cancelled: false });
    }

    fn cancel(&mut self, plan: &mut Plan<'_>) {
        if let Some(one) = plan.one_of(self.live.len()) {
            let live = &mut self.live[one];
            live.coroutine.cancel();
            // Whoever cancels polls: nobody else wakes it.
            (live.cancelled, live.is_new) = (true, true);
        }
    }

    fn poll(&mut self, one: usize) {
        let live = &mut self.live[one];
        let never_begins = live.cancelled && !live.coroutine.is_started();
        live.is_new = false;
        live.wakes.take();
        let polled = poll_with(Pin::new(&mut live.coroutine), &live.wakes.waker());
        let Poll::Ready(ended) = polled else {
            assert!(!live.coroutine.is_ended() && !never_begins);
            return;
        };
        let mut live = self.live.swap_remove(one);
        let ended_early = matches!(ended, Err(Outcome::Cancelled));
        match ended {
            Ok(count) => {
                assert_eq!(count, live.script.steps.len());
                assert!(live.cancelled || !live.script.panics(), "it was told to panic");
            }
            Err(Outcome::Cancelled) => assert!(live.cancelled, "cancelled by nobody"),
            Err(Outcome::Panicked(payload)) => {
                assert!(live.script.panics(), "it was not told to panic");
                assert!(payload.is::<script::Told>(), "another panic came out");
            }
            Err(other) => panic!("{other}"),
        }
        assert!(live.coroutine.is_ended());
        assert!(!never_begins || ended_early, "one that was cancelled before it began has run");
        self.stacks.extend(live.coroutine.take_stack());
    }

    /// Gives stacks back, in one way or the other.
    fn put_away(&mut self, plan: &mut Plan<'_>) {
        if let Some(stack) = self.stacks.pop() {
            match plan.below(2) {
                0 => self.cache.give(stack),
                _ => drop(stack),
            }
        }
    }

    /// Polls who was woken until nobody is; who is left waits for a place that is shut.
    fn settle(&mut self) {
        while let Some(one) = self.live.iter().position(|live| live.is_new || live.wakes.is_woken())
        {
            self.poll(one);
        }
        assert!(self.live.len() <= self.world.waiting(), "one waits, and for nothing");
        assert!(self.live.iter().all(|live| !live.cancelled), "one was cancelled, and waits");
    }

    fn check(&self) {
        let stats = self.pool.stats();
        assert_eq!(stats.owned_stacks, stats.live_stacks + stats.hot_stacks);
        let spent = self.live.iter().filter(|live| live.coroutine.is_ended()).count();
        assert_eq!(spent, 0, "ended, and nobody was told");
        assert!(stats.live_stacks >= self.live.len() + self.stacks.len());
    }
}
