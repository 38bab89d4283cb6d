//! The mutex: turns, guards, threads, panics, crowds.
#![forbid(unsafe_code)]

use crate::support::{on, on_one_and_two, watched};
use qi_sched::{TaskPriority, TaskStatus, coop};
use qi_sync::{Mutex, MutexGuard, OwnedMutexGuard};
use qi_test_kit::{Hand, Ledger, until};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[test]
fn one_after_the_other_locks_without_waiting() {
    let mutex = Mutex::new(100);
    for expected in [100, 101, 102] {
        let mut guard = Hand::new(mutex.lock()).finish();
        assert_eq!(*guard, expected);
        *guard += 1;
    }
    assert_eq!(mutex.into_inner(), 103);
}

#[test]
fn a_waiter_is_woken_by_the_unlock_and_by_nothing_before() {
    let mutex = Arc::new(Mutex::new(()));
    let first = Hand::new(mutex.clone().lock_owned()).finish();
    let mut second = Hand::waiting(mutex.clone().lock_owned());
    assert!(!second.wakes.is_woken() && second.poll().is_pending());
    drop(first);
    assert!(second.wakes.is_woken());
    drop(second.finish());
    assert!(!mutex.is_locked());
}

#[test]
fn a_waiter_that_gives_up_does_not_hold_the_next_one_up() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let gives_up = Hand::waiting(mutex.lock());
    let next = Hand::waiting(mutex.lock());
    drop(gives_up);
    drop(held);
    drop(next.finish());
}

#[test]
fn a_waiter_that_gives_up_when_it_is_its_turn_passes_the_turn_on() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let gives_up = Hand::waiting(mutex.lock());
    let next = Hand::waiting(mutex.lock());
    drop(held);
    assert!(gives_up.wakes.is_woken() && !next.wakes.is_woken());
    drop(gives_up);
    assert!(next.wakes.is_woken());
    drop(next.finish());
    assert!(mutex.try_lock().is_some());
}

#[test]
fn the_last_waiter_that_gives_up_leaves_the_mutex_free() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let gives_up = Hand::waiting(mutex.lock());
    drop(held);
    drop(gives_up);
    assert!(mutex.try_lock().is_some());
}

#[test]
fn waiters_get_their_turns_in_the_order_of_arrival() {
    let mutex = Mutex::new(());
    let mut held = mutex.try_lock().unwrap();
    let waiters: Vec<_> = (0..10).map(|_| Hand::waiting(mutex.lock())).collect();
    for waiter in waiters {
        assert!(!waiter.wakes.is_woken());
        drop(held);
        assert!(waiter.wakes.is_woken());
        held = waiter.finish();
    }
}

#[test]
fn a_waiter_that_came_too_late_four_times_is_handed_the_lock() {
    let mutex = Mutex::new(());
    let mut held = mutex.try_lock();
    let mut waiter = Hand::waiting(mutex.lock());
    for _ in 0..4 {
        drop(held);
        held = mutex.try_lock();
        assert!(held.is_some(), "who runs may take it");
        assert!(waiter.poll().is_pending());
    }
    drop(held);
    assert!(mutex.try_lock().is_none(), "handed over");
    drop(waiter.finish());
}

#[test]
fn a_waker_that_changed_is_the_one_that_is_woken() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let mut waiter = Hand::waiting(mutex.lock());
    let before = std::mem::take(&mut waiter.wakes);
    assert!(waiter.poll().is_pending());
    assert_eq!(before.held(), 0, "the old one is not kept");
    drop(held);
    assert!(!before.is_woken() && waiter.wakes.is_woken());
    drop(waiter.finish());
}

#[test]
fn try_lock_takes_a_free_mutex_only() {
    let mutex = Arc::new(Mutex::new(1));
    let guard = mutex.try_lock().unwrap();
    assert!(mutex.try_lock().is_none() && mutex.clone().try_lock_owned().is_none());
    drop(guard);
    let guard = mutex.clone().try_lock_owned().unwrap();
    assert!(mutex.try_lock().is_none());
    drop(guard);
    assert!(mutex.try_lock().is_some());
}

#[test]
fn guards_of_parts_hold_the_whole() {
    let mutex = Arc::new(Mutex::new((1, String::from("one"))));
    let mut number = MutexGuard::map(mutex.try_lock().unwrap(), |pair| &mut pair.0);
    *number = 2;
    assert!(mutex.is_locked());
    drop(number);
    let guard = mutex.clone().try_lock_owned().unwrap();
    let text = OwnedMutexGuard::map(guard, |pair| &mut pair.1);
    let mut first = OwnedMutexGuard::filter_map(text, |text| text.get_mut(..1)).unwrap();
    first.make_ascii_uppercase();
    assert!(mutex.is_locked());
    drop(first);
    assert_eq!(*mutex.try_lock().unwrap(), (2, String::from("One")));
    assert!(!mutex.is_locked());
}

#[test]
fn a_part_that_panics_while_it_is_looked_for_unlocks() {
    let mutex = Mutex::new(1);
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let guard = mutex.try_lock().unwrap();
        drop(MutexGuard::map(guard, |_| -> &mut i32 { std::panic::resume_unwind(Box::new(())) }));
    }));
    assert!(looked.is_err() && mutex.try_lock().is_some());
}

#[test]
fn a_panic_unlocks_and_leaves_the_value_as_it_was() {
    on(1, |scheduler| {
        let mutex = Arc::new(Mutex::new(0));
        let panicking = mutex.clone();
        let task = scheduler.spawn(async move {
            let mut guard = panicking.lock().await;
            *guard = 1;
            coop::yield_now().await;
            std::panic::resume_unwind(Box::new("a panic of a test"));
        });
        assert!(scheduler.block_on(task).unwrap_err().is_panic());
        assert_eq!(*scheduler.block_on(mutex.lock()), 1);
    });
}

