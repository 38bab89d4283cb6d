//! A coroutine is a task: handles, states, figures, priorities, panics, what it inherits.

use super::support::{Event, until};
use super::{on, on_one_and_four};
use qi_runtime::coroutine::{self, Wait, wait};
use qi_runtime::{AsyncRuntime, Handle, TaskPriority, TaskStatus, task_local};
use std::panic::Location;
use std::sync::{Arc, Mutex};

#[test]
fn a_coroutine_gives_its_result_like_any_task() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| "result");
        assert_eq!(runtime.block_on(task.join()).unwrap(), "result");
        let nested = runtime.spawn(async {
            let task = qi_runtime::spawn_coroutine(|| {
                qi_runtime::spawn_coroutine(|| 20).join().wait().unwrap() + 1
            });
            task.await.unwrap() * 2
        });
        assert_eq!(runtime.block_on(nested).unwrap(), 42);
        assert_eq!(runtime.stats().completed_tasks, 4);
    });
}

#[test]
fn its_states_are_those_of_a_task_and_statistics_know_its_kind() {
    on_one_and_four(|runtime| {
        let (event, inside) = (Event::new(), Event::new());
        let (waited_for, seen) = (event.clone(), inside.clone());
        let line = Location::caller().line() + 2;
        let task =
            runtime.coroutine().name("reader").priority(TaskPriority::High).spawn(move || {
                seen.set();
                waited_for.wait();
            });
        until(|| task.status() == TaskStatus::Waiting);
        assert!(inside.is_set());
        let listed = runtime.stats().tasks();
        let [info] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!(info.name.as_deref(), Some("reader"));
        assert_eq!((info.lane, info.status), (TaskPriority::High, TaskStatus::Waiting));
        assert_eq!((info.location.file(), info.location.line()), (file!(), line));
        assert!(info.coroutine && info.pinned && !info.blocking && info.polls >= 1);
        event.set();
        until(|| task.is_finished());
        assert_eq!(task.status(), TaskStatus::Completed);
    });
}

#[test]
fn a_panic_ends_the_coroutine_alone_and_is_in_its_handle() {
    on_one_and_four(|runtime| {
        let shared = Arc::new(());
        let held = shared.clone();
        let task = runtime.spawn_coroutine(move || {
            let _held = held;
            qi_runtime::coroutine::yield_now();
            std::panic::resume_unwind(Box::new("broken"));
        });
        let error = runtime.block_on(task).unwrap_err();
        assert_eq!(error.into_panic().downcast_ref(), Some(&"broken"));
        assert_eq!(Arc::strong_count(&shared), 1, "its stack was unwound");
        assert_eq!(runtime.block_on(runtime.spawn_coroutine(|| 1)).unwrap(), 1);
        assert_eq!(runtime.stats().failed_tasks, 1);
    });
}

#[test]
fn urgent_coroutines_go_first() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let (order, door) = (Arc::new(Mutex::new(Vec::new())), Event::new());
        let busy = door.clone();
        let blocker = runtime.spawn(async move { busy.spin() });
        until(|| blocker.status() == TaskStatus::Running);
        let lanes = [TaskPriority::Low, TaskPriority::Normal, TaskPriority::Critical];
        let tasks = lanes.map(|lane| {
            let order = order.clone();
            runtime.coroutine().priority(lane).spawn(move || {
                order.lock().unwrap().push(lane);
                coroutine::yield_now();
            })
        });
        door.set();
        runtime.block_on(blocker).unwrap();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        let lanes = [TaskPriority::Critical, TaskPriority::Normal, TaskPriority::Low];
        assert_eq!(*order.lock().unwrap(), lanes);
    });
}

#[test]
fn who_waits_for_a_coroutine_lends_it_its_urgency() {
    on_one_and_four(|runtime| {
        let event = Event::new();
        let waited_for = event.clone();
        let low = runtime
            .coroutine()
            .priority(TaskPriority::Low)
            .name("low")
            .spawn(move || waited_for.wait());
        until(|| low.status() == TaskStatus::Waiting);
        let waiter = runtime
            .coroutine()
            .priority(TaskPriority::Critical)
            .spawn(move || low.join().wait().is_ok());
        let lane_of_low = || {
            let tasks = runtime.stats().tasks();
            let low = tasks.into_iter().find(|task| task.name.as_deref() == Some("low"));
            low.map(|task| task.lane)
        };
        until(|| lane_of_low() == Some(TaskPriority::Critical));
        event.set();
        assert!(runtime.block_on(waiter).unwrap());
    });
}

task_local! {
    static OWN: u32;
    inherit static INHERITED: u32;
}

#[test]
fn task_locals_stay_with_the_coroutine_over_suspensions() {
    on_one_and_four(|runtime| {
        let tasks: Vec<_> = (0..20_u32)
            .map(|number| {
                runtime.spawn_coroutine(move || {
                    assert!(OWN.try_get().is_err());
                    OWN.sync_scope(number, || {
                        INHERITED.sync_scope(number + 100, || {
                            for _ in 0..10 {
                                coroutine::yield_now();
                                assert_eq!((OWN.get(), INHERITED.get()), (number, number + 100));
                            }
                            let child = qi_runtime::spawn_coroutine(|| {
                                coroutine::yield_now();
                                (OWN.try_get().is_err(), INHERITED.get())
                            });
                            assert_eq!(child.join().wait().unwrap(), (true, number + 100));
                        });
                        coroutine::yield_now();
                        assert!(INHERITED.try_get().is_err());
                        assert_eq!(OWN.get(), number);
                    });
                    coroutine::yield_now();
                    assert!(OWN.try_get().is_err());
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn a_deadline_reaches_the_coroutines_that_are_spawned_under_it() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn(async {
            use qi_runtime::time::{Duration, remaining, within};
            let work = within(Duration::from_secs(3600), async {
                let task = qi_runtime::spawn_coroutine(|| {
                    coroutine::yield_now();
                    remaining().is_some()
                });
                task.await.unwrap()
            });
            work.await.unwrap()
        });
        assert!(runtime.block_on(task).unwrap());
    });
}

#[test]
fn an_entered_runtime_stays_entered_for_its_coroutine_alone() {
    on_one_and_four(|runtime| {
        let other = AsyncRuntime::builder().worker_threads(1).thread_name("other").build().unwrap();
        let entered = other.handle().clone();
        let name = || std::thread::current().name().map(str::to_owned);
        let inside = runtime.spawn_coroutine(move || {
            entered.enter(|| {
                coroutine::yield_now();
                let there = Handle::current().spawn(async move { name() });
                coroutine::yield_now();
                there.join().wait().unwrap()
            })
        });
        let beside = runtime.spawn_coroutine(move || {
            for _ in 0..10 {
                coroutine::yield_now();
                let here = qi_runtime::spawn(async move { name() }).join().wait().unwrap();
                assert!(here.is_some_and(|name| name.starts_with("qi-worker")));
            }
        });
        let there = runtime.block_on(inside).unwrap();
        assert!(there.is_some_and(|name| name.starts_with("other")));
        runtime.block_on(beside).unwrap();
        other.shutdown().unwrap();
    });
}

#[test]
fn recursion_suspends_at_any_depth() {
    fn fibonacci(n: u32) -> u64 {
        if n < 2 {
            return wait(async move {
                qi_runtime::yield_now().await;
                u64::from(n)
            });
        }
        fibonacci(n - 1) + fibonacci(n - 2)
    }
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| fibonacci(12));
        assert_eq!(runtime.block_on(task).unwrap(), 144);
    });
}
