//! Figures: they add up when nothing runs, and live tasks are listed as they are.
#![forbid(unsafe_code)]

use crate::support::{Event, Gate, on, on_one_and_four, until};
use qi_sched::{Scheduler, TaskPriority, TaskStatus, coop};
use std::time::Duration;

#[test]
fn the_counts_add_up_to_the_task() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waiting: Vec<_> = (0..7)
            .map(|_| {
                let event = event.clone();
                scheduler.spawn(async move { event.wait().await })
            })
            .collect();
        for n in 0..50_u64 {
            let task = scheduler.spawn(async move {
                for _ in 0..n % 5 {
                    coop::yield_now().await;
                }
                assert!(n % 10 != 3, "some fail");
            });
            assert_eq!(scheduler.block_on(task).is_err(), n % 10 == 3);
        }
        until(|| event.waiting() == 7);
        for task in &waiting[..3] {
            task.cancel().unwrap();
        }
        until(|| scheduler.stats().cancelled_tasks == 3);
        let stats = scheduler.stats();
        assert_eq!(stats.spawned_tasks, 57);
        assert_eq!((stats.completed_tasks, stats.failed_tasks), (45, 5));
        assert_eq!((stats.active_tasks, stats.queued_tasks), (4, 0));
        assert!(stats.memory_chunks > 0);
        let polls: u64 = stats.workers.iter().flat_map(|worker| worker.polls).sum();
        assert!(polls >= 57 + 100, "{polls}");
        event.set();
        for task in waiting {
            let _ = scheduler.block_on(task);
        }
        assert_eq!(scheduler.stats().completed_tasks, 49);
    });
}

#[test]
fn live_tasks_are_listed_with_name_lane_place_and_state() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let (event, begun, release) = (Event::default(), Gate::default(), Gate::default());
        let waited_for = event.clone();
        let builder = scheduler.handle().task().name("waiter").priority(TaskPriority::High);
        let waiter = builder.spawn(async move { waited_for.wait().await });
        until(|| waiter.status() == TaskStatus::Waiting);
        let (entered, released) = (begun.clone(), release.clone());
        let runner = scheduler.handle().task().name("runner").spawn(async move {
            entered.open();
            released.wait();
        });
        begun.wait();
        let queued = scheduler.handle().task().priority(TaskPriority::Low).spawn(async {});
        let pinned = scheduler.handle().task().name("pinned").spawn_pinned(|| async {});
        let tasks = scheduler.stats().tasks();
        assert_eq!(tasks.len(), 4);
        let find = |id| tasks.iter().find(|task| task.id == id).unwrap();
        let info = find(waiter.id());
        assert_eq!((info.status, info.lane), (TaskStatus::Waiting, TaskPriority::High));
        assert_eq!((info.name.as_deref(), info.polls), (Some("waiter"), 1));
        let info = find(runner.id());
        assert_eq!((info.status, info.lane), (TaskStatus::Running, TaskPriority::Normal));
        assert!(!info.pinned && !info.blocking);
        let info = find(queued.id());
        assert_eq!((info.status, info.priority), (TaskStatus::Pending, TaskPriority::Low));
        assert_eq!((info.name.as_deref(), info.polls), (None, 0));
        assert_eq!(info.location.file(), file!());
        assert!(find(pinned.id()).pinned);
        assert_eq!(scheduler.stats().queued_tasks, 2);
        release.open();
        event.set();
        for task in [waiter, runner, queued, pinned] {
            scheduler.block_on(task).unwrap();
        }
        assert!(scheduler.stats().tasks().is_empty());
    });
}

#[test]
fn listing_tasks_while_they_come_and_go_does_no_harm() {
    on_one_and_four(|scheduler| {
        let load = scheduler.spawn(async {
            for _ in 0..2_000 {
                let large = [0_u8; 4096];
                let child = qi_sched::spawn(async move {
                    coop::yield_now().await;
                    large.len()
                });
                assert_eq!(child.await.unwrap(), 4096);
                qi_sched::spawn(async {}).await.unwrap();
            }
        });
        while !load.is_finished() {
            for task in scheduler.stats().tasks() {
                assert!(!task.location.file().is_empty());
            }
        }
        scheduler.block_on(load).unwrap();
    });
}

#[test]
fn the_longest_poll_is_never_less_than_it_was() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let busy = Duration::from_millis(20);
        let task = scheduler.spawn(async move {
            let begun = std::time::Instant::now();
            while begun.elapsed() < busy {
                std::hint::spin_loop();
            }
        });
        scheduler.block_on(task).unwrap();
        let longest = || scheduler.stats().workers[0].longest_poll;
        // It is noted at the worker's next look at the clock.
        until(|| {
            let _ = scheduler.block_on(scheduler.spawn(async {}));
            longest() >= busy
        });
    });
}