#[test]
fn a_task_that_is_cancelled_with_the_mutex_unlocks_it() {
    on(1, |scheduler| {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.clone();
        let task = scheduler.spawn(async move {
            let _guard = held.lock().await;
            std::future::pending::<()>().await;
        });
        until(|| mutex.is_locked() && task.status() == TaskStatus::Waiting);
        task.cancel().unwrap();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert!(mutex.try_lock().is_some());
    });
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let mutex = Mutex::new(5);
    assert_eq!(format!("{mutex:?}"), "Mutex { value: 5 }");
    let guard = mutex.try_lock().unwrap();
    assert_eq!(format!("{mutex:?}"), "Mutex { value: <locked> }");
    assert_eq!(format!("{guard:?} {guard}"), "5 5");
}

#[test]
fn values_that_are_not_sized_can_be_locked() {
    let mutex: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2, 3]));
    mutex.try_lock().unwrap()[0] = 9;
    let owned = mutex.clone().try_lock_owned().unwrap();
    assert_eq!(*owned, [9, 2, 3]);
}

#[test]
fn an_owned_guard_that_outlives_all_else_unlocks_then_drops_the_value_once() {
    let ledger = Ledger::new();
    let mutex = Arc::new(Mutex::new(ledger.token(1)));
    let guard = mutex.try_lock_owned().unwrap();
    assert_eq!(ledger.alive(), 1);
    drop(guard);
    ledger.assert_all_dropped();
}

#[test]
fn a_plain_thread_blocks_until_a_task_unlocks() {
    on_one_and_two(|scheduler| {
        let mutex = Arc::new(Mutex::new(1));
        let guard = scheduler.block_on(mutex.clone().lock_owned());
        let (blocked, doubled) = (mutex.clone(), mutex.clone());
        let thread = std::thread::spawn(move || *blocked.blocking_lock() *= 10);
        let blocking = std::thread::spawn(move || *doubled.blocking_lock_owned() *= 10);
        let task = scheduler.spawn(async move {
            let mut guard = guard;
            *guard += 1;
            coop::yield_now().await;
        });
        scheduler.block_on(task).unwrap();
        thread.join().unwrap();
        blocking.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 200);
    });
}

#[test]
fn blocking_inside_a_task_gives_the_seat_away() {
    on(1, |scheduler| {
        let mutex = Arc::new(Mutex::new(0));
        let guard = scheduler.block_on(mutex.clone().lock_owned());
        let blocked = mutex.clone();
        let waiter = scheduler.spawn(async move { *blocked.blocking_lock() += 1 });
        // It runs although the only worker blocks.
        let unlocker = scheduler.spawn(async move { drop(guard) });
        scheduler.block_on(unlocker).unwrap();
        scheduler.block_on(waiter).unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 1);
    });
}

#[test]
fn a_task_that_never_waits_for_the_mutex_still_yields() {
    on(1, |scheduler| {
        let mutex = Arc::new(Mutex::new(0_u64));
        let turning = mutex.clone();
        let turner = scheduler.spawn(async move {
            loop {
                *turning.lock().await += 1;
            }
        });
        until(|| turner.status() != TaskStatus::Pending);
        scheduler.block_on(scheduler.spawn(async {})).unwrap();
        turner.cancel().unwrap();
        assert!(scheduler.block_on(turner).unwrap_err().is_cancelled());
    });
}

#[test]
fn tasks_that_hold_it_over_a_yield_count_right() {
    on_one_and_two(|scheduler| {
        let mutex = Arc::new(Mutex::new(0_u64));
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let mutex = mutex.clone();
                let priority = TaskPriority::DESCENDING[number % TaskPriority::COUNT];
                let work = async move {
                    for _ in 0..20 {
                        let mut guard = mutex.lock().await;
                        let before = *guard;
                        coop::yield_now().await;
                        *guard = before + 1;
                    }
                };
                scheduler.spawn_with_priority(work, priority)
            })
            .collect();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(*mutex.try_lock().unwrap(), 2_000);
    });
}

#[test]
fn a_hundred_thousand_wait_for_one_mutex() {
    watched(|| {
        let mutex = Mutex::new(0);
        let held = mutex.try_lock().unwrap();
        let mut waiters: Vec<_> = (0..100_000).map(|_| Some(Hand::waiting(mutex.lock()))).collect();
        // Every third gives up.
        waiters.iter_mut().step_by(3).for_each(|waiter| *waiter = None);
        drop(held);
        for waiter in waiters.into_iter().flatten() {
            *waiter.finish() += 1;
        }
        assert_eq!(mutex.into_inner(), 66_666);
    });
}

#[test]
fn a_hundred_thousand_waiters_are_dropped_while_the_mutex_is_held() {
    watched(|| {
        let mutex = Mutex::new(());
        let held = mutex.try_lock().unwrap();
        let mut waiters: Vec<_> = (0..100_000).map(|_| Hand::waiting(mutex.lock())).collect();
        waiters.drain(..50_000);
        waiters.reverse();
        drop(waiters);
        drop(held);
        assert!(mutex.try_lock().is_some());
    });
}

#[test]
fn a_pending_lock_that_is_forgotten_breaks_no_memory() {
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.clone().try_lock_owned().unwrap();
    std::mem::forget(Hand::waiting(mutex.clone().lock_owned()));
    let next = Hand::waiting(mutex.clone().lock_owned());
    drop(held);
    // The turn was given to the forgotten one; the mutex is free for those who try.
    assert!(!next.wakes.is_woken());
    drop(mutex.try_lock().unwrap());
    drop(next);
}
