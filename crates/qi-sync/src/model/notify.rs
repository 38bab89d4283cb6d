//! Notify: one notification lets one waiter go or is stored, and goes on if that one gives up
//! (I37); all of a round hear of its end.
#![forbid(unsafe_code)]

use super::{block_on, poll_and_drop};
use crate::notify::Notify;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use std::pin::pin;
use std::sync::Arc;

type Shared = Arc<(Notify, UnsafeCell<()>)>;

fn shared() -> Shared {
    Arc::new((Notify::new(), UnsafeCell::new(())))
}

/// A notification meets a waiter that is just queueing up, and carries what was written before.
fn a_notification_reaches_a_waiter() {
    let shared = shared();
    let waiter = {
        let shared = shared.clone();
        thread::spawn(move || {
            block_on(shared.0.notified());
            shared.1.with(|_| ());
        })
    };
    shared.1.with_mut(|_| ());
    shared.0.notify_one();
    waiter.join().unwrap();
}

/// Two notifications meet two waiters that stand in line: none of them is lost.
fn two_notifications_let_two_waiters_go() {
    let notify = Arc::new(Notify::new());
    let waiters = [(); 2].map(|()| {
        let mut notified = Box::pin(notify.clone().notified_owned());
        assert!(!notified.as_mut().enable());
        thread::spawn(move || block_on(notified))
    });
    let other = {
        let notify = notify.clone();
        thread::spawn(move || notify.notify_one())
    };
    notify.notify_last();
    other.join().unwrap();
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// A waiter gives up while the only notification comes: the other one hears of it, unless the
/// first took it, and then says so itself.
fn a_waiter_that_gives_up_passes_its_notification_on() {
    let shared = shared();
    let fickle = {
        let shared = shared.clone();
        thread::spawn(move || {
            if poll_and_drop(shared.0.notified()).is_some() {
                shared.0.notify_one();
            }
        })
    };
    let steady = {
        let shared = shared.clone();
        thread::spawn(move || block_on(shared.0.notified()))
    };
    shared.0.notify_one();
    fickle.join().unwrap();
    steady.join().unwrap();
}

/// The end of a round reaches a wait that was made before it, whether it was polled or not.
fn the_end_of_a_round_reaches_a_wait_made_before() {
    let notify = Arc::new(Notify::new());
    let notified = notify.clone().notified_owned();
    let waiter = thread::spawn(move || block_on(notified));
    notify.notify_waiters();
    waiter.join().unwrap();
}

/// A program makes its wait, looks at its state, and waits if it must: it sees the state, or the
/// notification reaches it.
fn a_wait_made_before_a_look_at_the_state_misses_nothing() {
    let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
    let other = {
        let shared = shared.clone();
        thread::spawn(move || {
            // Relaxed: it is for `notify_waiters` to order it.
            shared.1.store(true, Relaxed);
            shared.0.notify_waiters();
        })
    };
    let notified = shared.0.notified();
    // Relaxed: as above.
    if !shared.1.load(Relaxed) {
        block_on(notified);
        assert!(shared.1.load(Relaxed));
    }
    other.join().unwrap();
}

/// A round ends for all waits at once: if one has heard of it, so has every other, polled before or
/// not, and a notification that comes next is for a newcomer.
fn a_round_ends_for_all_at_once() {
    let notify = Arc::new(Notify::new());
    let mut polled = pin!(notify.notified());
    assert!(!polled.as_mut().enable());
    let mut unpolled = pin!(notify.notified());
    let other = {
        let notify = notify.clone();
        thread::spawn(move || notify.notify_waiters())
    };
    let (first, second) = (unpolled.as_mut().enable(), polled.as_mut().enable());
    assert!(!first || second);
    block_on(polled);
    let mut late = pin!(notify.notified());
    assert!(!late.as_mut().enable());
    notify.notify_one();
    block_on(late);
    block_on(unpolled);
    other.join().unwrap();
}

#[test]
fn loom_notify() {
    super::explore(
        "loom_notify",
        &[
            a_notification_reaches_a_waiter,
            two_notifications_let_two_waiters_go,
            a_waiter_that_gives_up_passes_its_notification_on,
            the_end_of_a_round_reaches_a_wait_made_before,
            a_wait_made_before_a_look_at_the_state_misses_nothing,
            a_round_ends_for_all_at_once,
        ],
    );
}
