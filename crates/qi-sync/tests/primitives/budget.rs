//! What always succeeds at once still spends the budget, so that other tasks run.
#![forbid(unsafe_code)]

use crate::support::on;
use qi_sync::channel::mpsc;
use qi_sync::{Barrier, CancellationToken, Event, Notify, OnceCell, Semaphore, WaitGroup};
use qi_test_kit::poll_once;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A task that repeats `step` on the only worker until another task, behind it in the queue, has
/// run.
fn lets_others_run<F: Future + Send>(step: impl Fn() -> F + Send + 'static) {
    on(1, move |scheduler| {
        let task = scheduler.spawn(async move {
            let ran = Arc::new(AtomicBool::new(false));
            let other = ran.clone();
            qi_sched::spawn(async move { other.store(true, SeqCst) });
            while !ran.load(SeqCst) {
                step().await;
            }
        });
        scheduler.block_on(task).unwrap();
    });
}

#[test]
fn taking_free_permits_for_ever_lets_others_run() {
    let semaphore = Arc::new(Semaphore::new(1));
    lets_others_run(move || {
        let semaphore = semaphore.clone();
        async move { drop(semaphore.acquire().await.unwrap()) }
    });
}

#[test]
fn refused_permits_for_ever_let_others_run() {
    let semaphore = Arc::new(Semaphore::new(1));
    semaphore.close();
    lets_others_run(move || {
        let semaphore = semaphore.clone();
        async move { assert!(semaphore.acquire_owned().await.is_err()) }
    });
}

#[test]
fn taking_stored_notifications_for_ever_lets_others_run() {
    let notify = Arc::new(Notify::new());
    lets_others_run(move || {
        notify.notify_one();
        notify.clone().notified_owned()
    });
}

#[test]
fn passing_a_barrier_of_one_for_ever_lets_others_run() {
    let barrier = Arc::new(Barrier::new(1));
    lets_others_run(move || {
        let barrier = barrier.clone();
        async move { assert!(barrier.wait().await.is_leader()) }
    });
}

#[test]
fn asking_for_what_is_there_for_ever_lets_others_run() {
    let cell = Arc::new(OnceCell::from(1));
    lets_others_run(move || {
        let cell = cell.clone();
        async move { assert_eq!(cell.get_or_init(|| async { 2 }).await, &1) }
    });
}

#[test]
fn waiting_for_what_has_happened_for_ever_lets_others_run() {
    let (token, event) = (CancellationToken::new(), Arc::new(Event::new()));
    token.cancel();
    event.set();
    lets_others_run(move || token.clone().cancelled_owned());
    lets_others_run(move || {
        let event = event.clone();
        async move { event.wait().await }
    });
    let group = WaitGroup::new();
    lets_others_run(move || {
        let group = group.clone();
        async move { group.wait().await }
    });
}

#[test]
fn values_received_at_once_spend_as_much_as_one_by_one() {
    on(1, |scheduler| {
        let task = scheduler.spawn(async {
            let (tx, mut rx) = mpsc::unbounded();
            (0..1_000).for_each(|number| tx.try_send(number).unwrap());
            let mut all = Vec::new();
            assert_eq!(rx.recv_many(&mut all, usize::MAX).await, 1_000);
            tx.try_send(1_000).unwrap();
            assert!(poll_once(pin!(rx.recv())).is_pending(), "nothing is left of the budget");
            assert_eq!(rx.recv().await, Some(1_000));
        });
        scheduler.block_on(task).unwrap();
    });
}
