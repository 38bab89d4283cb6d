//! The end: what shutdown cancels, refuses, waits for and reports.
#![forbid(unsafe_code)]

use crate::support::{Drops, Event, Gate, on, on_one_and_four, until, watched};
use qi_sched::{SchedState, Scheduler, ShutdownError, TaskStatus, coop};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn shutdown_drops_every_future_once_on_a_worker() {
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let mut tasks = Vec::new();
        for n in 0..200 {
            let (probe, event) = (drops.probe(), Event::default());
            tasks.push(scheduler.spawn(async move {
                let _probe = probe;
                if n % 2 == 0 {
                    event.wait().await;
                } else {
                    loop {
                        coop::yield_now().await;
                    }
                }
            }));
        }
        scheduler.shutdown().unwrap();
        assert_eq!(drops.count(), 200);
        let here = std::thread::current().id();
        assert!(drops.places().iter().all(|(thread, _)| *thread != here));
        for task in tasks {
            assert_eq!(task.status(), TaskStatus::Cancelled);
            assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        }
        scheduler.shutdown().unwrap();
    });
}

#[test]
fn a_future_spawned_after_the_shutdown_is_dropped_by_the_caller() {
    on_one_and_four(|scheduler| {
        scheduler.shutdown().unwrap();
        let here = std::thread::current().id();
        let drops = Drops::default();
        let handle = scheduler.handle();
        let tasks = [drops.probe(), drops.probe()].map(|probe| {
            handle.spawn(async move {
                let _probe = probe;
            })
        });
        let (pinned, blocking) = (drops.probe(), drops.probe());
        let pinned = handle.spawn_pinned(move || async move { drop(pinned) });
        let blocking = handle.spawn_blocking(move || drop(blocking));
        assert_eq!(drops.count(), 4);
        assert!(drops.places().iter().all(|(thread, _)| *thread == here));
        for task in tasks.into_iter().chain([pinned, blocking]) {
            assert_eq!(task.status(), TaskStatus::Cancelled);
            assert!(task.cancel().is_err());
            assert!(scheduler.block_on(task.join()).unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_task_may_spawn_wake_cancel_and_join_while_the_scheduler_closes() {
    on_one_and_four(|scheduler| {
        let (begun, event) = (Gate::default(), Event::default());
        let (entered, waited_for) = (begun.clone(), event.clone());
        let handle = scheduler.handle().clone();
        let victim = scheduler.spawn(async move { waited_for.wait().await });
        let abort = victim.abort_handle();
        let task = scheduler.spawn(async move {
            entered.open();
            until(|| handle.state() != SchedState::Running);
            let late = qi_sched::spawn(async { unreachable!("nothing begins any more") });
            event.set();
            let _ = abort.cancel();
            let refused = handle.block_on(late).unwrap_err().is_cancelled();
            let local = qi_sched::spawn_local(async {}).unwrap();
            (refused, handle.block_on(local).unwrap_err().is_cancelled())
        });
        begun.wait();
        scheduler.shutdown().unwrap();
        assert_eq!(scheduler.block_on(task).unwrap(), (true, true));
        let _ = scheduler.block_on(victim);
    });
}

#[test]
fn the_scheduler_may_be_dropped_inside_its_own_task() {
    for workers in [1, 4] {
        watched(move || {
            let held = Arc::new(());
            let around = held.clone();
            let builder = Scheduler::builder().worker_threads(workers);
            let builder = builder.around_thread(move |life| {
                let _held = &around;
                life();
            });
            let scheduler = builder.build().unwrap();
            let (handle, drops, event) =
                (scheduler.handle().clone(), Drops::default(), Event::default());
            let probe = drops.probe();
            let other = handle.spawn(async move {
                let _probe = probe;
                event.wait().await;
            });
            let task = handle.spawn(async move {
                drop(scheduler);
                "dropped"
            });
            assert_eq!(handle.block_on(task).unwrap(), "dropped");
            assert!(handle.block_on(other).unwrap_err().is_cancelled());
            until(|| handle.state() == SchedState::Stopped);
            assert_eq!(drops.count(), 1);
            drop(handle);
            until(|| Arc::strong_count(&held) == 1);
        });
    }
}

#[test]
fn the_scheduler_may_be_dropped_in_a_blocking_call_and_in_a_root_future() {
    watched(|| {
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        let handle = scheduler.handle().clone();
        let call = handle.spawn_blocking(move || drop(scheduler));
        handle.block_on(call).unwrap();
        until(|| handle.state() == SchedState::Stopped);
        let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
        let handle = scheduler.handle().clone();
        handle.block_on(async move { drop(scheduler) });
        assert_eq!(handle.state(), SchedState::Stopped);
    });
}

#[test]
fn shutdown_with_a_stuck_task_names_it() {
    let timeout = Duration::from_millis(50);
    let builder = Scheduler::builder().worker_threads(2).shutdown_timeout(timeout);
    on(builder, move |scheduler| {
        let (begun, release) = (Gate::default(), Gate::default());
        let (entered, released) = (begun.clone(), release.clone());
        let task = scheduler.handle().task().name("stubborn").spawn(async move {
            entered.open();
            released.wait();
        });
        begun.wait();
        let error = scheduler.shutdown().unwrap_err();
        let ShutdownError::LeftBehind { tasks, threads, waited } = &error else {
            panic!("{error}");
        };
        assert_eq!(tasks.len(), 1);
        assert!(tasks[0].contains("stubborn") && tasks[0].contains("running"), "{tasks:?}");
        assert!(*threads >= 1);
        assert!(*waited >= timeout);
        assert!(error.to_string().contains("stubborn"));
        assert!(error.message_zh().contains("stubborn"));
        release.open();
        // Its poll returned the result, and that wins.
        scheduler.block_on(task).unwrap();
        until(|| scheduler.handle().state() == SchedState::Stopped);
    });
}

#[test]
fn a_graceful_shutdown_lets_tasks_finish_and_reports() {
    on_one_and_four(|scheduler| {
        let before = scheduler.spawn(async {});
        scheduler.block_on(before).unwrap();
        let event = Event::default();
        for n in 0..10 {
            let waited_for = event.clone();
            drop(scheduler.spawn(async move {
                waited_for.wait().await;
                for _ in 0..10 {
                    coop::yield_now().await;
                }
                // Tasks may still spawn.
                let child = qi_sched::spawn(async move { n });
                assert_eq!(child.await.unwrap(), n);
            }));
        }
        let handle = scheduler.handle().clone();
        let helper = std::thread::spawn(move || {
            until(|| handle.state() == SchedState::ShuttingDown);
            event.set();
        });
        let report = scheduler.shutdown_graceful(LONG);
        helper.join().unwrap();
        assert_eq!((report.completed, report.cancelled, report.failed), (20, 0, 0), "{report:?}");
        assert!(report.left_behind.is_empty());
    });
}

#[test]
fn a_graceful_shutdown_cancels_what_is_left_at_the_deadline() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move { waited_for.wait().await });
        until(|| event.waiting() == 1);
        let failing = scheduler.spawn(async { panic!("meanwhile") });
        assert!(scheduler.block_on(failing).is_err());
        let report = scheduler.shutdown_graceful(Duration::from_millis(1));
        assert_eq!((report.completed, report.cancelled, report.failed), (0, 1, 0), "{report:?}");
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_graceful_shutdown_without_a_limit_waits_for_the_last_task() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move { waited_for.wait().await });
        until(|| event.waiting() == 1);
        let handle = scheduler.handle().clone();
        let helper = std::thread::spawn(move || {
            until(|| handle.state() == SchedState::ShuttingDown);
            event.set();
        });
        let report = scheduler.shutdown_graceful(Duration::MAX);
        assert_eq!((report.completed, report.cancelled), (1, 0));
        helper.join().unwrap();
        scheduler.block_on(task).unwrap();
    });
}

