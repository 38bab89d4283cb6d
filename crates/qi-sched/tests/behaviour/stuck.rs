//! Workers stuck inside one poll: others take over, extra workers come and go.
#![forbid(unsafe_code)]

use crate::support::{Event, Gate, on, until};
use qi_sched::{Scheduler, SchedulerBuilder, TaskPriority, TaskStatus, coop};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn builder(workers: usize) -> SchedulerBuilder {
    let threshold = Duration::from_millis(1);
    Scheduler::builder()
        .worker_threads(workers)
        .stall_threshold(threshold)
        .poll_interval(Duration::from_millis(1))
}

/// Tasks that hold all workers until the gate opens.
fn hold_all(scheduler: &Scheduler) -> Gate {
    let release = Gate::default();
    for _ in 0..scheduler.stats().worker_threads {
        let (begun, released) = (Gate::default(), release.clone());
        let entered = begun.clone();
        drop(scheduler.spawn(async move {
            entered.open();
            released.wait();
        }));
        begun.wait();
    }
    release
}

#[test]
fn a_task_behind_a_stuck_one_is_run_by_another_worker() {
    on(builder(2), |scheduler| {
        let (begun, release) = (Gate::default(), Gate::default());
        let (entered, released) = (begun.clone(), release.clone());
        let stuck = scheduler.spawn(async move {
            // The only entry in this worker's queue: nobody was woken for it.
            let lone = qi_sched::spawn(async { 1 });
            entered.open();
            released.wait();
            [lone]
        });
        begun.wait();
        until(|| scheduler.stats().completed_tasks == 1);
        release.open();
        let [lone] = scheduler.block_on(stuck).unwrap();
        assert_eq!(scheduler.block_on(lone).unwrap(), 1);
    });
}

#[test]
fn a_task_that_a_stuck_one_has_woken_is_run_by_another_worker() {
    on(builder(2), |scheduler| {
        let (asked, event) = (Gate::default(), Event::default());
        let waits = scheduler.spawn({
            let (asked, event) = (asked.clone(), event.clone());
            async move {
                asked.open();
                event.wait().await;
            }
        });
        asked.wait();
        until(|| waits.status() == TaskStatus::Waiting);
        let release = Gate::default();
        let released = release.clone();
        let stuck = scheduler.spawn(async move {
            event.set();
            released.wait();
        });
        until(|| waits.is_finished());
        release.open();
        scheduler.block_on(stuck).unwrap();
    });
}

#[test]
fn the_children_of_a_stuck_poll_are_run_by_others_however_many() {
    for children in [1, 2, 15, 16, 17, 40] {
        on(builder(2), move |scheduler| {
            let release = Gate::default();
            let released = release.clone();
            let stuck = scheduler.spawn(async move {
                let tasks: Vec<_> =
                    (0..children).map(|n| qi_sched::spawn(async move { n })).collect();
                released.wait();
                tasks
            });
            until(|| scheduler.stats().completed_tasks == children);
            release.open();
            for (n, task) in scheduler.block_on(stuck).unwrap().into_iter().enumerate() {
                assert_eq!(scheduler.block_on(task).unwrap(), n as u64);
            }
        });
    }
}

#[test]
fn a_task_that_was_to_begin_with_a_stuck_worker_is_run_by_others() {
    for workers in [1, 2] {
        on(builder(workers), |scheduler| {
            let release = Gate::default();
            let (begun, released) = (Gate::default(), release.clone());
            let entered = begun.clone();
            let at_home = || scheduler.handle().task().home_worker(0).unwrap();
            drop(at_home().spawn(async move {
                entered.open();
                released.wait();
            }));
            begun.wait();
            assert_eq!(scheduler.block_on(at_home().spawn(async { 3 })).unwrap(), 3);
            release.open();
        });
    }
}

#[test]
fn children_are_there_for_others_while_their_parent_blocks() {
    on(builder(1), |scheduler| {
        let task = scheduler.spawn(async {
            let children: Vec<_> = (0..5).map(|n| qi_sched::spawn(async move { n })).collect();
            // The thread that takes the seat over runs them.
            let inner = qi_sched::Handle::current();
            let mut sum = 0;
            for child in children {
                sum += inner.block_on(child).unwrap();
            }
            sum
        });
        assert_eq!(scheduler.block_on(task).unwrap(), 10);
    });
}

#[test]
fn with_all_workers_stuck_an_extra_one_runs_what_waits() {
    for workers in [1, 3] {
        on(builder(workers), |scheduler| {
            let release = hold_all(scheduler);
            let task = scheduler.spawn(async { 2 });
            assert_eq!(scheduler.block_on(task).unwrap(), 2);
            // Counted a moment after it was started.
            until(|| scheduler.stats().extra_workers_started >= 1);
            until(|| scheduler.stats().stalls >= 1);
            release.open();
        });
    }
}

#[test]
fn urgent_work_runs_while_all_are_stuck_and_no_thread_is_left_when_it_is_quiet_again() {
    crate::support::watched(|| {
        for workers in [1, 2, 5] {
            let live = Arc::new(AtomicUsize::new(0));
            let counted = live.clone();
            let builder = builder(workers).around_thread(move |life| {
                counted.fetch_add(1, SeqCst);
                life();
                counted.fetch_sub(1, SeqCst);
            });
            let scheduler = builder.build().unwrap();
            scheduler.block_on(scheduler.spawn(async {})).unwrap();
            // The workers and the monitor.
            let residents = workers + 1;
            until(|| live.load(SeqCst) == residents);
            for _ in 0..2 {
                let release = hold_all(&scheduler);
                let helper = live.clone();
                for _ in 0..20 {
                    let counted = helper.clone();
                    let urgent = async move { counted.load(SeqCst) };
                    let task = scheduler.spawn_with_priority(urgent, TaskPriority::High);
                    let threads = scheduler.block_on(task).unwrap();
                    let most = residents + if workers < 4 { 2 } else { 4 };
                    assert!(threads > residents && threads <= most, "{threads} threads");
                }
                release.open();
                until(|| live.load(SeqCst) == residents);
            }
            scheduler.shutdown().unwrap();
            until(|| live.load(SeqCst) == 0);
        }
    });
}

