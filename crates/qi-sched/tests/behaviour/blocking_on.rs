//! `block_on` anywhere: outside, inside tasks, one inside the other; and `block_in_place`.
#![forbid(unsafe_code)]

use crate::support::{Event, Gate, on, on_one_and_four, until};
use qi_sched::{Handle, Scheduler};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

/// A task that blocks on a task that blocks on a task …, every third of them pinned.
fn nested(handle: Handle, depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    let below = handle.clone();
    let task = if depth % 3 == 0 {
        handle.spawn_pinned(move || async move {
            let shared = Rc::new(depth);
            let sum = nested(below, depth - 1);
            sum + *shared
        })
    } else {
        handle.spawn(async move { nested(below, depth - 1) + depth })
    };
    handle.block_on(task.join()).unwrap()
}

#[test]
fn block_on_may_be_nested_twenty_deep() {
    on_one_and_four(|scheduler| {
        for depth in 1..=20 {
            let sum = nested(scheduler.handle().clone(), depth);
            assert_eq!(sum, depth * (depth + 1) / 2);
        }
    });
}

#[test]
fn many_tasks_may_block_on_at_once() {
    on_one_and_four(|scheduler| {
        let event = Event::default();
        let tasks: Vec<_> = (0..30)
            .map(|_| {
                let (handle, event) = (scheduler.handle().clone(), event.clone());
                scheduler.spawn(async move { handle.block_on(event.wait()) })
            })
            .collect();
        // All of them block at the same time, and the scheduler still runs others.
        until(|| event.waiting() == 30);
        assert_eq!(scheduler.block_on(scheduler.spawn(async { 4 })).unwrap(), 4);
        event.set();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
    });
}

#[test]
fn a_blocked_thread_runs_the_tasks_pinned_to_it() {
    on_one_and_four(|scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn(async move {
            let value = Rc::new(11);
            let local = qi_sched::spawn_local(async move { *value }).unwrap();
            handle.block_on(async { local.abort_handle().id() });
            until_finished(&handle, local)
        });
        fn until_finished(handle: &Handle, local: qi_sched::TaskHandle<i32>) -> i32 {
            handle.block_on(local.join()).unwrap()
        }
        assert_eq!(scheduler.block_on(task).unwrap(), 11);
    });
}

#[test]
fn block_on_inside_an_entered_handle_gives_the_seat_away_too() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let handle = scheduler.handle().clone();
        let task = scheduler.spawn(async move {
            let inner = handle.clone();
            handle.enter(|| inner.block_on(inner.spawn(async { 5 })).unwrap())
        });
        assert_eq!(scheduler.block_on(task).unwrap(), 5);
        assert_eq!(scheduler.stats().extra_workers_started, 0, "no need for a rescue");
    });
}

#[test]
fn a_blocked_thread_runs_its_pinned_tasks_through_another_schedulers_block_on() {
    on(Scheduler::builder().worker_threads(1), |one| {
        let two = Scheduler::builder().worker_threads(1).build().unwrap();
        let (own, other) = (one.handle().clone(), two.handle().clone());
        let task = one.spawn(async move {
            let value = Rc::new(6);
            let local = qi_sched::spawn_local(async move { *value }).unwrap();
            // A root future of another scheduler that blocks on this thread once more.
            other.block_on(async { own.block_on(local.join()).unwrap() })
        });
        assert_eq!(one.block_on(task).unwrap(), 6);
        two.shutdown().unwrap();
    });
}

#[test]
fn awaiting_oneself_is_an_error_that_names_the_task() {
    on_one_and_four(|scheduler| {
        let own = Arc::new(std::sync::Mutex::new(None));
        let (ready, slot) = (Event::default(), own.clone());
        let waited_for = ready.clone();
        let builder = scheduler.handle().task().name("narcissus");
        let task = builder.spawn(async move {
            waited_for.wait().await;
            let me: qi_sched::TaskHandle<()> = slot.lock().unwrap().take().unwrap();
            let error = me.await.unwrap_err();
            assert!(error.is_self_wait(), "{error}");
            assert!(error.to_string().contains("narcissus"), "{error}");
        });
        let watch = task.abort_handle();
        *own.lock().unwrap() = Some(task);
        ready.set();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), qi_sched::TaskStatus::Completed);
    });
}

#[test]
fn joining_a_task_below_on_the_own_stack_is_an_error_that_names_both() {
    on_one_and_four(|scheduler| {
        let below = Arc::new(std::sync::Mutex::new(None::<qi_sched::TaskHandle<bool>>));
        let (ready, slot) = (Event::default(), below.clone());
        let (waited_for, handle) = (ready.clone(), scheduler.handle().clone());
        let lower = scheduler.handle().task().name("lower").spawn_pinned(move || async move {
            waited_for.wait().await;
            let upper = qi_sched::Handle::current();
            let upper = upper.task().name("upper").spawn_local(async move {
                let me = slot.lock().unwrap().take().unwrap();
                let error = me.join().await.map(|_| ()).unwrap_err();
                let text = error.to_string();
                error.is_self_wait() && text.contains("upper") && text.contains("lower")
            });
            // The upper task is pinned to this thread, so it runs on top of this block_on.
            handle.block_on(upper.unwrap()).unwrap()
        });
        let watch = lower.abort_handle();
        *below.lock().unwrap() = Some(lower);
        ready.set();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), qi_sched::TaskStatus::Completed);
    });
}

