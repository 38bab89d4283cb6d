//! Wait groups: who is let go when the count becomes zero.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::WaitGroup;
use qi_test_kit::{Hand, WakeCount, assert_pending, assert_ready, poll_with};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn a_group_without_workers_is_not_waited_for() {
    let group = WaitGroup::new();
    assert_ready!(pin!(group.wait()));
    assert_eq!(group.count(), 0);
}

#[test]
fn the_last_one_done_lets_those_go_who_wait() {
    let (group, wakes) = (WaitGroup::new(), WakeCount::new());
    group.add(2);
    let mut wait = pin!(group.wait());
    assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    group.done();
    assert_eq!((wakes.count(), group.count()), (0, 1));
    group.done();
    assert_eq!((wakes.count(), group.count()), (1, 0));
    assert_ready!(wait.as_mut());
}

#[test]
fn those_who_waited_when_the_count_was_zero_go_on_even_if_it_was_raised_again() {
    let group = WaitGroup::new();
    group.add(1);
    let mut early = pin!(group.wait());
    assert_pending!(early.as_mut());
    group.done();
    group.add(1);
    let mut late = pin!(group.wait());
    assert_pending!(late.as_mut());
    assert_ready!(early.as_mut());
    assert_pending!(late.as_mut());
    group.done();
    assert_ready!(late.as_mut());
}

#[test]
fn a_worker_is_done_when_it_is_dropped_even_by_a_panic() {
    let group = WaitGroup::new();
    let worker = group.worker();
    let other = worker.clone();
    assert_eq!((group.count(), worker.group().count()), (2, 2));
    drop(worker);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _worker = other;
        std::panic::resume_unwind(Box::new("a worker of a test"));
    }));
    assert!(panicked.is_err());
    assert_eq!(group.count(), 0);
}

#[test]
fn a_wait_that_gives_up_leaves_nothing_behind() {
    let (group, wakes) = (WaitGroup::new(), WakeCount::new());
    group.add(1);
    let mut wait = Box::pin(group.wait());
    assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    drop(wait);
    group.done();
    assert_eq!((wakes.count(), wakes.held(), group.count()), (0, 0, 0));
    group.add(1);
    group.done();
    assert_ready!(pin!(group.wait()));
}

#[test]
#[should_panic(expected = "more workers done than were added")]
fn more_done_than_added_panics() {
    WaitGroup::new().done();
}

#[test]
#[should_panic(expected = "the count of a wait group exceeds")]
fn more_than_can_be_counted_panics() {
    WaitGroup::new().add(WaitGroup::MAX_COUNT + 1);
}

#[test]
fn many_are_done_at_once_and_let_those_go_who_wait() {
    let group = WaitGroup::new();
    group.add(WaitGroup::MAX_COUNT);
    group.done_many(WaitGroup::MAX_COUNT - 3);
    let waiting = Hand::waiting(group.wait());
    group.done_many(0);
    group.done_many(2);
    assert!(!waiting.wakes.is_woken());
    group.done_many(1);
    waiting.finish();
    assert_eq!(group.count(), 0);
}

#[test]
fn what_the_workers_did_is_seen_by_those_who_waited() {
    on_one_and_two(|scheduler| {
        let (group, sum) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        for round in 1..=20 {
            for _ in 0..50 {
                let (worker, sum) = (group.worker(), sum.clone());
                scheduler.spawn(async move {
                    qi_sched::coop::yield_now().await;
                    sum.fetch_add(1, SeqCst);
                    drop(worker);
                });
            }
            let waits: Vec<_> = (0..2)
                .map(|_| {
                    let group = group.clone();
                    scheduler.spawn(async move { group.wait().await })
                })
                .collect();
            for wait in waits {
                scheduler.block_on(wait).unwrap();
            }
            assert_eq!(sum.load(SeqCst), 50 * round);
        }
    });
}
