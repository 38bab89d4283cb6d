//! Tasks whose code has a stack of its own, as the scheduler sees them. Futures stand for the code.
#![forbid(unsafe_code)]

use crate::support::{Drops, Event, Gate, on, on_one_and_four, until};
use qi_sched::{Handle, Scheduler, TaskPriority, TaskStatus, coop, stackful};
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;

#[test]
fn one_that_has_begun_never_changes_its_thread_however_it_is_woken() {
    on_one_and_four(|scheduler| {
        let parent = scheduler.spawn(async {
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    Handle::current().task().spawn_stackful(|| async {
                        let (count, home) = (Rc::new(Cell::new(0)), thread::current().id());
                        for round in 0..40 {
                            if round % 4 == 0 {
                                qi_sched::spawn(async {}).await.unwrap();
                            } else {
                                coop::yield_now().await;
                            }
                            assert_eq!(thread::current().id(), home);
                            count.set(count.get() + 1);
                        }
                        count.get()
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.join().await.unwrap(), 40);
            }
        });
        scheduler.block_on(parent).unwrap();
    });
}

#[test]
fn others_take_those_that_have_not_begun_from_a_worker_that_is_stuck() {
    on(Scheduler::builder().worker_threads(2), |scheduler| {
        let (gate, ran) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let (door, counted) = (gate.clone(), ran.clone());
        let stuck = scheduler.spawn(async move {
            let children: Vec<_> = (0..20)
                .map(|_| {
                    let ran = counted.clone();
                    Handle::current().task().spawn_stackful(move || async move {
                        ran.fetch_add(1, SeqCst);
                    })
                })
                .collect();
            door.wait();
            drop(children);
        });
        until(|| ran.load(SeqCst) == 20);
        gate.open();
        scheduler.block_on(stuck).unwrap();
    });
}

#[test]
fn one_that_has_begun_is_told_once_of_its_cancellation_and_may_wait_on() {
    on_one_and_four(|scheduler| {
        let (event, last) = (Event::default(), Event::default());
        let (waited_for, awaited_last) = (event.clone(), last.clone());
        let told = Arc::new(AtomicUsize::new(0));
        let counted = told.clone();
        let task = scheduler.handle().task().spawn_stackful(move || async move {
            let mut wait = Box::pin(waited_for.wait());
            poll_fn(|cx| {
                if stackful::is_cancelled() {
                    counted.fetch_add(1, SeqCst);
                    return Poll::Ready(());
                }
                wait.as_mut().poll(cx)
            })
            .await;
            awaited_last.wait().await;
            "what it says is its result"
        });
        until(|| event.waiting() == 1);
        task.cancel().unwrap();
        until(|| last.waiting() == 1);
        task.cancel().unwrap();
        assert_ne!(task.status(), TaskStatus::Cancelled);
        last.set();
        assert_eq!(scheduler.block_on(task).unwrap(), "what it says is its result");
        assert_eq!(told.load(SeqCst), 1);
    });
}

#[test]
fn one_that_unwinds_as_cancelled_is_cancelled_and_not_failed() {
    on_one_and_four(|scheduler| {
        let (event, drops) = (Event::default(), Drops::default());
        let (waited_for, probe) = (event.clone(), drops.probe());
        let task = scheduler.handle().task().spawn_stackful(move || async move {
            let _probe = probe;
            let mut wait = Box::pin(waited_for.wait());
            poll_fn(|cx| {
                if stackful::is_cancelled() {
                    stackful::unwind_as_cancelled();
                }
                wait.as_mut().poll(cx)
            })
            .await;
        });
        until(|| event.waiting() == 1);
        task.cancel().unwrap();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.places().len(), 1);
        assert_eq!(scheduler.stats().cancelled_tasks, 1);
    });
}

