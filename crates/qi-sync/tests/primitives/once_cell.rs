//! Cells that are set once: who makes the value, and who is next if that one fails.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::{Event, OnceCell, SetError};
use qi_test_kit::{Ledger, WakeCount, assert_pending, assert_ready, poll_with};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn the_value_is_dropped_once_with_the_cell() {
    let ledger = Ledger::new();
    let cell = OnceCell::new();
    assert!(cell.set(ledger.token(1)).is_ok());
    drop(cell);
    drop(OnceCell::from(ledger.token(2)));
    drop(OnceCell::<qi_test_kit::Token>::new());
    assert_eq!((ledger.made(), ledger.dropped()), (2, 2));
}

#[test]
fn the_value_is_given_away_with_the_cell() {
    let ledger = Ledger::new();
    let token = OnceCell::from(ledger.token(1)).into_inner();
    assert_eq!(ledger.alive(), 1);
    drop(token);
    assert!(OnceCell::<u32>::new().into_inner().is_none());
    ledger.assert_all_dropped();
}

#[test]
fn a_cell_is_set_once() {
    let cell = OnceCell::new();
    assert!(cell.get().is_none() && !cell.is_initialized());
    assert_eq!(cell.set(1), Ok(()));
    assert_eq!(cell.set(2), Err(SetError::AlreadyInitialized(2)));
    assert_eq!(cell.get(), Some(&1));
    assert_eq!(OnceCell::from(3).set(4).unwrap_err().into_inner(), 4);
}

#[test]
fn a_cell_whose_value_was_taken_can_be_set_again() {
    let mut cell = OnceCell::from(1);
    *cell.get_mut().unwrap() += 1;
    assert_eq!(cell.take(), Some(2));
    assert_eq!(cell.take(), None);
    assert_eq!(cell.set(3), Ok(()));
    assert_eq!(cell.clone(), cell);
}

#[test]
fn a_cell_that_is_being_initialised_cannot_be_set() {
    let cell = OnceCell::new();
    let mut init = Box::pin(cell.get_or_init(pending::<u32>));
    assert_pending!(init.as_mut());
    assert_eq!(cell.set(1), Err(SetError::Initializing(1)));
    drop(init);
    assert_eq!(cell.set(1), Ok(()));
}

#[test]
fn only_one_initialiser_runs_and_all_see_its_value() {
    let (cell, go) = (OnceCell::new(), Event::new());
    let calls = AtomicUsize::new(0);
    let init = |value: u32| {
        let (calls, go) = (&calls, &go);
        move || async move {
            calls.fetch_add(1, SeqCst);
            go.wait().await;
            value
        }
    };
    let wakes = WakeCount::new();
    let mut first = pin!(cell.get_or_init(init(1)));
    let mut second = pin!(cell.get_or_init(init(2)));
    assert_pending!(first.as_mut());
    assert_pending!(poll poll_with(second.as_mut(), &wakes.waker()));
    go.set();
    assert_eq!(assert_ready!(first.as_mut()), &1);
    assert_eq!(wakes.count(), 1);
    assert_eq!(assert_ready!(second.as_mut()), &1);
    assert_eq!(assert_ready!(pin!(cell.get_or_init(init(3)))), &1);
    assert_eq!(calls.load(SeqCst), 1);
}

#[test]
fn a_failed_initialiser_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    let failed = assert_ready!(pin!(cell.get_or_try_init(|| async { Err::<u32, _>("no") })));
    assert_eq!(failed, Err("no"));
    assert!(!cell.is_initialized());
    let made = assert_ready!(pin!(cell.get_or_try_init(|| async { Ok::<_, ()>(2) })));
    assert_eq!(made, Ok(&2));
    let kept = assert_ready!(pin!(cell.get_or_try_init(|| async { Err(()) })));
    assert_eq!(kept, Ok(&2));
}

#[test]
fn a_cancelled_initialiser_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    let mut first = Box::pin(cell.get_or_init(pending::<u32>));
    let wakes = WakeCount::new();
    let mut second = pin!(cell.get_or_init(|| async { 2 }));
    assert_pending!(first.as_mut());
    assert_pending!(poll poll_with(second.as_mut(), &wakes.waker()));
    drop(first);
    assert_eq!(wakes.count(), 1);
    assert_eq!(assert_ready!(second.as_mut()), &2);
}

#[test]
fn an_initialiser_that_panics_gives_the_turn_to_the_next() {
    on_one_and_two(|scheduler| {
        let cell = Arc::new(OnceCell::new());
        let bad = cell.clone();
        let task = scheduler.spawn(async move {
            bad.get_or_init(|| async { std::panic::resume_unwind(Box::new("of a test")) }).await;
        });
        assert!(scheduler.block_on(task).unwrap_err().is_panic());
        let good = cell.clone();
        let task = scheduler.spawn(async move { *good.get_or_init(|| async { 5 }).await });
        assert_eq!(scheduler.block_on(task).unwrap(), 5);
    });
}

#[test]
fn of_many_tasks_one_makes_the_value() {
    on_one_and_two(|scheduler| {
        let (cell, calls) = (Arc::new(OnceCell::new()), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (cell, calls) = (cell.clone(), calls.clone());
                scheduler.spawn(async move {
                    let init = || async {
                        qi_sched::coop::yield_now().await;
                        calls.fetch_add(1, SeqCst)
                    };
                    *cell.get_or_init(init).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(scheduler.block_on(task).unwrap(), 0);
        }
        assert_eq!(calls.load(SeqCst), 1);
    });
}
