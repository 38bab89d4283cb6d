//! Nothing outlives the last thing that refers to it: a runtime gives its scheduler, its driver and
//! its memory back, whatever came after its end.

use crate::support::{Event, Seeded, watched};
use qi_runtime::TaskPriority;
use qi_sched::{Driver, Scheduler, ThreadDriver};
use std::sync::{Arc, Weak};
use std::thread;

/// A scheduler, and a way to see whether it still exists: its driver lives as long as it does.
fn scheduler() -> (Scheduler, Weak<dyn Driver>) {
    let driver: Arc<dyn Driver> = Arc::new(ThreadDriver::new(2));
    let trace = Arc::downgrade(&driver);
    let scheduler = Scheduler::builder().worker_threads(2).driver(driver).build();
    (scheduler.expect("in range"), trace)
}

#[test]
fn a_spawn_after_the_end_leaves_nothing_behind() {
    watched(|| {
        let (scheduler, trace) = scheduler();
        scheduler.block_on(scheduler.spawn(async {})).expect("it ends");
        scheduler.shutdown().expect("nothing runs");
        for _ in 0..100 {
            let refused = scheduler.spawn(async {});
            assert!(scheduler.block_on(refused).expect_err("too late").is_cancelled());
            drop(scheduler.handle().spawn_pinned(|| async {}));
            drop(scheduler.handle().spawn_blocking(|| ()));
        }
        drop(scheduler);
        assert_eq!(trace.strong_count(), 0);
    });
}

#[test]
fn wakers_and_handles_that_outlive_the_end_keep_memory_only_as_long_as_they_live() {
    watched(|| {
        let (scheduler, trace) = scheduler();
        let event = Event::new();
        let task = scheduler.spawn(event.clone());
        let abort = task.abort_handle();
        crate::support::until(|| event.waiting() == 1);
        scheduler.shutdown().expect("nothing is stuck");
        drop((scheduler, task));
        assert!(trace.strong_count() > 0, "a waker and an abort handle refer to it");
        event.set();
        assert!(abort.cancel().is_err());
        drop((event, abort));
        assert_eq!(trace.strong_count(), 0);
    });
}

#[test]
fn wakes_and_changes_of_priority_that_race_with_the_end_leave_nothing_behind() {
    watched(|| {
        let name = "wakes_and_changes_of_priority_that_race_with_the_end_leave_nothing_behind";
        let mut random = Seeded::new(name);
        for round in 0..150 {
            let (scheduler, trace) = scheduler();
            let event = Event::new();
            let tasks: Arc<Vec<_>> = Arc::new(
                (0..64)
                    .map(|n| {
                        let event = event.clone();
                        match n % 2 {
                            0 => scheduler.spawn(event),
                            _ => scheduler.handle().spawn_pinned(move || event),
                        }
                    })
                    .collect(),
            );
            let wake_after = random.below(200);
            let threads: Vec<_> = (0..2)
                .map(|thread| {
                    let (tasks, event) = (tasks.clone(), event.clone());
                    thread::spawn(move || {
                        if thread == 0 {
                            (0..wake_after).for_each(|_| std::hint::spin_loop());
                            event.set();
                        }
                        for lane in TaskPriority::DESCENDING.into_iter().cycle() {
                            tasks.iter().for_each(|task| task.set_priority(lane));
                            if tasks.iter().all(|task| task.is_finished()) {
                                break;
                            }
                        }
                    })
                })
                .collect();
            (0..random.below(2_000)).for_each(|_| std::hint::spin_loop());
            scheduler.shutdown().expect("nothing is stuck");
            for thread in threads {
                thread.join().expect("no panic");
            }
            drop((scheduler, tasks, event));
            assert_eq!(trace.strong_count(), 0, "round {round}");
        }
    });
}

#[test]
fn a_future_that_is_not_send_is_never_polled_on_another_thread_however_it_is_raised() {
    watched(|| {
        let (scheduler, _trace) = scheduler();
        for _ in 0..100 {
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    scheduler.handle().spawn_pinned(|| async {
                        let home = thread::current().id();
                        let mut moved = false;
                        for _ in 0..5 {
                            qi_runtime::yield_now().await;
                            moved |= thread::current().id() != home;
                        }
                        moved
                    })
                })
                .collect();
            // Hints in several lanes of queues that all workers take from.
            for lane in [TaskPriority::High, TaskPriority::Critical] {
                tasks.iter().for_each(|task| task.set_priority(lane));
            }
            for task in tasks {
                assert!(!scheduler.block_on(task).expect("it ends"), "it moved");
            }
        }
    });
}