#[test]
fn one_that_has_not_begun_is_dropped_when_it_is_cancelled() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let gate = Gate::default();
        let door = gate.clone();
        let stuck = scheduler.spawn(async move { door.wait() });
        until(|| stuck.status() == TaskStatus::Running);
        let drops = Drops::default();
        let probe = drops.probe();
        let task = scheduler.handle().task().name("late").spawn_stackful(move || async move {
            drop(probe);
            unreachable!("it is never begun");
        });
        task.cancel().unwrap();
        gate.open();
        assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.places().len(), 1);
        scheduler.block_on(stuck).unwrap();
    });
}

#[test]
fn join_runs_one_that_has_not_begun_in_place_and_it_stays_there() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let task = scheduler.spawn(async {
            let child = Handle::current().task().spawn_stackful(|| async {
                let (home, guard) = (thread::current().id(), Rc::new(()));
                coop::yield_now().await;
                drop(guard);
                assert_eq!(thread::current().id(), home);
                7
            });
            child.join().await.unwrap()
        });
        assert_eq!(scheduler.block_on(task).unwrap(), 7);
        let in_place: u64 = scheduler.stats().workers.iter().map(|w| w.run_in_place).sum();
        assert_eq!(in_place, 1);
    });
}

#[test]
fn urgent_ones_go_first_and_statistics_know_them() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let (event, order) = (Event::default(), Arc::new(std::sync::Mutex::new(Vec::new())));
        let tasks: Vec<_> = [TaskPriority::Low, TaskPriority::Normal, TaskPriority::Critical]
            .into_iter()
            .map(|priority| {
                let (event, order) = (event.clone(), order.clone());
                let task = scheduler.handle().task().name("coroutine").priority(priority);
                task.spawn_stackful(move || async move {
                    event.wait().await;
                    order.lock().unwrap().push(priority);
                })
            })
            .collect();
        until(|| event.waiting() == 3);
        let listed = scheduler.stats().tasks();
        assert!(listed.iter().all(|task| task.coroutine && task.pinned && !task.blocking));
        // Woken on their own thread, in the order of their birth.
        let waking = event.clone();
        scheduler.block_on(scheduler.spawn(async move { waking.set() })).unwrap();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        let order = order.lock().unwrap();
        assert_eq!(*order, [TaskPriority::Critical, TaskPriority::Normal, TaskPriority::Low]);
    });
}

#[test]
fn a_shutdown_tells_those_that_wait_and_waits_for_them() {
    on_one_and_four(|scheduler| {
        let drops = Drops::default();
        let event = Event::default();
        for _ in 0..100 {
            let (event, probe) = (event.clone(), drops.probe());
            drop(scheduler.handle().task().spawn_stackful(move || async move {
                let (_probe, home) = (probe, thread::current().id());
                let mut wait = Box::pin(event.wait());
                poll_fn(|cx| match stackful::is_cancelled() {
                    true => Poll::Ready(()),
                    false => wait.as_mut().poll(cx),
                })
                .await;
                // It has to clean up, which takes another turn.
                coop::yield_now().await;
                assert_eq!(thread::current().id(), home);
            }));
        }
        until(|| event.waiting() == 100);
        scheduler.shutdown().unwrap();
        assert_eq!(drops.places().len(), 100);
        assert_eq!(scheduler.stats().completed_tasks, 100);
    });
}

#[test]
fn what_a_layer_keeps_on_a_seat_stays_there() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        assert!(stackful::with_seat_store(|_| ()).is_none(), "no seat here");
        let put = scheduler
            .spawn(async { stackful::with_seat_store(|store| *store = Some(Box::new(5_u32))) });
        scheduler.block_on(put).unwrap().unwrap();
        let taken = scheduler.spawn(async {
            stackful::with_seat_store(|store| store.take().and_then(|kept| kept.downcast().ok()))
        });
        let kept: Option<Box<u32>> = scheduler.block_on(taken).unwrap().unwrap();
        assert_eq!(kept.as_deref(), Some(&5));
    });
}
