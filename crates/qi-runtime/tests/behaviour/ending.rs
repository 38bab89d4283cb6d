//! The end of a runtime: from outside, from inside, while threads still wait for its timers.

use crate::support::{Dropped, Event, Seeded, until, watched};
use qi_runtime::time::{Duration, Instant, sleep};
use qi_runtime::{
    AsyncRuntime, AsyncRuntimeBuilder, RuntimeState, ShutdownError, TaskStatus, spawn_local,
};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

fn builder(workers: usize) -> AsyncRuntimeBuilder {
    AsyncRuntime::builder().worker_threads(workers)
}

fn runtime(workers: usize) -> AsyncRuntime {
    builder(workers).build().expect("in range")
}

#[test]
fn a_runtime_goes_from_running_to_stopped_and_stays_there() {
    watched(|| {
        let runtime = runtime(2);
        let (token, dropped) = Dropped::new();
        let task = runtime.spawn(async move {
            let _token = token;
            pending::<()>().await;
        });
        until(|| task.status() == TaskStatus::Waiting);
        assert_eq!(runtime.state(), RuntimeState::Running);
        runtime.shutdown().expect("nothing is stuck");
        assert_eq!(runtime.state(), RuntimeState::Stopped);
        assert!(dropped.load(SeqCst));
        assert_eq!(task.status(), TaskStatus::Cancelled);
        runtime.shutdown().expect("a second time changes nothing");
        let late = runtime.spawn(async {});
        assert!(runtime.block_on(late).expect_err("it was refused").is_cancelled());
    });
}

#[test]
fn a_task_that_blocks_on_a_timer_is_waited_for() {
    watched(|| {
        let runtime = runtime(2);
        let handle = runtime.handle().clone();
        let begun = Event::new();
        let task = {
            let begun = begun.clone();
            runtime.spawn(async move {
                begun.set();
                handle.block_on(async {
                    sleep(Duration::from_millis(50)).await;
                    5
                })
            })
        };
        begun.spin();
        runtime.shutdown().expect("the timer fires although the runtime closes");
        assert_eq!(runtime.block_on(task).expect("its poll returned the result"), 5);
    });
}

#[test]
fn a_blocking_call_that_waits_for_a_timer_is_waited_for() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let begun = Event::new();
        let call = {
            let begun = begun.clone();
            runtime.spawn_blocking(move || {
                begun.set();
                handle.block_on(async {
                    sleep(Duration::from_millis(50)).await;
                    5
                })
            })
        };
        begun.spin();
        runtime.shutdown().expect("the timer fires although the runtime closes");
        assert_eq!(runtime.block_on(call).expect("it ended"), 5);
    });
}

#[test]
fn what_does_not_end_in_time_is_named() {
    watched(|| {
        let runtime =
            builder(2).shutdown_timeout(Duration::from_millis(20)).build().expect("in range");
        let (begun, stop) = (Event::new(), Event::new());
        let stuck = {
            let (begun, stop) = (begun.clone(), stop.clone());
            runtime.task().name("stubborn").spawn(async move {
                begun.set();
                stop.spin();
            })
        };
        begun.spin();
        let error = runtime.shutdown().expect_err("a task is stuck");
        let ShutdownError::LeftBehind { tasks, threads, .. } = &error else {
            panic!("another error: {error}")
        };
        assert_eq!((tasks.len(), *threads), (1, 1), "{error}");
        assert!(error.to_string().contains("stubborn") && error.message_zh().contains("stubborn"));
        assert_eq!(runtime.state(), RuntimeState::ShuttingDown);
        stop.set();
        until(|| runtime.state() == RuntimeState::Stopped);
        assert_eq!(stuck.status(), TaskStatus::Completed, "the poll that returned won");
        runtime.shutdown().expect("now it has ended");
    });
}

#[test]
fn a_runtime_may_be_dropped_inside_its_own_task_and_lets_no_thread_hang() {
    watched(|| {
        let runtime = runtime(2);
        let handle = runtime.handle().clone();
        let waits = Arc::new(AtomicBool::new(false));
        let foreign = {
            let (handle, waits) = (handle.clone(), waits.clone());
            thread::spawn(move || {
                handle.block_on(async {
                    let mut slept = Box::pin(sleep(Duration::from_secs(3600)));
                    std::future::poll_fn(|cx| {
                        let polled = slept.as_mut().poll(cx);
                        waits.store(true, SeqCst);
                        polled
                    })
                    .await;
                });
            })
        };
        until(|| waits.load(SeqCst));
        handle.spawn(async move { drop(runtime) });
        until(|| handle.state() == RuntimeState::Stopped);
        let payload = foreign.join().expect_err("there is no timer any more");
        let said = payload.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(said.contains("a timer cannot be waited for"), "{said}");
    });
}

#[test]
fn a_shutdown_from_inside_begins_the_end_and_returns() {
    watched(|| {
        let runtime = Arc::new(runtime(1));
        let handle = runtime.handle().clone();
        let inside = runtime.clone();
        let task = runtime.spawn(async move {
            inside.shutdown().expect("it does not wait for itself");
            inside.state()
        });
        assert_eq!(handle.block_on(task).expect("it ends"), RuntimeState::ShuttingDown);
        until(|| handle.state() == RuntimeState::Stopped);
        runtime.shutdown().expect("it has ended");
    });
}

