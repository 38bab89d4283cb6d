//! Suspending without a future: whoever polls next goes on, and cancelling unwinds.
#![forbid(unsafe_code)]

use crate::support::{Drops, coroutine, poll, small_pool};
use qi_coroutine::{Outcome, shield, suspend};
use std::task::Poll;

#[test]
fn one_that_suspends_goes_on_at_the_next_poll() {
    let pool = small_pool();
    let mut one = coroutine(&pool, || {
        suspend();
        suspend();
        5
    });
    assert!(poll(&mut one).is_pending());
    assert!(poll(&mut one).is_pending());
    assert!(matches!(poll(&mut one), Poll::Ready(Ok(5))));
}

#[test]
fn one_that_is_cancelled_while_it_is_suspended_unwinds() {
    let pool = small_pool();
    let drops = Drops::default();
    let kept = drops.clone();
    let mut one = coroutine(&pool, move || {
        let _kept = kept.guard();
        suspend();
        unreachable!("it goes on although it was cancelled");
    });
    assert!(poll(&mut one).is_pending());
    one.cancel();
    assert!(matches!(poll(&mut one), Poll::Ready(Err(Outcome::Cancelled))));
    assert_eq!(drops.count(), 1);
}

#[test]
fn one_that_is_shielded_suspends_although_it_was_cancelled() {
    let pool = small_pool();
    let mut one = coroutine(&pool, || {
        suspend();
        shield(suspend);
        6
    });
    assert!(poll(&mut one).is_pending());
    let mut other = coroutine(&pool, || {
        shield(|| {
            suspend();
            suspend();
        });
        7
    });
    assert!(poll(&mut other).is_pending());
    other.cancel();
    assert!(poll(&mut other).is_pending());
    assert!(matches!(poll(&mut other), Poll::Ready(Ok(7))));
    one.cancel();
    assert!(matches!(poll(&mut one), Poll::Ready(Err(Outcome::Cancelled))));
}

#[test]
fn one_that_is_dropped_does_not_suspend_again() {
    let pool = small_pool();
    let drops = Drops::default();
    let kept = drops.clone();
    struct Suspends;
    impl Drop for Suspends {
        fn drop(&mut self) {
            suspend();
        }
    }
    let mut one = coroutine(&pool, move || {
        let _kept = kept.guard();
        let _suspends = Suspends;
        suspend();
    });
    assert!(poll(&mut one).is_pending());
    drop(one);
    assert_eq!(drops.count(), 1);
    assert_eq!(pool.stats().live_stacks, 0);
}

#[test]
fn outside_of_a_coroutine_the_thread_is_yielded() {
    suspend();
}
