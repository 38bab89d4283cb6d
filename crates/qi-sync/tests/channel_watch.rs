//! The watch channel: the newest value, and who has seen it.
#![forbid(unsafe_code)]

use futures_util::FutureExt;
use qi_sync::channel::mpsc::RecvTimeoutError;
use qi_sync::channel::watch::{RecvError, channel};
use qi_test_kit::{WakeCount, poll_once, poll_with};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

#[test]
fn a_change_wakes_the_receiver_and_counts_as_seen_when_it_is_reported() {
    let (tx, mut rx) = channel("one");
    let wakes = WakeCount::new();
    {
        let mut changed = pin!(rx.changed());
        assert!(poll_with(changed.as_mut(), &wakes.waker()).is_pending());
        tx.send("two").unwrap();
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll_once(changed), Poll::Ready(Ok(())));
    }
    assert_eq!(*rx.borrow(), "two");
    assert_eq!(rx.changed().now_or_never(), None);
    drop(tx);
    assert_eq!(rx.changed().now_or_never(), Some(Err(RecvError)));
}

#[test]
fn every_receiver_sees_the_newest_value_only() {
    let (tx, mut first) = channel(0);
    let mut second = first.clone();
    tx.send(1).unwrap();
    assert_eq!(first.changed().now_or_never(), Some(Ok(())));
    tx.send(2).unwrap();
    tx.send(3).unwrap();
    assert_eq!((*first.borrow_and_update(), *second.borrow_and_update()), (3, 3));
    assert_eq!((first.has_changed(), second.has_changed()), (Ok(false), Ok(false)));
}

#[test]
fn the_value_is_new_until_it_is_marked() {
    let (tx, mut rx) = channel(1);
    assert!(!rx.borrow().is_new());
    rx.mark_changed();
    assert_eq!(rx.has_changed(), Ok(true));
    assert!(rx.borrow_and_update().is_new());
    assert!(!rx.borrow_and_update().is_new());
    tx.send(2).unwrap();
    rx.mark_unchanged();
    assert_eq!(rx.has_changed(), Ok(false));
    rx.mark_changed();
    rx.mark_changed();
    assert_eq!(rx.changed().now_or_never(), Some(Ok(())));
    assert_eq!(*rx.borrow(), 2);
}

#[test]
fn the_last_value_is_seen_after_the_end() {
    let (tx, mut rx) = channel("one");
    tx.send("two").unwrap();
    drop(tx);
    assert_eq!(rx.has_changed(), Ok(true), "there is something to see");
    assert_eq!(rx.changed().now_or_never(), Some(Ok(())));
    assert_eq!(*rx.borrow(), "two");
    assert_eq!(rx.has_changed(), Err(RecvError));
    assert_eq!(rx.changed().now_or_never(), Some(Err(RecvError)));
}

#[test]
fn the_end_wakes_a_receiver_once_the_last_sender_is_gone() {
    let (tx, mut rx) = channel(0);
    let second = tx.clone();
    assert_eq!(tx.sender_count(), 2);
    let wakes = WakeCount::new();
    let mut changed = pin!(rx.changed());
    assert!(poll_with(changed.as_mut(), &wakes.waker()).is_pending());
    drop(tx);
    assert_eq!(wakes.count(), 0);
    drop(second);
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll_once(changed), Poll::Ready(Err(RecvError)));
}

#[test]
fn a_sender_learns_that_the_receivers_are_gone_and_may_have_new_ones() {
    let (tx, rx) = channel(1);
    let second = rx.clone();
    let wakes = WakeCount::new();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    drop(rx);
    assert_eq!(wakes.count(), 0);
    drop(second);
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(closed.as_mut()).is_ready());
    assert!(tx.is_closed());
    assert_eq!(tx.send(2).unwrap_err().into_inner(), 2);
    assert_eq!(*tx.borrow(), 1, "the value is as it was");
    let third = tx.subscribe();
    assert!(!tx.is_closed() && tx.send(3).is_ok());
    assert_eq!(*third.borrow(), 3);
    assert_eq!(tx.closed().now_or_never(), None);
}

#[test]
fn a_change_that_panics_tells_nobody_and_breaks_nothing() {
    let (tx, rx) = channel("old");
    let changed = catch_unwind(AssertUnwindSafe(|| {
        tx.send_modify(|_| std::panic::resume_unwind(Box::new("a change of a test")));
    }));
    assert!(changed.is_err());
    assert_eq!(rx.has_changed(), Ok(false));
    assert_eq!(*rx.borrow(), "old");
    tx.send_modify(|value| *value = "new");
    assert_eq!(*rx.borrow(), "new");
    assert_eq!(rx.has_changed(), Ok(true));
}

#[test]
fn a_change_that_is_none_wakes_nobody() {
    let (tx, mut rx) = channel(1);
    let wakes = WakeCount::new();
    let mut changed = pin!(rx.changed());
    assert!(poll_with(changed.as_mut(), &wakes.waker()).is_pending());
    assert!(!tx.send_if_modified(|_| false));
    assert_eq!(wakes.count(), 0);
    assert!(tx.send_if_modified(|value| {
        *value += 1;
        true
    }));
    assert_eq!(wakes.count(), 1);
    assert_eq!(tx.send_replace(9), 2);
}

