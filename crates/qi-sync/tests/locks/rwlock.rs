//! The readers-writer lock: turns, guards, threads, crowds.
#![forbid(unsafe_code)]

use crate::support::{on, on_one_and_two, watched};
use qi_sched::coop;
use qi_sync::{
    OwnedMappedRwLockWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockReadGuard, RwLockWriteGuard,
};
use qi_test_kit::{Hand, Ledger};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn many_read_at_once() {
    let lock = RwLock::new(100);
    let one = Hand::new(lock.read()).finish();
    let two = Hand::new(lock.read()).finish();
    assert_eq!((*one, *two), (100, 100));
}

#[test]
fn a_writer_waits_for_readers_and_readers_wait_for_a_writer() {
    let lock = RwLock::new(1);
    let reader = lock.try_read().unwrap();
    let writer = Hand::waiting(lock.write());
    drop(reader);
    let mut guard = writer.finish();
    *guard = 2;
    let reader = Hand::waiting(lock.read());
    let second = Hand::waiting(lock.write());
    drop(guard);
    assert!(reader.wakes.is_woken() && !second.wakes.is_woken());
    assert_eq!(*reader.finish(), 2);
    drop(second.finish());
}

#[test]
fn a_writer_is_woken_by_the_last_reader_only() {
    let lock = RwLock::new(());
    let (one, two) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    let writer = Hand::waiting(lock.write());
    drop(one);
    assert!(!writer.wakes.is_woken());
    drop(two);
    assert!(writer.wakes.is_woken());
    drop(writer.finish());
}

#[test]
fn a_reader_that_comes_after_a_waiting_writer_waits_too() {
    let lock = RwLock::new(());
    let reader = lock.try_read().unwrap();
    let writer = Hand::waiting(lock.write());
    let late = Hand::waiting(lock.read());
    assert!(lock.try_read().is_none(), "who tries does not push in");
    drop(reader);
    assert!(writer.wakes.is_woken() && !late.wakes.is_woken());
    let guard = writer.finish();
    assert!(!late.wakes.is_woken());
    drop(guard);
    drop(late.finish());
}

#[test]
fn readers_behind_a_writer_that_gives_up_go_on_at_once() {
    let lock = RwLock::new(());
    let reader = lock.try_read().unwrap();
    let writer = Hand::waiting(lock.write());
    let late = [Hand::waiting(lock.read()), Hand::waiting(lock.read())];
    drop(writer);
    assert!(late.iter().all(|reader| reader.wakes.is_woken()));
    drop(late.map(Hand::finish));
    drop(reader);
    assert!(lock.try_write().is_some());
}

#[test]
fn whoever_gives_up_after_it_was_granted_releases() {
    let lock = RwLock::new(());
    let writer = lock.try_write().unwrap();
    let (second, third) = (Hand::waiting(lock.write()), Hand::waiting(lock.read()));
    drop(writer);
    assert!(second.wakes.is_woken() && !third.wakes.is_woken());
    drop(second);
    assert!(third.wakes.is_woken());
    drop(third);
    assert!(lock.try_write().is_some());
}

#[test]
fn writers_write_in_the_order_of_arrival() {
    let lock = RwLock::new(Vec::new());
    let held = lock.try_write().unwrap();
    let writers: Vec<_> = (0..5).map(|_| Hand::waiting(lock.write())).collect();
    drop(held);
    for (number, writer) in writers.into_iter().enumerate() {
        writer.finish().push(number);
    }
    assert_eq!(lock.into_inner(), [0, 1, 2, 3, 4]);
}

#[test]
fn try_read_and_try_write_say_who_is_there() {
    let lock = Arc::new(RwLock::new(0));
    {
        let _reader = lock.try_read().unwrap();
        assert!(lock.try_read().is_some() && lock.clone().try_read_owned().is_some());
        assert!(lock.try_write().is_none() && lock.clone().try_write_owned().is_none());
    }
    {
        let _writer = lock.clone().try_write_owned().unwrap();
        assert!(lock.try_read().is_none() && lock.try_write().is_none());
    }
    *lock.try_write().unwrap() = 3;
    assert_eq!(*lock.try_read().unwrap(), 3);
}

