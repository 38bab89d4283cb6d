//! The lock for tasks: who gets it, and what is passed on when a waiter gives up.
#![forbid(unsafe_code)]

use crate::support::{Event, Gate, Log, on, on_one_and_four, until, watched};
use qi_sched::lock::RawLock;
use qi_sched::{Scheduler, SchedulerBuilder, TaskHandle, TaskPriority, TaskStatus, coop};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Holds a lock until it is dropped.
pub(crate) struct Held(Arc<RawLock>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release();
    }
}

pub(crate) async fn hold(lock: &Arc<RawLock>) -> Held {
    lock.acquire().await;
    Held(lock.clone())
}

pub(crate) fn one_worker() -> SchedulerBuilder {
    // However slow the machine is, no extra worker may take from the backlog while it is laid out.
    Scheduler::builder().worker_threads(1).stall_threshold(Duration::from_secs(3600))
}

/// Occupies the one worker until the gate opens, so that a backlog can be laid out.
pub(crate) fn occupy(scheduler: &Scheduler) -> Gate {
    let (begun, release) = (Gate::default(), Gate::default());
    let (entered, released) = (begun.clone(), release.clone());
    drop(scheduler.spawn_with_priority(
        async move {
            entered.open();
            released.wait();
        },
        TaskPriority::Critical,
    ));
    begun.wait();
    release
}

/// A task that takes the lock, waits for the event, says so, and releases it.
pub(crate) fn holder(
    scheduler: &Scheduler,
    lock: &Arc<RawLock>,
    event: &Event,
    log: &Log,
    priority: TaskPriority,
) -> TaskHandle<()> {
    let (wanted, waited_for, noted) = (lock.clone(), event.clone(), log.clone());
    let task = scheduler.spawn_with_priority(
        async move {
            let held = hold(&wanted).await;
            waited_for.wait().await;
            noted.note("holder");
            drop(held);
        },
        priority,
    );
    until(|| lock.is_held() && task.status() == TaskStatus::Waiting);
    task
}

/// A task that takes the lock and says so.
pub(crate) fn taker(
    scheduler: &Scheduler,
    lock: &Arc<RawLock>,
    log: &Log,
    name: &'static str,
    priority: TaskPriority,
) -> TaskHandle<()> {
    let (lock, log) = (lock.clone(), log.clone());
    let task = scheduler.spawn_with_priority(
        async move {
            let _held = hold(&lock).await;
            log.note(name);
        },
        priority,
    );
    until(|| task.status() == TaskStatus::Waiting);
    task
}

pub(crate) fn finish(scheduler: &Scheduler, tasks: impl IntoIterator<Item = TaskHandle<()>>) {
    for task in tasks {
        scheduler.block_on(task).unwrap();
    }
    assert_eq!(scheduler.stats().queued_tasks, 0);
}

#[test]
fn a_guard_that_is_leaked_keeps_the_lock_and_nothing_else() {
    on(one_worker(), |scheduler| {
        let (lock, log) = (Arc::new(RawLock::new()), Log::default());
        let (wanted, event) = (lock.clone(), Event::default());
        let waited_for = event.clone();
        let low = scheduler.spawn_with_priority(
            async move {
                std::mem::forget(hold(&wanted).await);
                waited_for.wait().await;
            },
            TaskPriority::Low,
        );
        until(|| lock.is_held() && low.status() == TaskStatus::Waiting);
        let high = taker(scheduler, &lock, &log, "high", TaskPriority::High);
        event.set();
        finish(scheduler, [low]);
        high.cancel().unwrap();
        assert!(scheduler.block_on(high).unwrap_err().is_cancelled());
        assert!(lock.is_held() && !lock.try_acquire());
    });
}

