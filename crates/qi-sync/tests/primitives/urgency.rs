//! The most urgent tasks get permits, turns and notifications first.
#![forbid(unsafe_code)]

use crate::support::on;
use qi_sched::{Handle, Scheduler, TaskHandle, TaskPriority, TaskStatus, context};
use qi_sync::{Notify, OnceCell, Semaphore};
use qi_test_kit::WakeLog;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use TaskPriority::{Critical, High, Low, Normal};

/// Lanes in the order in which their tasks come to wait.
const ARRIVAL: [TaskPriority; 8] = [Low, Normal, Normal, High, Low, Critical, High, Normal];

fn until_it_waits<T>(task: &TaskHandle<T>) {
    while task.status() != TaskStatus::Waiting {
        std::thread::yield_now();
    }
}

/// Spawns one task per lane, each once the last one waits.
fn all_wait<F>(scheduler: &Scheduler, wait: impl Fn(usize) -> F) -> Vec<TaskHandle<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let spawn = |(number, lane): (usize, &TaskPriority)| {
        let task = scheduler.handle().spawn_with_priority(wait(number), *lane);
        until_it_waits(&task);
        task
    };
    ARRIVAL.iter().enumerate().map(spawn).collect()
}

#[test]
fn permits_go_to_the_most_urgent_waiter_first() {
    on(1, |scheduler| {
        let (semaphore, log) = (Arc::new(Semaphore::new(0)), WakeLog::new());
        let tasks = all_wait(scheduler, |number| {
            let (semaphore, log) = (semaphore.clone(), log.clone());
            async move {
                let permit = semaphore.acquire().await.unwrap();
                log.note(number);
                drop(permit);
            }
        });
        semaphore.add_permits(1);
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(log.take(), [5, 3, 6, 1, 2, 7, 0, 4]);
    });
}

#[test]
fn notifications_go_to_the_most_urgent_waiter_first() {
    on(1, |scheduler| {
        let (notify, log) = (Arc::new(Notify::new()), WakeLog::new());
        let tasks = all_wait(scheduler, |number| {
            let (notify, log) = (notify.clone(), log.clone());
            async move {
                notify.notified().await;
                log.note(number);
                notify.notify_one();
            }
        });
        notify.notify_one();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(log.take(), [5, 3, 6, 1, 2, 7, 0, 4]);
    });
}

#[test]
fn the_turn_to_initialise_goes_to_the_most_urgent_waiter_first() {
    on(1, |scheduler| {
        let (cell, log) = (Arc::new(OnceCell::<u32>::new()), WakeLog::new());
        let (held, go) = (cell.clone(), Arc::new(Notify::new()));
        let begun = go.clone();
        let holder = scheduler.spawn(async move {
            let init = || async {
                begun.notified().await;
                Err::<u32, ()>(())
            };
            held.get_or_try_init(init).await.is_err()
        });
        until_it_waits(&holder);
        let tasks = all_wait(scheduler, |number| {
            let (cell, log) = (cell.clone(), log.clone());
            async move {
                let init = || async {
                    log.note(number);
                    Err::<u32, ()>(())
                };
                assert!(cell.get_or_try_init(init).await.is_err());
            }
        });
        go.notify_one();
        assert!(scheduler.block_on(holder).unwrap());
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(log.take(), [5, 3, 6, 1, 2, 7, 0, 4]);
    });
}

#[test]
fn a_waiter_that_an_urgent_task_joins_goes_first() {
    on(1, |scheduler| {
        let (semaphore, log) = (Arc::new(Semaphore::new(0)), WakeLog::new());
        let mut waiters = ["first", "joined"].map(|name| {
            let (semaphore, log) = (semaphore.clone(), log.clone());
            let task = scheduler.spawn(async move {
                let permit = semaphore.acquire().await.unwrap();
                log.note(name);
                drop(permit);
            });
            until_it_waits(&task);
            Some(task)
        });
        let joined = waiters[1].take().unwrap();
        let id = joined.id();
        let urgent = scheduler.handle().spawn_with_priority(joined, Critical);
        // Raised, it was polled once more, and has told the semaphore so.
        let is_raised = || {
            let tasks = scheduler.stats().tasks();
            tasks
                .iter()
                .any(|task| task.id == id && task.polls >= 2 && task.status == TaskStatus::Waiting)
        };
        while !is_raised() {
            std::thread::yield_now();
        }
        semaphore.add_permits(1);
        scheduler.block_on(urgent).unwrap().unwrap();
        scheduler.block_on(waiters[0].take().unwrap()).unwrap();
        assert_eq!(log.take(), ["joined", "first"]);
    });
}

#[test]
fn a_task_that_blocks_waits_with_its_own_urgency() {
    on(1, |scheduler| {
        // The blocking twins are a `block_on` of the future, so this is the lane they wait in.
        let task = async { Handle::current().block_on(async { context::lane() }) };
        let task = scheduler.handle().spawn_with_priority(task, Critical);
        assert_eq!(scheduler.block_on(task).unwrap(), Critical);
        assert_eq!(scheduler.block_on(async { context::lane() }), Normal, "outside of tasks");
    });
}

#[test]
fn a_request_of_a_low_task_is_served_although_urgent_ones_never_cease() {
    on(1, |scheduler| {
        let semaphore = Arc::new(Semaphore::new(0));
        let served = Arc::new(AtomicUsize::new(0));
        let (asked, counted) = (semaphore.clone(), served.clone());
        let low = async move {
            let permits = asked.acquire_many(2).await.unwrap();
            drop(permits);
            asked.close();
            counted.load(SeqCst)
        };
        let low = scheduler.handle().spawn_with_priority(low, Low);
        until_it_waits(&low);
        // Three for two permits, so one of them always waits.
        let urgent = [(); 3].map(|()| {
            let (semaphore, served) = (semaphore.clone(), served.clone());
            let task = async move {
                while let Ok(permit) = semaphore.acquire().await {
                    served.fetch_add(1, SeqCst);
                    qi_sched::coop::yield_now().await;
                    drop(permit);
                }
            };
            scheduler.handle().spawn_with_priority(task, Critical)
        });
        urgent.iter().for_each(until_it_waits);
        semaphore.add_permits(2);
        let before = scheduler.block_on(low).unwrap();
        assert!((3..=70).contains(&before), "{before} urgent requests before the low one");
        for task in urgent {
            scheduler.block_on(task).unwrap();
        }
    });
}