#[test]
fn a_worker_stuck_in_its_very_first_task_is_rescued_too() {
    // The worker finds its task before it has ever slept.
    let (start, release) = (Gate::default(), Gate::default());
    let (begin, released) = (start.clone(), release.clone());
    crate::support::watched(move || {
        let first = std::sync::atomic::AtomicBool::new(true);
        let builder = builder(1).around_thread(move |life| {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                begin.wait();
            }
            life();
        });
        let scheduler = builder.build().unwrap();
        drop(scheduler.spawn(async move { released.wait() }));
        let behind = scheduler.spawn(async { 3 });
        start.open();
        assert_eq!(scheduler.block_on(behind).unwrap(), 3);
        release.open();
    });
}

#[test]
fn a_pinned_task_begun_by_an_extra_worker_is_woken_there() {
    on(builder(1), |scheduler| {
        let release = hold_all(scheduler);
        let event = Event::default();
        let waited_for = event.clone();
        let pinned = scheduler.handle().spawn_pinned(move || async move {
            let kept = Rc::new(std::thread::current().id());
            waited_for.wait().await;
            *kept == std::thread::current().id()
        });
        until(|| event.waiting() == 1);
        event.set();
        assert!(scheduler.block_on(pinned).unwrap());
        release.open();
    });
}

#[test]
fn a_pinned_task_is_woken_while_its_extra_worker_is_busy() {
    on(builder(1), |scheduler| {
        let release = hold_all(scheduler);
        let (event, begun, hold) = (Event::default(), Gate::default(), Gate::default());
        let (waited_for, entered, held) = (event.clone(), begun.clone(), hold.clone());
        let handle = scheduler.handle().clone();
        let pinned = handle.spawn_pinned(move || async move {
            let kept = Rc::new(());
            let (entered, held) = (entered.clone(), held.clone());
            let busy = qi_sched::spawn_local(async move {
                entered.open();
                held.wait();
            });
            waited_for.wait().await;
            busy.unwrap().await.unwrap();
            Rc::strong_count(&kept)
        });
        begun.wait();
        // The thread sits on an extra seat, inside a poll.
        event.set();
        hold.open();
        assert_eq!(scheduler.block_on(pinned).unwrap(), 1);
        release.open();
    });
}

#[test]
fn shutdown_while_an_extra_worker_runs_ends_in_order() {
    on(builder(1), |scheduler| {
        let release = hold_all(scheduler);
        let (begun, hold) = (Gate::default(), Gate::default());
        let (entered, held) = (begun.clone(), hold.clone());
        let on_extra = scheduler.spawn(async move {
            entered.open();
            held.wait();
        });
        begun.wait();
        let handle = scheduler.handle().clone();
        let helper = std::thread::spawn(move || {
            until(|| handle.state() != qi_sched::SchedState::Running);
            hold.open();
            release.open();
        });
        scheduler.shutdown().unwrap();
        helper.join().unwrap();
        assert_eq!(on_extra.status(), TaskStatus::Completed);
    });
}

#[test]
fn extra_workers_come_and_go_while_others_fall_asleep_and_wake() {
    on(builder(1), |scheduler| {
        for round in 0..20 {
            let release = hold_all(scheduler);
            let tasks: Vec<_> = (0..10)
                .map(|n| {
                    scheduler.spawn(async move {
                        coop::yield_now().await;
                        n + round
                    })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(scheduler.block_on(task).unwrap(), n + round);
            }
            release.open();
            scheduler.block_on(scheduler.spawn(async {})).unwrap();
        }
    });
}

#[test]
fn a_global_task_is_not_left_to_a_stuck_worker_while_another_sleeps() {
    on(builder(2), |scheduler| {
        for _ in 0..200 {
            let (begun, release) = (Gate::default(), Gate::default());
            let (entered, released) = (begun.clone(), release.clone());
            let stuck = scheduler.spawn(async move {
                entered.open();
                released.wait();
            });
            let other = scheduler.spawn(async { 1 });
            begun.wait();
            let third = scheduler.spawn_with_priority(async { 2 }, TaskPriority::Low);
            assert_eq!(scheduler.block_on(other).unwrap(), 1);
            assert_eq!(scheduler.block_on(third).unwrap(), 2);
            release.open();
            scheduler.block_on(stuck).unwrap();
        }
    });
}

#[test]
fn a_task_that_gave_its_seat_away_is_not_reported_as_stuck() {
    let threshold = Duration::from_millis(200);
    let builder = Scheduler::builder().worker_threads(1).stall_threshold(threshold);
    on(builder, move |scheduler| {
        let (begun, release) = (Gate::default(), Gate::default());
        let (entered, released) = (begun.clone(), release.clone());
        let task = scheduler.spawn(async move {
            qi_sched::block_in_place(|| {
                entered.open();
                released.wait();
            });
        });
        begun.wait();
        let since = std::time::Instant::now();
        // The seat's new thread sleeps and wakes, but never polls long.
        while since.elapsed() < 3 * threshold {
            std::thread::yield_now();
        }
        release.open();
        scheduler.block_on(task).unwrap();
        assert_eq!(scheduler.stats().stalls, 0);
    });
}
