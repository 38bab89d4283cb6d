//! Threads that poll, give up, give and close at random, from a fixed seed each: whatever the order,
//! nothing is lost.
#![forbid(unsafe_code)]

use crate::support::watched;
use qi_sync::{CancellationToken, Notify, Semaphore};
use qi_test_kit::{WakeCount, poll_with};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;

const THREADS: u64 = 4;

/// Random numbers of one thread.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Runs `body` on several threads at once.
fn storm<S: Send + Sync + 'static>(shared: S, body: fn(&S, Random)) -> S {
    watched(move || {
        thread::scope(|scope| {
            for seed in 1..=THREADS {
                let shared = &shared;
                scope.spawn(move || body(shared, Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))));
            }
        });
        shared
    })
}

/// Polls until it is ready, or a few times, and then gives up.
fn poll_a_while<F: Future>(future: F, random: &mut Random) -> Option<F::Output> {
    let mut future = pin!(future);
    let wakes = WakeCount::new();
    for _ in 0..random.below(4) {
        if let Poll::Ready(output) = poll_with(future.as_mut(), &wakes.waker()) {
            return Some(output);
        }
        for _ in 0..random.below(30) {
            thread::yield_now();
        }
    }
    None
}

#[test]
fn permits_are_neither_lost_nor_made_by_requests_that_give_up() {
    let shared =
        storm((Semaphore::new(7), AtomicUsize::new(0)), |(semaphore, inside), mut random| {
            for _ in 0..5_000 {
                let wanted = random.below(7) + 1;
                if let Some(permit) = poll_a_while(semaphore.acquire_many(wanted), &mut random) {
                    let permit = permit.unwrap();
                    assert!(inside.fetch_add(wanted, SeqCst) + wanted <= 7);
                    thread::yield_now();
                    inside.fetch_sub(wanted, SeqCst);
                    drop(permit);
                }
            }
        });
    assert_eq!(shared.0.available_permits(), 7);
    assert!(shared.0.try_acquire_many(7).is_ok(), "nobody is left in the queue");
}

#[test]
fn each_notification_is_taken_once_or_stored_at_most_once() {
    let shared = (Notify::new(), AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = storm(shared, |(notify, sent, taken), mut random| {
        for _ in 0..5_000 {
            if random.below(2) == 0 {
                sent.fetch_add(1, SeqCst);
                match random.below(2) {
                    0 => notify.notify_one(),
                    _ => notify.notify_last(),
                }
            } else if poll_a_while(notify.notified(), &mut random).is_some() {
                taken.fetch_add(1, SeqCst);
            }
        }
    });
    let stored =
        usize::from(poll_with(pin!(shared.0.notified()), &WakeCount::new().waker()).is_ready());
    let (sent, taken) = (shared.1.into_inner(), shared.2.into_inner());
    assert!(taken > 0 && taken + stored <= sent, "{taken} taken of {sent}");
}

#[test]
fn every_token_below_a_cancelled_one_is_cancelled() {
    let shared = storm(CancellationToken::new(), |root, mut random| {
        for _ in 0..100 {
            let top = root.child_token();
            let mut below = vec![top.child_token()];
            for _ in 0..random.below(20) {
                let parent = random.below(below.len());
                below.push(below[parent].child_token());
                if random.below(3) == 0 {
                    below.swap_remove(random.below(below.len()));
                    below.push(top.child_token());
                }
            }
            let canceller = top.clone();
            thread::scope(|scope| {
                scope.spawn(move || canceller.cancel());
                let late: Vec<_> = below.iter().map(CancellationToken::child_token).collect();
                below.extend(late);
            });
            assert!(below.iter().all(CancellationToken::is_cancelled));
        }
        assert!(!root.is_cancelled());
    });
    let child = shared.child_token();
    shared.cancel();
    assert!(child.is_cancelled());
}
