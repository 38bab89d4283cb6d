//! Priorities that are changed or lent.
#![forbid(unsafe_code)]

use crate::support::{Event, Gate, Log, on, until};
use qi_sched::{Scheduler, SchedulerBuilder, TaskHandle, TaskPriority, TaskStatus, coop};
use std::time::Duration;

fn one_worker() -> SchedulerBuilder {
    // However slow the machine is, no extra worker may take from the backlog while it is laid out.
    Scheduler::builder().worker_threads(1).stall_threshold(Duration::from_secs(3600))
}

/// Occupies the one worker until the gate opens, so that a backlog can be laid out.
fn occupy(scheduler: &Scheduler) -> Gate {
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

fn noting(
    scheduler: &Scheduler,
    log: &Log,
    name: &'static str,
    priority: TaskPriority,
) -> TaskHandle<()> {
    let log = log.clone();
    scheduler.spawn_with_priority(async move { log.note(name) }, priority)
}

#[test]
fn set_priority_moves_a_queued_task_up() {
    on(one_worker(), |scheduler| {
        let (log, release) = (Log::default(), occupy(scheduler));
        let mut tasks: Vec<_> =
            (0..5).map(|_| noting(scheduler, &log, "normal", TaskPriority::Normal)).collect();
        let low = noting(scheduler, &log, "raised", TaskPriority::Low);
        low.set_priority(TaskPriority::High);
        assert_eq!(scheduler.stats().queued_tasks, 6, "a second hint is no second task");
        tasks.push(low);
        release.open();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(log.notes()[0], "raised");
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn lowering_takes_effect_at_the_next_queueing() {
    on(one_worker(), |scheduler| {
        let log = Log::default();
        let (begun, event) = (Gate::default(), Event::default());
        let (entered, waited_for, noted) = (begun.clone(), event.clone(), log.clone());
        let lowered = scheduler.spawn_with_priority(
            async move {
                entered.open();
                waited_for.wait().await;
                noted.note("lowered");
            },
            TaskPriority::High,
        );
        begun.wait();
        until(|| event.waiting() == 1);
        lowered.set_priority(TaskPriority::Low);
        let release = occupy(scheduler);
        event.set();
        let normal = noting(scheduler, &log, "normal", TaskPriority::Normal);
        release.open();
        scheduler.block_on(lowered).unwrap();
        scheduler.block_on(normal).unwrap();
        assert_eq!(log.notes(), ["normal", "lowered"]);
    });
}

/// A High task waits for a Low one behind many Normal ones. Which comes first: the Low one, or the
/// last of the Normal ones?
fn low_behind_normals(scheduler: &Scheduler, chain: bool) -> usize {
    let log = Log::default();
    let release = occupy(scheduler);
    let noted = log.clone();
    let mut low = scheduler.spawn_with_priority(
        async move {
            coop::yield_now().await;
            noted.note("low");
        },
        TaskPriority::Low,
    );
    if chain {
        let inner = low;
        low = scheduler.spawn_with_priority(async move { inner.await.unwrap() }, TaskPriority::Low);
    }
    let normals: Vec<_> = (0..500)
        .map(|_| {
            let noted = log.clone();
            scheduler.spawn(async move {
                coop::yield_now().await;
                noted.note("normal");
            })
        })
        .collect();
    let high = scheduler.spawn_with_priority(async move { low.await.unwrap() }, TaskPriority::High);
    release.open();
    scheduler.block_on(high).unwrap();
    for normal in normals {
        scheduler.block_on(normal).unwrap();
    }
    let notes = log.notes();
    assert_eq!(notes.len(), 501);
    notes.iter().position(|name| *name == "low").unwrap()
}

#[test]
fn a_task_lends_its_urgency_to_the_one_it_waits_for() {
    on(one_worker(), |scheduler| {
        assert!(low_behind_normals(scheduler, false) < 5);
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn urgency_is_passed_on_along_a_chain_of_joins() {
    on(one_worker(), |scheduler| {
        assert!(low_behind_normals(scheduler, true) < 5);
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn urgency_reaches_a_chain_that_waits_already() {
    on(one_worker(), |scheduler| {
        let (event, log) = (Event::default(), Log::default());
        let (waited_for, noted) = (event.clone(), log.clone());
        let bottom = scheduler.spawn_with_priority(
            async move {
                waited_for.wait().await;
                noted.note("bottom");
            },
            TaskPriority::Low,
        );
        let watch = bottom.abort_handle();
        let middle =
            scheduler.spawn_with_priority(async move { bottom.await.unwrap() }, TaskPriority::Low);
        until(|| middle.status() == TaskStatus::Waiting && event.waiting() == 1);
        let top =
            scheduler.spawn_with_priority(async move { middle.await.unwrap() }, TaskPriority::High);
        until(|| top.status() == TaskStatus::Waiting);
        let lane_of_bottom = || {
            let tasks = scheduler.stats().tasks();
            tasks.iter().find(|task| task.id == watch.id()).map(|task| task.lane)
        };
        until(|| lane_of_bottom() == Some(TaskPriority::High));
        let release = occupy(scheduler);
        let normals: Vec<_> =
            (0..100).map(|_| noting(scheduler, &log, "normal", TaskPriority::Normal)).collect();
        event.set();
        assert_eq!(scheduler.stats().queued_tasks, 101);
        release.open();
        scheduler.block_on(top).unwrap();
        for normal in normals {
            scheduler.block_on(normal).unwrap();
        }
        assert_eq!(log.notes()[0], "bottom");
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn a_waiter_that_becomes_more_urgent_lends_that_too() {
    on(one_worker(), |scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let bottom = scheduler
            .spawn_with_priority(async move { waited_for.wait().await }, TaskPriority::Low);
        let watch = bottom.abort_handle();
        let top =
            scheduler.spawn_with_priority(async move { bottom.await.unwrap() }, TaskPriority::Low);
        until(|| top.status() == TaskStatus::Waiting && event.waiting() == 1);
        top.set_priority(TaskPriority::Critical);
        let lane_of_bottom = || {
            let tasks = scheduler.stats().tasks();
            tasks.iter().find(|task| task.id == watch.id()).map(|task| task.lane)
        };
        until(|| lane_of_bottom() == Some(TaskPriority::Critical));
        event.set();
        scheduler.block_on(top).unwrap();
        assert_eq!(scheduler.stats().queued_tasks, 0);
    });
}

#[test]
fn with_the_switch_off_nothing_is_lent() {
    on(one_worker().escalation(false).run_in_place(false), |scheduler| {
        assert!(low_behind_normals(scheduler, false) > 5);
    });
}

#[test]
fn a_borrowed_urgency_ends_when_the_waiter_gives_up() {
    on(one_worker(), |scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let low = scheduler
            .spawn_with_priority(async move { waited_for.wait().await }, TaskPriority::Low);
        let watch = low.abort_handle();
        let high =
            scheduler.spawn_with_priority(async move { low.await.unwrap() }, TaskPriority::High);
        let lane = || {
            let tasks = scheduler.stats().tasks();
            tasks.iter().find(|task| task.id == watch.id()).map(|task| task.lane)
        };
        until(|| lane() == Some(TaskPriority::High));
        high.cancel().unwrap();
        assert!(scheduler.block_on(high).unwrap_err().is_cancelled());
        until(|| lane() == Some(TaskPriority::Low));
        event.set();
        until(|| watch.is_finished());
    });
}

#[test]
fn toggling_the_priority_of_a_queued_task_leaves_a_bounded_number_of_entries() {
    on(one_worker(), |scheduler| {
        let (log, release) = (Log::default(), occupy(scheduler));
        let task = noting(scheduler, &log, "toggled", TaskPriority::Low);
        for _ in 0..10_000 {
            task.set_priority(TaskPriority::High);
            task.set_priority(TaskPriority::Low);
        }
        let depth = scheduler.stats().global_queue_depth;
        release.open();
        scheduler.block_on(task).unwrap();
        assert!(depth < 100, "{depth} entries for one task");
    });
}
