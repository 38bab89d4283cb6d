//! From spawn to the end: states, results, handles.
#![forbid(unsafe_code)]

use crate::support::{Drops, Event, Gate, on_one_and_four, until};
use qi_sched::{Scheduler, TaskPriority, TaskStatus};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[test]
fn a_task_goes_from_pending_over_running_and_waiting_to_completed() {
    on_one_and_four(|scheduler| {
        let (started, go_on, event) = (Gate::default(), Gate::default(), Event::default());
        let blockers: Vec<_> = (0..scheduler.stats().worker_threads)
            .map(|_| {
                let (started, go_on) = (Gate::default(), Gate::default());
                let (begun, release) = (started.clone(), go_on.clone());
                let task = scheduler.spawn(async move {
                    begun.open();
                    release.wait();
                });
                started.wait();
                (task, go_on)
            })
            .collect();
        let task = {
            let (started, go_on, event) = (started.clone(), go_on.clone(), event.clone());
            scheduler.spawn(async move {
                started.open();
                go_on.wait();
                event.wait().await;
                7
            })
        };
        assert_eq!(task.status(), TaskStatus::Pending, "every worker is taken");
        blockers.iter().for_each(|(_, go_on)| go_on.open());
        started.wait();
        assert_eq!(task.status(), TaskStatus::Running);
        go_on.open();
        until(|| event.waiting() == 1 && task.status() == TaskStatus::Waiting);
        event.set();
        assert_eq!(scheduler.block_on(task).unwrap(), 7);
    });
}

#[test]
fn the_final_state_is_visible_when_join_returns() {
    on_one_and_four(|scheduler| {
        for n in 0..200 {
            let task = scheduler.spawn(async move { n });
            let watch = task.abort_handle();
            assert_eq!(scheduler.block_on(task.join()).unwrap(), n);
            assert_eq!(watch.status(), TaskStatus::Completed);
            assert!(watch.is_finished());
        }
    });
}

#[test]
fn awaiting_the_handle_and_joining_it_give_the_same() {
    on_one_and_four(|scheduler| {
        let both = scheduler.spawn(async {
            let awaited = qi_sched::spawn(async { 20 }).await.unwrap();
            awaited + qi_sched::spawn(async { 22 }).join().await.unwrap()
        });
        assert_eq!(scheduler.block_on(both).unwrap(), 42);
    });
}

#[test]
fn a_handle_polled_after_completion_says_that_the_result_was_taken() {
    on_one_and_four(|scheduler| {
        let mut task = scheduler.spawn(async { 5 });
        assert_eq!(scheduler.block_on(&mut task).unwrap(), 5);
        let error = scheduler.block_on(&mut task).unwrap_err();
        assert!(error.is_taken() && !error.is_cancelled() && !error.is_panic(), "{error}");
        assert_eq!(task.status(), TaskStatus::Completed);
    });
}

#[test]
fn a_detached_task_goes_on_and_its_output_is_dropped_once() {
    on_one_and_four(|scheduler| {
        let (event, drops) = (Event::default(), Drops::default());
        let (waited_for, probe) = (event.clone(), drops.probe());
        let watch = {
            let task = scheduler.spawn(async move {
                waited_for.wait().await;
                probe
            });
            task.abort_handle()
        };
        until(|| event.waiting() == 1);
        assert_eq!(drops.count(), 0);
        event.set();
        until(|| drops.count() == 1);
        assert_eq!(watch.status(), TaskStatus::Completed);
    });
}

#[test]
fn a_join_dropped_while_it_waits_loses_nothing_but_the_result() {
    on_one_and_four(|scheduler| {
        let (event, drops) = (Event::default(), Drops::default());
        let (waited_for, probe) = (event.clone(), drops.probe());
        let task = scheduler.spawn(async move {
            waited_for.wait().await;
            drop(probe);
        });
        {
            let mut join = pin!(task.join());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(join.as_mut().poll(&mut cx).is_pending());
        }
        event.set();
        until(|| drops.count() == 1);
    });
}

#[test]
fn a_join_turned_back_into_its_handle_still_has_the_result() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async { "kept" });
        assert_eq!(scheduler.block_on(task.join().into_handle()).unwrap(), "kept");
    });
}

#[test]
fn the_last_of_two_wakers_is_woken() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let mut task = scheduler.spawn(async move { waited_for.wait().await });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(&mut task).poll(&mut cx).is_pending());
        let parent = scheduler.spawn(async move { task.await.is_ok() });
        until(|| event.waiting() == 1);
        event.set();
        assert!(scheduler.block_on(parent).unwrap());
    });
}

#[test]
fn a_future_is_dropped_before_its_result_is_given_out() {
    on_one_and_four(|scheduler| {
        for _ in 0..100 {
            let drops = Drops::default();
            let probe = drops.probe();
            let task = scheduler.spawn(async move {
                let _probe = probe;
            });
            scheduler.block_on(task).unwrap();
            assert_eq!(drops.count(), 1);
        }
    });
}

#[test]
fn ids_are_never_used_twice() {
    on_one_and_four(|scheduler| {
        let outside: Vec<_> = (0..100).map(|_| scheduler.spawn(async {}).id()).collect();
        let inside = scheduler.spawn(async {
            (0..10_000).map(|_| qi_sched::spawn(async {}).id()).collect::<Vec<_>>()
        });
        let mut ids = scheduler.block_on(inside).unwrap();
        ids.extend(outside);
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    });
}

#[test]
fn a_handle_knows_name_place_and_priority_of_its_task() {
    on_one_and_four(|scheduler| {
        let builder = scheduler.handle().task();
        let task = builder.name("reader").priority(TaskPriority::High).spawn(async {});
        assert_eq!(task.name(), Some("reader"));
        assert_eq!(task.priority(), TaskPriority::High);
        assert_eq!(task.location().file(), file!());
        task.set_priority(TaskPriority::Low);
        assert!(task.priority() == TaskPriority::Low || task.is_finished());
        scheduler.block_on(task).unwrap();
    });
}

#[test]
fn two_schedulers_join_each_others_tasks() {
    on_one_and_four(|one| {
        let two = Scheduler::builder().worker_threads(2).build().unwrap();
        let (first, second) = (one.handle().clone(), two.handle().clone());
        let task = one.spawn(async move {
            let mut sum = 0;
            for n in 0..100_u64 {
                let back = first.clone();
                let there = second.spawn(async move {
                    let here = back.spawn(async move { n });
                    here.join().await.unwrap() + 1
                });
                sum += there.join().await.unwrap();
            }
            sum
        });
        assert_eq!(two.block_on(task).unwrap(), 5050);
        two.shutdown().unwrap();
    });
}

#[test]
fn a_handle_polled_by_hand_is_ready_once_the_task_ended() {
    on_one_and_four(|scheduler| {
        let mut task = scheduler.spawn(async { 1 });
        until(|| task.is_finished());
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(result) = pin!(&mut task).poll(&mut cx) else { panic!("not ready") };
        assert_eq!(result.unwrap(), 1);
    });
}
