//! Coroutines that are resumed, cancelled and dropped at random, panic at random, and hold things
//! that count their drops. The seed is printed; `QI_STRESS_SEED` and `QI_SWITCHES` change the run.
#![forbid(unsafe_code)]

use crate::support::{Drops, small_pool};
use qi_coroutine::{Coroutine, Label, Outcome, StackCache, try_wait, wait, yield_now};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Switches of a run as part of the ordinary tests.
#[cfg(all(qi_fiber, not(qi_tsan)))]
const SWITCHES: u64 = 200_000;
/// Where each takes two threads, or a sanitizer's notes.
#[cfg(any(not(qi_fiber), qi_tsan))]
const SWITCHES: u64 = 10_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Ready at the second poll.
fn once_pending() -> impl Future<Output = u64> {
    let mut polls = 0;
    std::future::poll_fn(move |cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls > 1 { Poll::Ready(1) } else { Poll::Pending }
    })
}

/// Does something at random that suspends, this deep.
fn dive(random: &mut Random, depth: u64, made: &Drops, dropped: &Drops) -> u64 {
    made.guard();
    let _guard = dropped.guard();
    let mut sum = 0;
    match random.below(8) {
        0 => yield_now(),
        1 => sum += wait(once_pending()),
        2 => sum += try_wait(once_pending()).unwrap_or(0),
        3 if depth > 0 => sum += dive(random, depth - 1, made, dropped),
        4 => {
            let inner = AssertUnwindSafe(|| dive(random, depth.saturating_sub(1), made, dropped));
            sum += catch_unwind(inner).unwrap_or(7);
        }
        5 if random.below(40) == 0 => resume_unwind(Box::new(5)),
        _ => sum += wait(async { 2 }),
    }
    if depth > 0 { sum + dive(random, depth - 1, made, dropped) } else { sum }
}

#[test]
fn random_ends_drop_everything_once_and_lose_no_stack() {
    let seed = number("QI_STRESS_SEED", 0x9E37_79B9_7F4A_7C15).max(1);
    let switches = number("QI_SWITCHES", SWITCHES);
    let mut random = Random(seed);
    let pool = small_pool();
    let mut cache = StackCache::new(pool.clone());
    let (made, dropped, begun) = (Drops::default(), Drops::default(), Drops::default());
    let mut live: Vec<Coroutine<u64>> = Vec::new();
    let (mut count, mut started, mut cancelled, mut panicked) = (0, 0_u64, 0_u64, 0_u64);
    while count < switches {
        if live.len() < 50 || (live.len() < 200 && random.below(3) == 0) {
            let mut own = Random(random.next() | 1);
            let (made, dropped, guard) = (made.clone(), dropped.clone(), begun.guard());
            let body = move || {
                let _guard = guard;
                let depth = own.below(12);
                dive(&mut own, depth, &made, &dropped)
            };
            live.push(Coroutine::new(cache.take(None).unwrap(), Label::numbered(started), body));
            started += 1;
        }
        let index = random.below(live.len() as u64) as usize;
        match random.below(64) {
            0 => drop(live.swap_remove(index)),
            1 => live[index].cancel(),
            _ => {}
        }
        let Some(one) = live.get_mut(index) else { continue };
        count += 1;
        let Poll::Ready(result) = Pin::new(one).poll(&mut Context::from_waker(Waker::noop()))
        else {
            continue;
        };
        cancelled += u64::from(matches!(result, Err(Outcome::Cancelled)));
        panicked += u64::from(matches!(result, Err(Outcome::Panicked(_))));
        // One that was cancelled before it began has given its stack away already.
        if let Some(stack) = live.swap_remove(index).take_stack() {
            cache.give(stack);
        }
    }
    live.clear();
    drop(cache);
    println!("stress: coroutines seed={seed} operations={count} {started} {cancelled} {panicked}");
    assert!(cancelled > 0 && panicked > 0);
    assert_eq!(begun.count() as u64, started);
    assert_eq!(made.count(), dropped.count());
    let stats = pool.stats();
    assert_eq!((stats.live_stacks, stats.hot_stacks), (0, stats.owned_stacks));
}