#[test]
fn joining_a_task_below_through_another_schedulers_block_on_is_an_error_too() {
    on(Scheduler::builder().worker_threads(1), |one| {
        let two = Scheduler::builder().worker_threads(1).build().unwrap();
        let other = two.handle().clone();
        let own = Arc::new(std::sync::Mutex::new(None::<qi_sched::TaskHandle<()>>));
        let (ready, slot) = (Event::default(), own.clone());
        let waited_for = ready.clone();
        let task = one.spawn(async move {
            waited_for.wait().await;
            let me = slot.lock().unwrap().take().unwrap();
            assert!(other.block_on(me.join()).unwrap_err().is_self_wait());
        });
        let watch = task.abort_handle();
        *own.lock().unwrap() = Some(task);
        ready.set();
        until(|| watch.is_finished());
        assert_eq!(watch.status(), qi_sched::TaskStatus::Completed);
        two.shutdown().unwrap();
    });
}

#[test]
fn block_in_place_lets_others_use_the_seat() {
    on_one_and_four(|scheduler| {
        let workers = scheduler.stats().worker_threads;
        let (release, begun) = (Gate::default(), Event::default());
        let blocked: Vec<_> = (0..workers)
            .map(|_| {
                let (release, begun) = (release.clone(), Gate::default());
                let entered = begun.clone();
                let task = scheduler.spawn(async move {
                    qi_sched::block_in_place(|| {
                        entered.open();
                        release.wait();
                    });
                });
                begun.wait();
                task
            })
            .collect();
        assert_eq!(scheduler.block_on(scheduler.spawn(async { 8 })).unwrap(), 8);
        release.open();
        begun.set();
        for task in blocked {
            scheduler.block_on(task).unwrap();
        }
    });
}

#[test]
fn after_block_in_place_the_task_goes_on_and_may_suspend() {
    on_one_and_four(|scheduler| {
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                scheduler.spawn(async move {
                    let mut sum = 0;
                    for _ in 0..3 {
                        sum += qi_sched::block_in_place(|| n);
                        qi_sched::coop::yield_now().await;
                        sum += qi_sched::spawn(async move { n }).join().await.unwrap();
                    }
                    sum
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(scheduler.block_on(task).unwrap(), 6 * n);
        }
    });
}

#[test]
fn block_on_in_a_blocking_call_and_on_a_foreign_thread_works() {
    on_one_and_four(|scheduler| {
        let handle = scheduler.handle().clone();
        let call = scheduler
            .handle()
            .spawn_blocking(move || handle.block_on(handle.spawn(async { 1 }).join()).unwrap());
        assert_eq!(scheduler.block_on(call).unwrap(), 1);
        let handle = scheduler.handle().clone();
        let foreign = std::thread::spawn(move || handle.block_on(handle.spawn(async { 2 })));
        assert_eq!(foreign.join().unwrap().unwrap(), 2);
    });
}

#[test]
fn a_root_future_polled_on_a_foreign_thread_knows_its_scheduler() {
    on_one_and_four(|scheduler| {
        let total = scheduler.block_on(async {
            let task = qi_sched::spawn(async { 30 });
            assert!(qi_sched::spawn_local(async {}).is_err(), "a root future is on no worker");
            task.join().await.unwrap() + Handle::current().spawn(async { 3 }).await.unwrap()
        });
        assert_eq!(total, 33);
        assert!(Handle::try_current().is_err());
    });
}

#[test]
fn stacked_blocks_return_innermost_first() {
    on(Scheduler::builder().worker_threads(1), |scheduler| {
        let log = crate::support::Log::default();
        let (outer_ready, inner_ready) = (Event::default(), Event::default());
        let handle = scheduler.handle().clone();
        let inner_begun = Arc::new(OnceLock::new());
        let task = {
            let (log, outer_ready, inner_ready) =
                (log.clone(), outer_ready.clone(), inner_ready.clone());
            let inner_begun = inner_begun.clone();
            scheduler.spawn(async move {
                let (inner_log, inner_handle) = (log.clone(), handle.clone());
                let inner = qi_sched::spawn_local(async move {
                    inner_begun.set(()).unwrap();
                    inner_handle.block_on(inner_ready.wait());
                    inner_log.note("inner");
                });
                drop(inner.unwrap());
                handle.block_on(outer_ready.wait());
                log.note("outer");
            })
        };
        until(|| inner_begun.get().is_some());
        outer_ready.set();
        // The outer block is ready, but covered by the inner one.
        until(|| inner_ready.waiting() == 1);
        assert!(log.notes().is_empty());
        inner_ready.set();
        scheduler.block_on(task).unwrap();
        assert_eq!(log.notes(), ["inner", "outer"]);
    });
}
