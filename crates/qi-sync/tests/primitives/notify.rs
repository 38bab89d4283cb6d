//! Notify: who hears of a notification, and where it goes if that one is gone.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::Notify;
use qi_test_kit::{WakeCount, assert_pending, assert_ready, poll_with, waker_fn_with_drop};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits that stand in line, and the counter of each.
fn waiting(notify: &Arc<Notify>, number: usize) -> Vec<(Wait, WakeCount)> {
    let mut waits: Vec<(Wait, WakeCount)> = (0..number)
        .map(|_| -> (Wait, WakeCount) {
            (Box::pin(notify.clone().notified_owned()), WakeCount::new())
        })
        .collect();
    for (wait, wakes) in &mut waits {
        assert_pending!(poll poll_with(wait.as_mut(), &wakes.waker()));
    }
    waits
}

fn woken(waits: &[(Wait, WakeCount)]) -> Vec<usize> {
    waits.iter().map(|(_, wakes)| wakes.count()).collect()
}

#[test]
fn a_notification_without_a_waiter_is_stored_for_one() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    let wakes = WakeCount::new();
    let mut first = pin!(notify.notified());
    assert_ready!(poll poll_with(first.as_mut(), &wakes.waker()));
    assert_eq!(wakes.count(), 0);
    assert_pending!(pin!(notify.notified()));
    assert_ready!(first.as_mut());
}

#[test]
fn a_notification_wakes_the_one_who_waits_and_is_used_up() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 1);
    notify.notify_one();
    assert_eq!(woken(&waits), [1]);
    assert_ready!(waits[0].0.as_mut());
    assert_pending!(pin!(notify.notified()));
}

#[test]
fn notifications_let_waiters_go_one_by_one_the_first_first() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 3);
    notify.notify_one();
    assert_eq!(woken(&waits), [1, 0, 0]);
    notify.notify_one();
    assert_eq!(woken(&waits), [1, 1, 0]);
    assert_ready!(waits[1].0.as_mut());
    assert_pending!(waits[2].0.as_mut());
    assert_ready!(waits[0].0.as_mut());
}

#[test]
fn notifying_the_last_lets_the_one_go_who_came_last() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 3);
    notify.notify_last();
    assert_eq!(woken(&waits), [0, 0, 1]);
    notify.notify_last();
    assert_eq!(woken(&waits), [0, 1, 1]);
    notify.notify_one();
    assert_eq!(woken(&waits), [1, 1, 1]);
    for (wait, _) in &mut waits {
        assert_ready!(wait.as_mut());
    }
}

#[test]
fn a_notification_of_the_last_without_a_waiter_is_stored_too() {
    let notify = Notify::new();
    notify.notify_last();
    assert_ready!(pin!(notify.notified()));
    assert_pending!(pin!(notify.notified()));
}

#[test]
fn notifying_all_lets_all_go_and_stores_nothing() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 100);
    let unpolled = notify.notified();
    notify.notify_waiters();
    assert!(woken(&waits).iter().all(|&count| count == 1));
    assert_ready!(pin!(unpolled), "it was made before");
    for (wait, _) in &mut waits {
        assert_ready!(wait.as_mut());
    }
    assert_pending!(pin!(notify.notified()), "it was made after");
}

#[test]
fn one_that_stands_in_line_and_gives_up_is_passed_over() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 2);
    drop(waits.remove(0));
    notify.notify_one();
    assert_eq!(woken(&waits), [1]);
}

#[test]
fn one_that_was_notified_and_gives_up_passes_it_on() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 3);
    notify.notify_one();
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [1, 0], "to the next");
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [1]);
    drop(waits);
    assert_ready!(pin!(notify.notified()), "without a next one it is stored");
    assert_pending!(pin!(notify.notified()));
}

#[test]
fn the_last_that_was_notified_and_gives_up_passes_it_on_to_the_last() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 3);
    notify.notify_last();
    drop(waits.remove(2));
    assert_eq!(woken(&waits), [0, 1]);
}

#[test]
fn one_that_was_let_go_with_all_passes_nothing_on() {
    let notify = Arc::new(Notify::new());
    let waits = waiting(&notify, 1);
    notify.notify_waiters();
    drop(waits);
    assert_pending!(pin!(notify.notified()));
}