#[test]
fn a_writer_that_becomes_a_reader_lets_readers_in_and_no_writer() {
    let lock = Arc::new(RwLock::new(1));
    let mut writer = lock.try_write().unwrap();
    *writer = 2;
    let reader = Hand::waiting(lock.read());
    let second = Hand::waiting(lock.write());
    let downgraded = RwLockWriteGuard::downgrade(writer);
    assert_eq!((*downgraded, *reader.finish()), (2, 2));
    assert!(!second.wakes.is_woken());
    drop(downgraded);
    drop(second.finish());
    let owned = lock.clone().try_write_owned().unwrap();
    let reader = OwnedRwLockWriteGuard::downgrade(owned);
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
    drop(reader);
    assert!(lock.try_write().is_some());
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn a_guard_of_a_part_holds_the_whole() {
    let lock = RwLock::new((1, 2));
    let part = RwLockReadGuard::map(lock.try_read().unwrap(), |pair| &pair.1);
    assert_eq!(*part, 2);
    assert!(lock.try_write().is_none());
    drop(part);
    assert!(lock.try_write().is_some());
    let mut part = RwLockWriteGuard::map(lock.try_write().unwrap(), |pair| &mut pair.0);
    *part += 10;
    assert!(lock.try_read().is_none());
    drop(part);
    assert_eq!(*lock.try_read().unwrap(), (11, 2));
}

#[test]
fn an_owned_guard_of_a_part_holds_the_whole_and_keeps_it() {
    let lock = Arc::new(RwLock::new((1, String::from("one"))));
    let guard = lock.clone().try_write_owned().unwrap();
    let text = OwnedRwLockWriteGuard::map(guard, |pair| pair.1.as_mut_str());
    let mut first =
        OwnedMappedRwLockWriteGuard::filter_map(text, |text| text.get_mut(..1)).unwrap();
    first.make_ascii_uppercase();
    assert!(lock.try_read().is_none());
    let all = OwnedMappedRwLockWriteGuard::filter_map(first, |text| text.get_mut(5..)).unwrap_err();
    assert_eq!(&*all, "O");
    drop(all);
    let reader = lock.clone().try_read_owned().unwrap();
    let name = OwnedRwLockReadGuard::map(reader, |pair| pair.1.as_str());
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
    assert_eq!((&*name, Arc::strong_count(&lock)), ("One", 2));
    drop(name);
    assert!(lock.try_write().is_some());
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn a_panic_while_a_part_is_chosen_releases_the_lock() {
    fn choose(_: &mut i32) -> &mut i32 {
        std::panic::resume_unwind(Box::new(()))
    }
    let lock = Arc::new(RwLock::new(1));
    let chosen = catch_unwind(AssertUnwindSafe(|| {
        drop(RwLockWriteGuard::map(lock.try_write().unwrap(), choose));
    }));
    assert!(chosen.is_err() && lock.try_write().is_some());
    let chosen = catch_unwind(AssertUnwindSafe(|| {
        drop(OwnedRwLockWriteGuard::map(lock.clone().try_write_owned().unwrap(), choose));
    }));
    assert!(chosen.is_err() && lock.try_write().is_some());
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let lock = RwLock::new(5);
    assert_eq!(format!("{lock:?}"), "RwLock { value: 5 }");
    let guard = lock.try_write().unwrap();
    assert_eq!(format!("{lock:?} {guard:?}"), "RwLock { value: <locked> } 5");
}

#[test]
fn owned_guards_drop_the_value_with_the_last_of_them() {
    let ledger = Ledger::new();
    let lock = Arc::new(RwLock::new(ledger.token(1)));
    let (one, two) = (lock.clone().try_read_owned().unwrap(), lock.try_read_owned().unwrap());
    drop(one);
    assert_eq!(ledger.alive(), 1);
    drop(two);
    ledger.assert_all_dropped();
}

#[test]
fn plain_threads_block_until_tasks_release() {
    on_one_and_two(|scheduler| {
        let lock = Arc::new(RwLock::new(1));
        let writer = scheduler.block_on(lock.clone().write_owned());
        let (reading, writing) = (lock.clone(), lock.clone());
        let reader = std::thread::spawn(move || *reading.blocking_read());
        let thread = std::thread::spawn(move || *writing.blocking_write() += 10);
        scheduler.block_on(scheduler.spawn(async move { drop(writer) })).unwrap();
        let seen = reader.join().unwrap();
        thread.join().unwrap();
        assert!(seen == 1 || seen == 11, "{seen}");
        assert_eq!(*lock.try_read().unwrap(), 11);
    });
}

#[test]
fn readers_and_writers_on_many_tasks_exclude_each_other() {
    on_one_and_two(|scheduler| {
        let lock = Arc::new(RwLock::new(0_usize));
        let (readers, writers) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..60)
            .map(|number| {
                let (lock, readers, writers) = (lock.clone(), readers.clone(), writers.clone());
                scheduler.spawn(async move {
                    for turn in 0..30 {
                        if (number + turn) % 4 == 0 {
                            let mut guard = lock.write().await;
                            assert_eq!(writers.fetch_add(1, Relaxed), 0);
                            assert_eq!(readers.load(Relaxed), 0);
                            coop::yield_now().await;
                            *guard += 1;
                            writers.fetch_sub(1, Relaxed);
                        } else {
                            let _guard = lock.read().await;
                            readers.fetch_add(1, Relaxed);
                            assert_eq!(writers.load(Relaxed), 0);
                            coop::yield_now().await;
                            readers.fetch_sub(1, Relaxed);
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(*lock.try_read().unwrap(), 450);
    });
}

#[test]
fn a_hundred_thousand_readers_wait_for_a_writer_and_read_at_once() {
    watched(|| {
        let lock = RwLock::new(7);
        let writer = lock.try_write().unwrap();
        let readers: Vec<_> = (0..100_000).map(|_| Hand::waiting(lock.read())).collect();
        drop(writer);
        let guards: Vec<_> = readers.into_iter().map(Hand::finish).collect();
        assert!(guards.iter().all(|guard| **guard == 7));
        drop(guards);
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn a_panic_of_the_writer_releases() {
    on(1, |scheduler| {
        let lock = Arc::new(RwLock::new(0));
        let panicking = lock.clone();
        let task = scheduler.spawn(async move {
            *panicking.write().await = 1;
            let _guard = panicking.write().await;
            std::panic::resume_unwind(Box::new("a panic of a test"));
        });
        assert!(scheduler.block_on(task).unwrap_err().is_panic());
        assert_eq!(*scheduler.block_on(lock.read()), 1);
    });
}