#[test]
fn foreign_threads_cannot_spawn_while_the_scheduler_drains() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let waited_for = event.clone();
        let task = scheduler.spawn(async move { waited_for.wait().await });
        let handle = scheduler.handle().clone();
        let helper = std::thread::spawn(move || {
            until(|| handle.state() == SchedState::ShuttingDown);
            let refused = handle.spawn(async {});
            event.set();
            handle.block_on(refused).unwrap_err().is_cancelled()
        });
        scheduler.shutdown_graceful(LONG);
        assert!(helper.join().unwrap());
        scheduler.block_on(task).unwrap();
    });
}

#[test]
fn refused_spawns_do_not_hold_a_graceful_shutdown_up() {
    for _ in 0..50 {
        on(Scheduler::builder().worker_threads(2), |scheduler| {
            let spawners: Vec<_> = (0..3)
                .map(|_| {
                    let handle = scheduler.handle().clone();
                    std::thread::spawn(move || {
                        while handle.state() != SchedState::Stopped {
                            drop(handle.spawn(async {}));
                        }
                    })
                })
                .collect();
            // These are still alive when the others are refused.
            for _ in 0..20 {
                drop(scheduler.spawn(async {
                    for _ in 0..100 {
                        coop::yield_now().await;
                    }
                }));
            }
            scheduler.shutdown_graceful(LONG);
            spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
        });
    }
}