#[test]
fn waiting_for_a_value_judges_the_one_of_now_first() {
    let (tx, mut rx) = channel(1);
    let seen = rx.wait_for(|&value| value == 1).now_or_never().map(|found| found.map(|v| *v));
    assert_eq!(seen, Some(Ok(1)));
    let wakes = WakeCount::new();
    let mut wait = Box::pin(rx.wait_for(|&value| value > 2));
    assert!(poll_with(wait.as_mut(), &wakes.waker()).is_pending());
    tx.send(2).unwrap();
    assert_eq!(wakes.take(), 1);
    assert!(poll_with(wait.as_mut(), &wakes.waker()).is_pending());
    tx.send(3).unwrap();
    assert_eq!(wakes.take(), 1);
    let Poll::Ready(Ok(found)) = poll_once(wait.as_mut()) else { panic!("it is there") };
    assert_eq!(*found, 3);
}

#[test]
fn waiting_for_a_value_sees_the_last_one_after_the_end() {
    let (tx, mut rx) = channel(1);
    drop(tx);
    let right = rx.wait_for(|&value| value == 1).now_or_never().map(|found| found.map(|v| *v));
    assert_eq!(right, Some(Ok(1)));
    let wrong = rx.wait_for(|&value| value == 2).now_or_never().map(|found| found.map(|v| *v));
    assert_eq!(wrong, Some(Err(RecvError)));
}

#[test]
fn a_judgement_that_panics_breaks_nothing() {
    let (tx, mut rx) = channel(1);
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let judge = |_: &i32| std::panic::resume_unwind(Box::new("a judgement of a test"));
        rx.wait_for(judge).now_or_never().map(|found| found.is_ok())
    }));
    assert!(judged.is_err());
    tx.send(2).unwrap();
    assert_eq!(*rx.borrow(), 2);
}

#[test]
fn waits_that_are_given_up_keep_no_waker() {
    let (tx, mut rx) = channel(1);
    let wakes = WakeCount::new();
    let mut changed = Box::pin(rx.changed());
    assert!(poll_with(changed.as_mut(), &wakes.waker()).is_pending());
    drop(changed);
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    drop(closed);
    assert_eq!(wakes.held(), 0);
    assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
}

#[test]
fn blocking_waits_end_at_their_timeouts() {
    let (tx, mut rx) = channel(1);
    assert_eq!(rx.blocking_changed_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    let sender = std::thread::spawn(move || tx.send(2).is_ok());
    assert_eq!(rx.blocking_changed_timeout(Duration::MAX), Ok(()));
    assert!(sender.join().unwrap());
    assert_eq!(rx.blocking_changed(), Err(RecvError));
    assert_eq!(rx.blocking_changed_timeout(Duration::MAX), Err(RecvTimeoutError::Closed));
}

/// How often a task that runs `work` is polled.
fn polls_of(work: impl Future<Output = ()> + Send + 'static) -> u32 {
    let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().expect("it starts");
    let task = scheduler.spawn(async move {
        let mut polls = 0;
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            polls += 1;
            work.as_mut().poll(cx)
        })
        .await;
        polls
    });
    scheduler.block_on(task).expect("it ends")
}

#[test]
fn waits_that_succeed_at_once_spend_budget() {
    assert!(
        polls_of(async {
            let (_tx, mut rx) = channel(());
            for _ in 0..2_000 {
                rx.mark_changed();
                rx.changed().await.expect("it is marked");
            }
        }) > 10
    );
    assert!(
        polls_of(async {
            let (_tx, mut rx) = channel(());
            for _ in 0..2_000 {
                drop(rx.wait_for(|()| true).await);
            }
        }) > 10
    );
    assert!(
        polls_of(async {
            let (tx, rx) = channel(());
            drop(rx);
            for _ in 0..2_000 {
                tx.closed().await;
            }
        }) > 10
    );
}

#[test]
fn receivers_on_workers_end_with_the_last_value() {
    for workers in [1, 2] {
        let scheduler =
            qi_sched::Scheduler::builder().worker_threads(workers).build().expect("it starts");
        let (tx, rx) = channel(0_u32);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let mut rx = rx.clone();
                scheduler.spawn(async move {
                    let mut last = 0;
                    while rx.changed().await.is_ok() {
                        let value = *rx.borrow_and_update();
                        assert!(value > last, "never back");
                        last = value;
                    }
                    last
                })
            })
            .collect();
        drop(rx);
        let sender = scheduler.spawn(async move {
            for number in 1..=5_000 {
                tx.send(number).expect("they are there");
            }
        });
        scheduler.block_on(sender).expect("it ends");
        for receiver in receivers {
            assert_eq!(scheduler.block_on(receiver).expect("it ends"), 5_000);
        }
    }
}