#[test]
fn one_that_was_notified_before_all_were_still_passes_it_on() {
    let notify = Arc::new(Notify::new());
    let mut waits = waiting(&notify, 2);
    notify.notify_one();
    notify.notify_waiters();
    drop(waits.remove(0));
    assert_ready!(waits[0].0.as_mut());
    assert_ready!(pin!(notify.notified()), "it was meant for one");
}

#[test]
fn when_all_have_gone_a_notification_is_stored() {
    let notify = Arc::new(Notify::new());
    drop(waiting(&notify, 3));
    notify.notify_one();
    assert_ready!(pin!(notify.notified()));
}

#[test]
fn one_that_is_not_enabled_does_not_stand_in_line() {
    let notify = Notify::new();
    let mut unpolled = pin!(notify.notified());
    notify.notify_one();
    assert_ready!(pin!(notify.notified()), "stored, and taken by whoever comes first");
    assert_pending!(unpolled.as_mut());
}

#[test]
fn one_that_is_enabled_stands_in_line() {
    let notify = Notify::new();
    let mut enabled = pin!(notify.notified());
    assert!(!enabled.as_mut().enable());
    assert!(!enabled.as_mut().enable(), "a second time changes nothing");
    notify.notify_one();
    assert_pending!(pin!(notify.notified()));
    assert!(enabled.as_mut().enable());
    assert_ready!(enabled.as_mut());
    assert!(enabled.as_mut().enable(), "over is over");
}

#[test]
fn one_that_is_enabled_and_then_polled_is_woken() {
    let notify = Notify::new();
    let wakes = WakeCount::new();
    let mut enabled = pin!(notify.notified());
    enabled.as_mut().enable();
    assert_pending!(poll poll_with(enabled.as_mut(), &wakes.waker()));
    assert!(!enabled.as_mut().enable());
    notify.notify_one();
    assert_eq!(wakes.count(), 1);
    assert_ready!(enabled.as_mut());
}

#[test]
fn enabling_takes_what_is_stored() {
    let notify = Arc::new(Notify::new());
    notify.notify_one();
    let mut first = pin!(notify.clone().notified_owned());
    assert!(first.as_mut().enable());
    assert_pending!(pin!(notify.notified()));
    assert_ready!(first.as_mut());
}

#[test]
fn a_wait_is_woken_by_the_waker_of_its_last_poll() {
    let notify = Notify::new();
    let (first, last) = (WakeCount::new(), WakeCount::new());
    let mut wait = pin!(notify.notified());
    assert_pending!(poll poll_with(wait.as_mut(), &first.waker()));
    assert_pending!(poll poll_with(wait.as_mut(), &last.waker()));
    notify.notify_one();
    assert_eq!((first.count(), last.count()), (0, 1));
}

#[test]
fn a_wait_let_go_unpolled_leaves_what_is_stored_to_the_next() {
    let notify = Notify::new();
    let mut unpolled = pin!(notify.notified());
    notify.notify_waiters();
    notify.notify_one();
    assert_ready!(unpolled.as_mut());
    assert_ready!(pin!(notify.notified()));
}

#[test]
fn a_waker_may_notify_when_it_is_dropped() {
    let notify = Arc::new(Notify::new());
    let again = notify.clone();
    let waker = waker_fn_with_drop(|| {}, move || again.notify_waiters());
    let mut wait = Box::pin(notify.clone().notified_owned());
    assert_pending!(poll poll_with(wait.as_mut(), &waker));
    drop(waker);
    drop(wait);
    assert_pending!(pin!(notify.notified()));
}

#[test]
fn as_many_tasks_go_on_as_there_were_notifications() {
    on_one_and_two(|scheduler| {
        let notify = Arc::new(Notify::new());
        let (came, gone) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (notify, came, gone) = (notify.clone(), came.clone(), gone.clone());
                scheduler.spawn(async move {
                    let mut notified = pin!(notify.notified());
                    notified.as_mut().enable();
                    came.fetch_add(1, SeqCst);
                    notified.await;
                    gone.fetch_add(1, SeqCst);
                })
            })
            .collect();
        while came.load(SeqCst) < 100 {
            std::thread::yield_now();
        }
        for _ in 0..40 {
            notify.notify_one();
        }
        while gone.load(SeqCst) < 40 {
            std::thread::yield_now();
        }
        notify.notify_waiters();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_pending!(pin!(notify.notified()));
    });
}