#[test]
fn a_waiter_more_urgent_than_the_releasing_task_is_handed_the_lock() {
    on(one_worker(), |scheduler| {
        let (lock, event, log) = (Arc::new(RawLock::new()), Event::default(), Log::default());
        let greedy = {
            let (lock, event, log) = (lock.clone(), event.clone(), log.clone());
            scheduler.spawn(async move {
                let held = hold(&lock).await;
                event.wait().await;
                drop(held);
                let _again = hold(&lock).await;
                log.note("greedy");
            })
        };
        until(|| lock.is_held() && greedy.status() == TaskStatus::Waiting);
        let normal = taker(scheduler, &lock, &log, "normal", TaskPriority::Normal);
        let high = taker(scheduler, &lock, &log, "high", TaskPriority::High);
        event.set();
        finish(scheduler, [greedy, normal, high]);
        assert_eq!(log.notes()[0], "high");
    });
}

#[test]
fn a_waiter_that_always_comes_too_late_is_handed_the_lock_in_the_end() {
    on(one_worker(), |scheduler| {
        let (lock, log) = (Arc::new(RawLock::new()), Log::default());
        let turns = Arc::new(AtomicUsize::new(0));
        let (wanted, counted) = (lock.clone(), turns.clone());
        // It holds the lock whenever it suspends.
        let greedy = scheduler.spawn(async move {
            loop {
                let held = hold(&wanted).await;
                counted.fetch_add(1, Relaxed);
                coop::yield_now().await;
                drop(held);
            }
        });
        until(|| turns.load(Relaxed) > 0);
        let (wanted, noted) = (lock.clone(), log.clone());
        let other = scheduler.spawn(async move {
            let _held = hold(&wanted).await;
            noted.note("other");
        });
        scheduler.block_on(other).unwrap();
        greedy.cancel().unwrap();
        assert!(scheduler.block_on(greedy).unwrap_err().is_cancelled());
        assert!(!lock.is_held());
    });
}

#[test]
fn a_waiter_that_gives_up_after_it_was_told_passes_that_on() {
    on(one_worker(), |scheduler| {
        // Told to try, as the thread that releases counts as Normal; or handed the lock.
        for priority in [TaskPriority::Normal, TaskPriority::High] {
            let (lock, log) = (Arc::new(RawLock::new()), Log::default());
            let held = scheduler.block_on(hold(&lock));
            let told = taker(scheduler, &lock, &log, "told", priority);
            let next = taker(scheduler, &lock, &log, "next", priority);
            let release = occupy(scheduler);
            drop(held);
            assert_eq!(lock.is_held(), priority == TaskPriority::High);
            told.cancel().unwrap();
            release.open();
            assert!(scheduler.block_on(told).unwrap_err().is_cancelled());
            finish(scheduler, [next]);
            assert_eq!(log.notes(), ["next"]);
            assert!(!lock.is_held());
        }
    });
}

#[test]
fn many_tasks_exclude_one_another_and_all_get_their_turns() {
    on_one_and_four(|scheduler| {
        let lock = Arc::new(RawLock::new());
        let (inside, total) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let (lock, inside, total) = (lock.clone(), inside.clone(), total.clone());
                let priority = TaskPriority::DESCENDING[number % TaskPriority::COUNT];
                let work = async move {
                    for turn in 0..50 {
                        let held = hold(&lock).await;
                        assert_eq!(inside.fetch_add(1, Relaxed), 0);
                        if turn % 3 == 0 {
                            coop::yield_now().await;
                        }
                        inside.fetch_sub(1, Relaxed);
                        total.fetch_add(1, Relaxed);
                        drop(held);
                    }
                };
                scheduler.spawn_with_priority(work, priority)
            })
            .collect();
        finish(scheduler, tasks);
        assert_eq!(total.load(Relaxed), 5_000);
    });
}

#[test]
fn a_lock_works_on_threads_that_are_no_workers_too() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(2).build().unwrap();
        let (lock, total) = (Arc::new(RawLock::new()), Arc::new(AtomicUsize::new(0)));
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    for _ in 0..200 {
                        let _held = scheduler.block_on(hold(&lock));
                        // No read-modify-write: the lock is what makes it right.
                        total.store(total.load(Relaxed) + 1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(total.load(Relaxed), 600);
        scheduler.shutdown().unwrap();
    });
}
