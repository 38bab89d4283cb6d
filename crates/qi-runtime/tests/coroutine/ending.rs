//! Shutdown with coroutines in every state.

use super::support::{Event, until, watched};
use super::{on, on_one_and_four};
use qi_runtime::coroutine::{Wait, shield, sleep, try_wait, yield_now};
use qi_runtime::{AsyncRuntime, ShutdownError, TaskStatus};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Counts its drop, which must be on the thread that it was made on.
struct Frame(thread::ThreadId, Arc<AtomicUsize>);

impl Frame {
    fn new(dropped: &Arc<AtomicUsize>) -> Self {
        Self(thread::current().id(), dropped.clone())
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.0);
        self.1.fetch_add(1, SeqCst);
    }
}

#[test]
fn suspended_coroutines_are_unwound_on_their_threads() {
    on_one_and_four(|runtime| {
        let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for number in 0..200 {
            let (begun, dropped) = (begun.clone(), dropped.clone());
            drop(runtime.spawn_coroutine(move || {
                let _frame = Frame::new(&dropped);
                begun.fetch_add(1, SeqCst);
                match number % 3 {
                    0 => pending::<()>().wait(),
                    1 => sleep(Duration::from_secs(3600)),
                    _ => {
                        let _ = try_wait(pending::<()>());
                    }
                }
            }));
        }
        until(|| begun.load(SeqCst) == 200);
        runtime.shutdown().unwrap();
        assert_eq!(dropped.load(SeqCst), 200);
        assert_eq!(runtime.stats().coroutines.blocked, 0);
    });
}

#[test]
fn one_that_must_wait_for_its_end_is_given_the_time() {
    on_one_and_four(|runtime| {
        let ended = Arc::new(AtomicUsize::new(0));
        let begun = Event::new();
        let (count, started) = (ended.clone(), begun.clone());
        drop(runtime.spawn_coroutine(move || {
            started.set();
            shield(|| {
                // Timers go on while the runtime closes.
                sleep(Duration::from_millis(5));
                count.fetch_add(1, SeqCst);
            });
        }));
        begun.spin();
        runtime.shutdown().unwrap();
        assert_eq!(ended.load(SeqCst), 1);
    });
}

#[test]
fn one_that_never_ends_is_left_behind_by_name() {
    watched(|| {
        let runtime = AsyncRuntime::builder()
            .worker_threads(1)
            .shutdown_timeout(Duration::from_millis(50))
            .build()
            .unwrap();
        let event = Event::new();
        let waited_for = event.clone();
        let task = runtime.coroutine().name("stubborn").spawn(move || {
            loop {
                let event = waited_for.clone();
                if catch_unwind(AssertUnwindSafe(|| event.wait())).is_ok() {
                    break;
                }
            }
        });
        until(|| task.status() == TaskStatus::Waiting);
        let Err(ShutdownError::LeftBehind { tasks, .. }) = runtime.shutdown() else {
            panic!("it is still there")
        };
        let [left] = &tasks[..] else { panic!("{tasks:?}") };
        assert!(left.contains("'stubborn'") && left.contains("a coroutine"), "{left}");
        assert_eq!(runtime.stats().coroutines.stuck, 1);
        event.set();
        until(|| runtime.state() == qi_runtime::RuntimeState::Stopped);
        assert_eq!(task.status(), TaskStatus::Completed);
    });
}

#[test]
fn a_runtime_may_be_dropped_inside_of_its_own_coroutine() {
    for workers in [1, 4] {
        watched(move || {
            let runtime = AsyncRuntime::builder().worker_threads(workers).build().unwrap();
            let handle = runtime.handle().clone();
            let dropped = Arc::new(AtomicUsize::new(0));
            let (count, begun) = (dropped.clone(), Event::new());
            let started = begun.clone();
            drop(handle.spawn_coroutine(move || {
                let _frame = Frame::new(&count);
                started.set();
                pending::<()>().wait();
            }));
            begun.spin();
            drop(handle.spawn_coroutine(move || drop(runtime)));
            until(|| handle.state() == qi_runtime::RuntimeState::Stopped);
            assert_eq!(dropped.load(SeqCst), 1);
        });
    }
}

#[test]
fn a_coroutine_spawned_too_late_is_cancelled_and_its_closure_dropped() {
    on_one_and_four(|runtime| {
        runtime.shutdown().unwrap();
        let held = Arc::new(());
        let kept = held.clone();
        let late = runtime.spawn_coroutine(move || drop(kept));
        assert_eq!(late.status(), TaskStatus::Cancelled);
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn a_graceful_shutdown_lets_them_finish() {
    on(AsyncRuntime::builder().worker_threads(2), |runtime| {
        for _ in 0..50 {
            drop(runtime.spawn_coroutine(|| (0..10).for_each(|_| yield_now())));
        }
        let report = runtime.shutdown_graceful(Duration::from_secs(30));
        assert!(report.left_behind.is_empty());
        assert_eq!(report.cancelled, 0);
        assert_eq!(runtime.stats().completed_tasks, 50);
    });
}