#[test]
fn a_task_without_a_seat_may_spawn_while_the_scheduler_drains() {
    on_one_and_four(|scheduler| {
        let handle = scheduler.handle().clone();
        let begun = Gate::default();
        let entered = begun.clone();
        let task = scheduler.spawn(async move {
            qi_sched::block_in_place(|| ());
            entered.open();
            until(|| handle.state() == SchedState::ShuttingDown);
            qi_sched::spawn(async { 3 }).await
        });
        begun.wait();
        scheduler.shutdown_graceful(LONG);
        assert_eq!(scheduler.block_on(task).unwrap().unwrap(), 3);
    });
}

#[test]
fn a_drop_that_spawns_and_wakes_during_shutdown_does_no_harm() {
    struct Busy(Event, qi_sched::Handle, Drops);
    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.set();
            let probe = self.2.probe();
            drop(self.1.spawn(async move { drop(probe) }));
        }
    }
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let events: Vec<Event> = (0..50).map(|_| Event::default()).collect();
        for n in 0..50 {
            let neighbour = events[(n + 1) % 50].clone();
            let busy = Busy(neighbour, scheduler.handle().clone(), drops.clone());
            let event = events[n].clone();
            drop(scheduler.spawn(async move {
                let _busy = busy;
                event.wait().await;
            }));
        }
        until(|| events.iter().all(|event| event.waiting() == 1));
        scheduler.shutdown().unwrap();
        assert_eq!(drops.count(), 50);
    });
}

#[test]
fn several_threads_may_shut_down_at_once() {
    on_one_and_four(|scheduler| {
        drop(scheduler.spawn(std::future::pending::<()>()));
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| scheduler.shutdown().unwrap());
            }
        });
    });
}

#[test]
fn a_shutdown_from_a_task_begins_it_and_returns() {
    on_one_and_four(|scheduler| {
        let scheduler_of_task = scheduler.handle().clone();
        let other = Scheduler::builder().worker_threads(1).build().unwrap();
        let inner = Arc::new(other);
        let own = inner.clone();
        let task = inner.spawn(async move {
            own.shutdown().unwrap();
            own.handle().state()
        });
        assert_ne!(scheduler_of_task.block_on(task).unwrap(), SchedState::Running);
        let handle = inner.handle().clone();
        until(|| handle.state() == SchedState::Stopped);
    });
}

#[test]
fn spawns_racing_with_the_shutdown_are_run_or_cancelled() {
    for round in 0..30 {
        let builder = Scheduler::builder().worker_threads(1 + round % 3);
        on(builder, move |scheduler| {
            let drops = Drops::default();
            let spawners: Vec<_> = (0..3)
                .map(|_| {
                    let (handle, drops) = (scheduler.handle().clone(), drops.clone());
                    std::thread::spawn(move || {
                        let mut spawned = 0;
                        while handle.state() == SchedState::Running || spawned < 20 {
                            let probe = drops.probe();
                            drop(handle.spawn(async move {
                                let _probe = probe;
                                std::future::pending::<()>().await;
                            }));
                            spawned += 1;
                        }
                        spawned
                    })
                })
                .collect();
            until(|| scheduler.stats().spawned_tasks > 50);
            scheduler.shutdown().unwrap();
            let spawned: usize = spawners.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert_eq!(drops.count(), spawned);
        });
    }
}

#[test]
fn pinned_tasks_spawned_while_the_scheduler_closes_do_not_hold_it_up() {
    for _ in 0..50 {
        on(Scheduler::builder().worker_threads(2), |scheduler| {
            for _ in 0..2 {
                drop(scheduler.spawn(async {
                    loop {
                        let local = qi_sched::spawn_local(std::future::pending::<()>());
                        drop(local.unwrap());
                        coop::yield_now().await;
                    }
                }));
            }
            until(|| scheduler.stats().spawned_tasks > 20);
            scheduler.shutdown().unwrap();
        });
    }
}

#[test]
fn tasks_that_respawn_themselves_do_not_hold_the_shutdown_up() {
    fn again() {
        drop(qi_sched::spawn(async { again() }));
    }
    for _ in 0..20 {
        on(Scheduler::builder().worker_threads(2), |scheduler| {
            for _ in 0..8 {
                drop(scheduler.spawn(async {
                    again();
                    loop {
                        drop(qi_sched::spawn(async {
                            loop {
                                coop::yield_now().await;
                            }
                        }));
                        for _ in 0..64 {
                            coop::yield_now().await;
                        }
                    }
                }));
            }
            until(|| scheduler.stats().spawned_tasks > 100);
            scheduler.shutdown().unwrap();
        });
    }
}
