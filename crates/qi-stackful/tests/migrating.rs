//! Coroutines that keep nothing of their thread, and may change it.

use qi_sched::Scheduler;
use qi_stackful::{CoroutineBuilder, Coroutines, Wait, spawn_migratable, yield_now};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;
use std::thread::{self, ThreadId};

#[test]
fn a_migratable_one_may_go_on_anywhere_and_ends_once() {
    for workers in [1, 4] {
        let coroutines = Coroutines::new();
        let builder = Scheduler::builder().worker_threads(workers).stacks(coroutines.clone());
        let scheduler = builder.build().unwrap();
        let tasks: Vec<_> = (0..64_u64)
            .map(|number| {
                let body = move || {
                    let mut sum = number;
                    for round in 0..20 {
                        yield_now();
                        sum += qi_sched::spawn(async move { round }).join().wait().unwrap();
                    }
                    sum
                };
                let builder = CoroutineBuilder::new(scheduler.handle());
                // SAFETY: nothing but numbers is kept over a suspension.
                unsafe { builder.spawn_migratable(body) }
            })
            .collect();
        for (number, task) in (0..).zip(tasks) {
            assert_eq!(scheduler.block_on(task).unwrap(), number + 190);
        }
        scheduler.shutdown().unwrap();
        assert_eq!(coroutines.stats().stacks.unwrap().live_stacks, 0);
    }
}

#[test]
fn a_cancelled_migratable_one_unwinds() {
    let scheduler =
        Scheduler::builder().worker_threads(2).stacks(Coroutines::new()).build().unwrap();
    let builder = CoroutineBuilder::new(scheduler.handle());
    // SAFETY: nothing is kept over the suspension.
    let task = unsafe { builder.spawn_migratable(|| std::future::pending::<()>().wait()) };
    while task.status() != qi_sched::TaskStatus::Waiting {
        std::thread::yield_now();
    }
    task.cancel().unwrap();
    assert!(scheduler.block_on(task).unwrap_err().is_cancelled());
    scheduler.shutdown().unwrap();
}

/// A call of its own: nothing of the thread may be remembered over a suspension.
#[inline(never)]
fn here() -> ThreadId {
    thread::current().id()
}

#[test]
fn a_migratable_one_leaves_a_thread_that_is_held_up() {
    let scheduler =
        Scheduler::builder().worker_threads(2).stacks(Coroutines::new()).build().unwrap();
    let held = Arc::new(AtomicBool::new(false));
    let door = Arc::new(AtomicBool::new(false));
    let (holding, open) = (held.clone(), door.clone());
    let body = move || {
        let first = here();
        let opened = door.clone();
        // Runs on this thread as soon as the coroutine has left it, and keeps it.
        drop(qi_sched::spawn_local(async move {
            holding.store(true, SeqCst);
            while !opened.load(SeqCst) {
                thread::yield_now();
            }
        }));
        poll_fn(|cx| {
            if held.load(SeqCst) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .wait();
        let second = here();
        open.store(true, SeqCst);
        (first, second)
    };
    // SAFETY: what is kept over the suspension belongs to no thread.
    let task = scheduler.handle().enter(|| unsafe { spawn_migratable(body) });
    let (first, second) = scheduler.block_on(task).unwrap();
    assert_ne!(first, second);
    scheduler.shutdown().unwrap();
}
