//! Tasks that stay on their thread.
#![forbid(unsafe_code)]

use crate::support::{Drops, Event, on_one_and_four, until};
use qi_sched::{Handle, TaskPriority, TaskStatus, coop};
use std::cell::Cell;
use std::rc::Rc;
use std::thread;

#[test]
fn a_pinned_task_may_hold_an_rc_and_never_changes_its_thread() {
    on_one_and_four(|scheduler| {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                scheduler.handle().spawn_pinned(|| async {
                    let (count, home) = (Rc::new(Cell::new(0)), thread::current().id());
                    for _ in 0..100 {
                        coop::yield_now().await;
                        assert_eq!(thread::current().id(), home);
                        count.set(count.get() + 1);
                    }
                    count.get()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(scheduler.block_on(task).unwrap(), 100);
        }
    });
}

#[test]
fn a_pinned_task_woken_from_elsewhere_runs_on_its_thread() {
    on_one_and_four(|scheduler| {
        let pairs: Vec<_> = (0..20)
            .map(|_| {
                let event = Event::default();
                let waited_for = event.clone();
                let task = scheduler.handle().spawn_pinned(move || async move {
                    let (home, guard) = (thread::current().id(), Rc::new(()));
                    waited_for.wait().await;
                    drop(guard);
                    home == thread::current().id()
                });
                (event, task)
            })
            .collect();
        for (event, task) in pairs {
            until(|| event.waiting() == 1);
            event.set();
            assert!(scheduler.block_on(task).unwrap());
        }
    });
}

#[test]
fn a_cancelled_pinned_future_is_dropped_on_its_thread() {
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let homes: Vec<_> = (0..20)
            .map(|_| {
                let (event, probe) = (Event::default(), drops.probe());
                let waited_for = event.clone();
                let home = std::sync::Arc::new(std::sync::OnceLock::new());
                let own = home.clone();
                let task = scheduler.handle().spawn_pinned(move || async move {
                    let (_probe, _rc) = (probe, Rc::new(()));
                    own.set(thread::current().id()).unwrap();
                    waited_for.wait().await;
                });
                until(|| event.waiting() == 1);
                task.cancel().unwrap();
                assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
                *home.get().unwrap()
            })
            .collect();
        let dropped: Vec<_> = drops.places().iter().map(|(thread, _)| *thread).collect();
        assert_eq!(dropped, homes);
    });
}

#[test]
fn shutdown_drops_pinned_futures_on_their_threads() {
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let (send, homes) = std::sync::mpsc::channel();
        for _ in 0..40 {
            let (probe, send) = (drops.probe(), send.clone());
            drop(scheduler.handle().spawn_pinned(move || async move {
                let (_probe, _rc) = (probe, Rc::new(()));
                send.send(thread::current().id()).unwrap();
                std::future::pending::<()>().await;
            }));
        }
        drop(send);
        let mut homes: Vec<_> = (0..40).map(|_| homes.recv().unwrap()).collect();
        scheduler.shutdown().unwrap();
        let mut dropped: Vec<_> = drops.places().iter().map(|(thread, _)| *thread).collect();
        let text = |thread: &thread::ThreadId| format!("{thread:?}");
        homes.sort_by_key(text);
        dropped.sort_by_key(text);
        assert_eq!(dropped, homes);
    });
}

#[test]
fn a_thread_that_gave_its_seat_away_keeps_its_pinned_tasks() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move {
            let home = thread::current().id();
            let waits = waited_for.clone();
            let local = qi_sched::spawn_local(async move {
                let kept = Rc::new(thread::current().id());
                waits.wait().await;
                assert_eq!(*kept, thread::current().id());
                *kept == home
            });
            let local = local.unwrap();
            let watch = local.abort_handle();
            drop(local);
            qi_sched::block_in_place(|| ());
            watch
        });
        let watch = scheduler.block_on(task).unwrap();
        until(|| watch.status() == TaskStatus::Waiting);
        event.set();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), TaskStatus::Completed);
    });
}

#[test]
fn spawn_local_outside_a_worker_is_an_error_and_drops_the_future() {
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let (free, of_handle) = (drops.probe(), drops.probe());
        let error = qi_sched::spawn_local(async move { drop(free) }).unwrap_err();
        assert!(!error.to_string().is_empty() && !error.message_zh().is_empty());
        let task = scheduler.handle().task().spawn_local(async move { drop(of_handle) });
        assert!(task.is_err());
        assert_eq!(drops.count(), 2);
        let in_call =
            scheduler.handle().spawn_blocking(|| qi_sched::spawn_local(async {}).is_err());
        assert!(scheduler.block_on(in_call).unwrap(), "a blocking call is on no worker");
    });
}

#[test]
fn an_urgent_pinned_task_goes_before_others_on_its_thread() {
    on_one_and_four(|scheduler| {
        let task = scheduler.spawn(async {
            let log = Rc::new(std::cell::RefCell::new(Vec::new()));
            let handle = Handle::current();
            let spawn = |priority, name: &'static str| {
                let log = log.clone();
                let builder = handle.task().priority(priority);
                builder.spawn_local(async move { log.borrow_mut().push(name) }).unwrap()
            };
            let waits = [
                spawn(TaskPriority::Low, "low"),
                spawn(TaskPriority::Normal, "normal"),
                spawn(TaskPriority::Critical, "critical"),
                spawn(TaskPriority::High, "high"),
            ];
            let order = log.clone();
            let check = qi_sched::spawn_local(async move {
                for wait in waits {
                    wait.await.unwrap();
                }
                assert_eq!(*order.borrow(), ["critical", "high", "normal", "low"]);
            });
            check.unwrap().abort_handle()
        });
        let watch = scheduler.block_on(task).unwrap();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), TaskStatus::Completed);
    });
}

#[test]
fn a_pinned_task_raised_while_it_ends_leaves_nothing_behind() {
    on_one_and_four(|scheduler| {
        for _ in 0..200 {
            let task = scheduler.handle().spawn_pinned(|| async {
                for _ in 0..3 {
                    coop::yield_now().await;
                }
            });
            for priority in [TaskPriority::Low, TaskPriority::High, TaskPriority::Critical] {
                task.set_priority(priority);
            }
            drop(task);
        }
    });
}
