//! Several runtimes in one process and on one thread, and where the current one is found.

use crate::support::{Event, until, watched};
use qi_runtime::time::{Duration, sleep};
use qi_runtime::{
    AsyncRuntime, Handle, TaskHandle, TaskStatus, spawn, spawn_blocking, spawn_local, spawn_pinned,
};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};
use std::thread;

fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("in range")
}

#[test]
fn tasks_of_two_runtimes_join_each_other() {
    watched(|| {
        let (left, right) = (runtime(2), runtime(2));
        let (to_left, to_right) = (left.handle().clone(), right.handle().clone());
        let tasks: Vec<_> = (0..200_u64)
            .map(|n| {
                let (to_left, to_right) = (to_left.clone(), to_right.clone());
                left.spawn(async move {
                    let there = to_right.spawn(async move {
                        let back = to_left.spawn(async move {
                            sleep(Duration::from_micros(n)).await;
                            n
                        });
                        back.join().await.expect("it ends") + 1
                    });
                    there.join().await.expect("it ends") + 1
                })
            })
            .collect();
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(right.block_on(task).expect("it ends"), n + 2);
        }
        assert_eq!(left.stats().completed_tasks, 400);
        assert_eq!(right.stats().completed_tasks, 200);
    });
}

#[test]
fn a_runtime_that_ends_cancels_what_another_one_waits_for() {
    watched(|| {
        let (left, right) = (runtime(1), runtime(1));
        let never = right.spawn(std::future::pending::<()>());
        let waiting = left.spawn(never);
        until(|| waiting.status() == TaskStatus::Waiting);
        right.shutdown().expect("nothing is stuck");
        let joined = left.block_on(waiting).expect("the waiting task itself goes on");
        assert!(joined.expect_err("it was cancelled").is_cancelled());
    });
}

#[test]
fn block_on_nests_through_runtimes_and_runs_the_pinned_tasks_of_the_blocked_thread() {
    watched(|| {
        let (outer, inner) = (runtime(1), runtime(1));
        let (to_outer, to_inner) = (outer.handle().clone(), inner.handle().clone());
        let task = outer.spawn_pinned(move || async move {
            let local = spawn_local(async { thread::current().id() }).expect("on a worker");
            let through = to_inner.block_on(async { to_outer.block_on(local) });
            through.expect("it ends") == thread::current().id()
        });
        assert!(outer.block_on(task).expect("it ends"));
    });
}

#[test]
fn block_on_inside_an_entered_handle_still_gives_the_seat_away() {
    watched(|| {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let task = runtime.spawn_pinned(move || async move {
            let local = spawn_local(async { 1 }).expect("on a worker");
            let other = handle.spawn_pinned(|| async { 2 });
            handle.enter(|| handle.block_on(local)).expect("it ends")
                + handle.enter(|| handle.block_on(other)).expect("it ends")
        });
        assert_eq!(runtime.block_on(task).expect("it ends"), 3);
    });
}

#[test]
fn a_task_that_waits_for_itself_through_another_runtime_gets_an_error_that_names_it() {
    watched(|| {
        let (one, other) = (runtime(1), runtime(1));
        let to_other = other.handle().clone();
        let own: Arc<Mutex<Option<TaskHandle<bool>>>> = Arc::default();
        let (ready, ended) = (Event::new(), Event::new());
        let said = Arc::new(Mutex::new(String::new()));
        let task = {
            let (own, ready, ended, said) =
                (own.clone(), ready.clone(), ended.clone(), said.clone());
            one.task().name("narcissus").spawn(async move {
                ready.await;
                let own = own.lock().expect("no panic").take().expect("put there before");
                let error = to_other.block_on(own).expect_err("it can never end");
                *said.lock().expect("no panic") = error.to_string();
                ended.set();
                error.is_self_wait()
            })
        };
        *own.lock().expect("no panic") = Some(task);
        ready.set();
        one.block_on(ended);
        let said = said.lock().expect("no panic");
        assert!(said.contains("waits for") && said.contains("narcissus"), "{said}");
    });
}

#[test]
fn the_current_runtime_is_found_in_tasks_calls_block_on_and_entered_scopes_only() {
    watched(|| {
        assert!(Handle::try_current().is_err());
        let runtime = runtime(1);
        assert!(Handle::try_current().is_err(), "to own one is not to work for it");
        assert!(runtime.handle().enter(|| Handle::try_current().is_ok()));
        assert!(runtime.block_on(async { Handle::try_current().is_ok() }));
        let task = runtime.spawn(async { Handle::try_current().is_ok() });
        assert!(runtime.block_on(task).expect("it ends"));
        let call = runtime.spawn_blocking(|| Handle::try_current().is_ok());
        assert!(runtime.block_on(call).expect("it ends"));
        assert!(Handle::try_current().is_err(), "the scopes have ended");
    });
}

#[test]
fn an_entered_scope_ends_with_a_panic_too() {
    let runtime = runtime(1);
    let handle = runtime.handle().clone();
    let panicked = catch_unwind(std::panic::AssertUnwindSafe(|| {
        handle.enter(|| std::panic::resume_unwind(Box::new(())));
    }));
    assert!(panicked.is_err());
    assert!(Handle::try_current().is_err());
}

#[test]
fn entered_scopes_nest_and_the_innermost_counts() {
    watched(|| {
        let (one, two) = (runtime(1), runtime(1));
        one.handle().enter(|| {
            two.handle().enter(|| drop(two.block_on(spawn(async {}))));
            drop(one.block_on(spawn(async {})));
            drop(one.block_on(spawn(async {})));
        });
        assert_eq!((one.stats().spawned_tasks, two.stats().spawned_tasks), (2, 1));
    });
}

#[test]
fn free_functions_outside_a_runtime_panic_with_the_documented_message() {
    let said = |call: fn()| {
        let payload = catch_unwind(call).expect_err("there is no runtime here");
        payload.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    let calls: [fn(); 6] = [
        || drop(spawn(async {})),
        || drop(qi_runtime::spawn_with_priority(async {}, qi_runtime::TaskPriority::High)),
        || drop(spawn_blocking(|| ())),
        || drop(spawn_pinned(|| async {})),
        || drop(sleep(Duration::ZERO)),
        || drop(Handle::current()),
    ];
    for call in calls {
        assert_eq!(
            said(call),
            "no Qi runtime on this thread: call this inside a task, a block_on or an entered handle"
        );
    }
    assert!(spawn_local(async {}).is_err(), "an error, no panic");
}
