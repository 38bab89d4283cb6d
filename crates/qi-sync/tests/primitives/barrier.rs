//! Barriers: when they open, who leads, and what a task that gives up means for a round.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::Barrier;
use qi_test_kit::{WakeCount, assert_pending, assert_ready, poll_with};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

fn is_send<T: Send>(_: &T) {}

#[test]
fn a_wait_may_be_sent_to_another_thread() {
    let barrier = Barrier::new(1);
    is_send(&barrier.wait());
    is_send(&barrier);
}

#[test]
fn barriers_of_none_and_of_one_let_everybody_pass_as_leader() {
    for size in [0, 1] {
        let barrier = Barrier::new(size);
        assert_eq!(barrier.size(), 1);
        for _ in 0..3 {
            assert!(assert_ready!(pin!(barrier.wait())).is_leader());
        }
    }
}

#[test]
fn of_two_the_second_opens_and_leads_round_after_round() {
    let barrier = Barrier::new(2);
    for _ in 0..3 {
        let wakes = WakeCount::new();
        let mut first = pin!(barrier.wait());
        assert_pending!(poll poll_with(first.as_mut(), &wakes.waker()));
        assert!(assert_ready!(pin!(barrier.wait())).is_leader());
        assert_eq!(wakes.count(), 1);
        assert!(!assert_ready!(first.as_mut()).is_leader());
    }
}

#[test]
fn of_a_hundred_only_the_last_opens() {
    let barrier = Barrier::new(100);
    for _ in 0..10 {
        let wakes = WakeCount::new();
        let mut waits: Vec<_> = (0..99).map(|_| Box::pin(barrier.wait())).collect();
        for wait in &mut waits {
            assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
        }
        assert_eq!(wakes.count(), 0);
        assert!(assert_ready!(pin!(barrier.wait())).is_leader());
        assert_eq!(wakes.count(), 99);
        for wait in &mut waits {
            assert!(!assert_ready!(wait.as_mut()).is_leader());
        }
    }
}

#[test]
fn a_task_that_gives_up_has_not_come() {
    let barrier = Barrier::new(2);
    let mut first = Box::pin(barrier.wait());
    assert_pending!(first.as_mut());
    drop(first);
    let mut second = pin!(barrier.wait());
    assert_pending!(second.as_mut());
    assert!(assert_ready!(pin!(barrier.wait())).is_leader());
    assert!(!assert_ready!(second.as_mut()).is_leader());
}

#[test]
fn a_task_that_gives_up_after_the_barrier_opened_changes_nothing() {
    let barrier = Barrier::new(2);
    let mut first = Box::pin(barrier.wait());
    assert_pending!(first.as_mut());
    assert_ready!(pin!(barrier.wait()));
    drop(first);
    assert_pending!(pin!(barrier.wait()), "the next round begins from nothing");
}

#[test]
fn a_wait_polled_after_its_end_does_not_come_again() {
    let barrier = Barrier::new(2);
    let mut first = pin!(barrier.wait());
    assert_pending!(first.as_mut());
    assert_ready!(pin!(barrier.wait()));
    assert_ready!(first.as_mut());
    assert_ready!(first.as_mut());
    assert_pending!(pin!(barrier.wait()));
}

#[test]
fn tasks_stay_together_over_many_rounds_with_one_leader_each() {
    on_one_and_two(|scheduler| {
        const TASKS: usize = 7;
        const ROUNDS: usize = 50;
        let barrier = Arc::new(Barrier::new(TASKS));
        let (steps, leaders) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (barrier, steps, leaders) = (barrier.clone(), steps.clone(), leaders.clone());
                scheduler.spawn(async move {
                    for round in 1..=ROUNDS {
                        steps.fetch_add(1, SeqCst);
                        let leads = barrier.wait().await.is_leader();
                        leaders.fetch_add(usize::from(leads), SeqCst);
                        assert!(steps.load(SeqCst) >= round * TASKS, "all have come");
                    }
                })
            })
            .collect();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!((steps.load(SeqCst), leaders.load(SeqCst)), (TASKS * ROUNDS, ROUNDS));
    });
}