#[test]
fn a_graceful_shutdown_lets_tasks_finish_and_spawn_but_nobody_else() {
    watched(|| {
        let runtime = runtime(2);
        let handle = runtime.handle().clone();
        let (begun, go) = (Event::new(), Event::new());
        let task = {
            let (begun, go, handle) = (begun.clone(), go.clone(), handle.clone());
            runtime.spawn(async move {
                handle.block_on(async {});
                begun.set();
                go.spin();
                // Without a seat since the `block_on`, but still from inside.
                let child = handle.spawn(async { sleep(Duration::from_millis(1)).await });
                let call = handle.spawn_blocking(|| ());
                child.await.is_ok() && call.await.is_ok()
            })
        };
        let closer = {
            begun.spin();
            thread::spawn(move || runtime.shutdown_graceful(Duration::MAX))
        };
        until(|| handle.state() == RuntimeState::ShuttingDown);
        let outside = handle.spawn(async {});
        assert!(handle.block_on(outside).expect_err("refused").is_cancelled());
        go.set();
        let report = closer.join().expect("no panic");
        assert!(handle.block_on(task).expect("it ends"));
        assert_eq!((report.completed, report.failed), (3, 0), "{report:?}");
        assert!(report.left_behind.is_empty());
    });
}

#[test]
fn a_graceful_shutdown_cancels_what_is_not_finished_at_its_deadline() {
    watched(|| {
        let runtime = runtime(1);
        let tasks: Vec<_> = (0..5).map(|_| runtime.spawn(pending::<()>())).collect();
        until(|| tasks.iter().all(|task| task.status() == TaskStatus::Waiting));
        let begun = Instant::now();
        let report = runtime.shutdown_graceful(Duration::from_millis(5));
        assert!(begun.elapsed() >= Duration::from_millis(5), "it did not wait");
        assert_eq!((report.completed, report.cancelled), (0, 5));
    });
}

#[test]
fn handles_are_answered_whatever_is_polled_after_the_end() {
    watched(|| {
        let runtime = runtime(1);
        let mut task = runtime.spawn(async { 1 });
        assert_eq!(runtime.block_on(&mut task).expect("it ends"), 1);
        let again = runtime.block_on(&mut task).expect_err("the result is gone");
        assert!(again.is_taken() && !again.is_cancelled());
        runtime.shutdown().expect("nothing runs");
        assert!(task.cancel().is_err(), "it had ended");
        let refused = runtime.handle().enter(|| {
            catch_unwind(AssertUnwindSafe(|| {
                drop(sleep(Duration::from_secs(1)));
            }))
        });
        assert!(refused.is_ok(), "a timer can be made, though not waited for");
    });
}

#[test]
fn runtimes_end_in_order_under_any_load_from_inside_and_outside() {
    watched(|| {
        let mut random =
            Seeded::new("runtimes_end_in_order_under_any_load_from_inside_and_outside");
        let begun = Instant::now();
        let mut rounds = 0;
        while rounds < 20 || (rounds < 300 && begun.elapsed() < Duration::from_secs(3)) {
            rounds += 1;
            let runtime = runtime(2);
            let (calls, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
            let threads: Vec<_> = (0..2)
                .map(|kind| {
                    let (handle, calls, stop) =
                        (runtime.handle().clone(), calls.clone(), stop.clone());
                    thread::spawn(move || {
                        for number in (kind..).take_while(|_| !stop.load(SeqCst)) {
                            spawn_something(number, &handle, &calls);
                        }
                    })
                })
                .collect();
            for _ in 0..random.below(20_000) {
                std::hint::spin_loop();
            }
            runtime.shutdown().unwrap_or_else(|error| panic!("round {rounds}: {error}"));
            assert_eq!(runtime.state(), RuntimeState::Stopped);
            assert_eq!(calls.load(SeqCst), 0, "round {rounds}: a call ran after the end");
            stop.store(true, SeqCst);
            for thread in threads {
                thread.join().expect("spawning never panics");
            }
            let stats = runtime.stats();
            let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
            assert_eq!((stats.active_tasks, stats.spawned_tasks), (0, ended), "round {rounds}");
        }
        println!("{rounds} rounds");
    });
}

/// One of five kinds of work; blocking calls count themselves while they run.
fn spawn_something(number: usize, handle: &qi_runtime::Handle, calls: &Arc<AtomicUsize>) {
    match number % 5 {
        0 => {
            let calls = calls.clone();
            drop(handle.spawn_blocking(move || {
                calls.fetch_add(1, SeqCst);
                thread::yield_now();
                calls.fetch_sub(1, SeqCst);
            }));
        }
        1 => drop(handle.spawn(async { sleep(Duration::from_micros(50)).await })),
        2 => drop(handle.spawn_pinned(|| async { sleep(Duration::from_secs(3600)).await })),
        3 => {
            let inner = handle.clone();
            drop(handle.spawn(async move {
                inner.block_on(async { sleep(Duration::from_micros(20)).await });
            }));
        }
        _ => drop(handle.spawn(async {
            drop(spawn_local(pending::<()>()));
            drop(qi_runtime::spawn(async {}).join().await);
        })),
    }
}
