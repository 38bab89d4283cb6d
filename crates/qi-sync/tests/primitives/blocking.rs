//! The blocking twins, on plain threads and inside tasks: a worker that blocks stops nobody.
#![forbid(unsafe_code)]

use crate::support::{on, on_one_and_two, watched};
use qi_sync::{Barrier, Event, OnceCell, Semaphore, WaitGroup};
use std::sync::Arc;
use std::thread;

#[test]
fn a_thread_takes_free_permits_at_once() {
    let semaphore = Arc::new(Semaphore::new(3));
    let one = semaphore.blocking_acquire().unwrap();
    let two = semaphore.clone().blocking_acquire_many_owned(2).unwrap();
    assert_eq!((one.num_permits(), two.num_permits()), (1, 2));
    drop((one, two));
    assert_eq!(semaphore.blocking_acquire_many(3).unwrap().num_permits(), 3);
    assert_eq!(semaphore.clone().blocking_acquire_owned().unwrap().num_permits(), 1);
}

#[test]
fn a_thread_waits_for_a_permit() {
    watched(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let threads: Vec<_> = (1..4)
            .map(|permits| {
                let semaphore = semaphore.clone();
                thread::spawn(move || semaphore.blocking_acquire_many(permits).map(drop))
            })
            .collect();
        semaphore.add_permits(3);
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 3);
    });
}

#[test]
fn a_thread_is_refused_by_a_closed_semaphore() {
    watched(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = semaphore.clone();
        let waiting = thread::spawn(move || other.blocking_acquire().is_err());
        semaphore.close();
        assert!(waiting.join().unwrap());
        assert!(semaphore.blocking_acquire_owned().is_err());
    });
}

#[test]
fn a_task_that_blocks_for_a_permit_gives_its_worker_to_the_one_that_gives_it() {
    on(1, |scheduler| {
        let semaphore = Arc::new(Semaphore::new(0));
        let (taker, giver) = (semaphore.clone(), semaphore.clone());
        let taken = scheduler.spawn(async move {
            qi_sched::spawn(async move { giver.add_permits(1) });
            taker.blocking_acquire().is_ok()
        });
        assert!(scheduler.block_on(taken).unwrap());
    });
}

#[test]
fn tasks_that_block_at_a_barrier_on_one_worker_meet() {
    on(1, |scheduler| {
        let barrier = Arc::new(Barrier::new(3));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let barrier = barrier.clone();
                scheduler.spawn(async move { barrier.blocking_wait().is_leader() })
            })
            .collect();
        let mut leaders = 0;
        for task in tasks {
            leaders += usize::from(scheduler.block_on(task).unwrap());
        }
        assert_eq!(leaders, 1);
    });
}

#[test]
fn threads_and_tasks_meet_at_one_barrier() {
    on_one_and_two(|scheduler| {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let task = scheduler.spawn(async move { other.wait().await.is_leader() });
        let leads = barrier.blocking_wait().is_leader();
        assert_ne!(scheduler.block_on(task).unwrap(), leads);
    });
}

#[test]
fn a_task_that_blocks_for_a_group_lets_the_workers_of_the_group_run() {
    on(1, |scheduler| {
        let task = scheduler.spawn(async move {
            let group = WaitGroup::new();
            for _ in 0..10 {
                let worker = group.worker();
                qi_sched::spawn(async move {
                    qi_sched::coop::yield_now().await;
                    drop(worker);
                });
            }
            group.blocking_wait();
            group.count()
        });
        assert_eq!(scheduler.block_on(task).unwrap(), 0);
    });
}

#[test]
fn a_task_that_blocks_for_a_task_pinned_to_its_own_thread_lets_it_run() {
    on(1, |scheduler| {
        let event = Arc::new(Event::new());
        let setter = event.clone();
        let task = scheduler.spawn(async move {
            let pinned = qi_sched::spawn_local(async move {
                setter.set();
            });
            event.blocking_wait();
            pinned.is_ok()
        });
        assert!(scheduler.block_on(task).unwrap());
    });
}

#[test]
fn a_thread_waits_for_the_cell_that_a_task_fills() {
    on_one_and_two(|scheduler| {
        let (cell, begun) = (Arc::new(OnceCell::new()), Arc::new(Event::new()));
        let (filled, began) = (cell.clone(), begun.clone());
        let task = scheduler.spawn(async move {
            let init = || async {
                began.set();
                qi_sched::coop::yield_now().await;
                3
            };
            *filled.get_or_init(init).await
        });
        begun.blocking_wait();
        assert_eq!(cell.blocking_get_or_init(|| 4), &3);
        assert_eq!(scheduler.block_on(task).unwrap(), 3);
    });
}

#[test]
fn a_blocking_initialiser_that_fails_gives_the_turn_to_the_next() {
    let cell = OnceCell::new();
    assert_eq!(cell.blocking_get_or_try_init(|| Err::<u32, _>("no")), Err("no"));
    assert_eq!(cell.blocking_get_or_init(|| 1), &1);
    assert_eq!(cell.blocking_get_or_try_init(|| Err("never called")), Ok(&1));
}
