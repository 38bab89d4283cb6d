//! Cancelling a coroutine: it unwinds where it waits, answers where it asks, and cannot hold the
//! runtime up.

use super::support::{Dropped, Event, until};
use super::{on, on_one_and_four};
use qi_runtime::coroutine::{Wait, shield, try_wait, wait, yield_now};
use qi_runtime::{AsyncRuntime, TaskHandle, TaskStatus};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

fn until_it_waits<T>(task: &TaskHandle<T>) {
    until(|| task.status() == TaskStatus::Waiting);
}

#[test]
fn a_cancelled_coroutine_unwinds_where_it_waits_on_its_own_thread() {
    on_one_and_four(|runtime| {
        struct Home(thread::ThreadId, Arc<AtomicUsize>);
        impl Drop for Home {
            fn drop(&mut self) {
                assert_eq!(thread::current().id(), self.0);
                self.1.fetch_add(1, SeqCst);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        for _ in 0..20 {
            let dropped = dropped.clone();
            let task = runtime.spawn_coroutine(move || {
                let _home = Home(thread::current().id(), dropped);
                pending::<()>().wait();
                unreachable!();
            });
            until_it_waits(&task);
            task.cancel().unwrap();
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        }
        assert_eq!(dropped.load(SeqCst), 20);
        assert_eq!(runtime.stats().cancelled_tasks, 20);
    });
}

#[test]
fn one_that_asks_is_answered_and_its_result_counts() {
    on_one_and_four(|runtime| {
        let task = runtime.spawn_coroutine(|| match try_wait(pending::<()>()) {
            Ok(()) => unreachable!(),
            Err(error) => (error.to_string(), error.message_zh()),
        });
        until_it_waits(&task);
        task.cancel().unwrap();
        let (english, chinese) = runtime.block_on(task).unwrap();
        assert_eq!(english, "the coroutine was cancelled");
        assert_eq!(chinese, "协程已被取消");
        assert_eq!(runtime.stats().completed_tasks, 1);
    });
}

#[test]
fn one_that_has_not_begun_never_does() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let door = Event::new();
        let busy = door.clone();
        let blocker = runtime.spawn(async move { busy.spin() });
        until(|| blocker.status() == TaskStatus::Running);
        let (held, dropped) = Dropped::new();
        let task = runtime.spawn_coroutine(move || {
            drop(held);
            unreachable!("it was cancelled before");
        });
        task.cancel().unwrap();
        door.set();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert!(dropped.load(SeqCst));
        runtime.block_on(blocker).unwrap();
        assert!(runtime.stats().coroutines.stacks.is_none(), "it never had a stack");
    });
}

#[test]
fn a_poll_that_is_ready_wins_over_a_request() {
    on_one_and_four(|runtime| {
        let (inside, door) = (Event::new(), Event::new());
        let (entered, busy) = (inside.clone(), door.clone());
        let task = runtime.spawn_coroutine(move || {
            entered.set();
            busy.spin();
            // Ready at once: nothing is suspended.
            wait(async { 5 })
        });
        inside.spin();
        task.cancel().unwrap();
        door.set();
        assert_eq!(runtime.block_on(task).unwrap(), 5);
    });
}

#[test]
fn what_must_be_waited_for_is_shielded() {
    on_one_and_four(|runtime| {
        let (event, reached) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let (waited_for, counted) = (event.clone(), reached.clone());
        let task = runtime.spawn_coroutine(move || {
            shield(|| waited_for.wait());
            counted.fetch_add(1, SeqCst);
            yield_now();
            counted.fetch_add(1, SeqCst);
        });
        until(|| event.waiting() == 1);
        task.cancel().unwrap();
        assert!(!task.is_finished());
        event.set();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(reached.load(SeqCst), 1);
    });
}

#[test]
fn one_that_catches_its_cancellation_runs_on_as_a_blocking_call_and_is_reported() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let (event, raised) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let (waited_for, counted) = (event.clone(), raised.clone());
        let task = runtime.spawn_coroutine(move || {
            let home = thread::current().id();
            loop {
                let event = waited_for.clone();
                match catch_unwind(AssertUnwindSafe(|| event.wait())) {
                    Ok(()) => break assert_eq!(thread::current().id(), home),
                    Err(_) => counted.fetch_add(1, SeqCst),
                };
            }
        });
        // It shares its thread, the only one, with this.
        let ticks = Arc::new(AtomicUsize::new(0));
        let ticking = ticks.clone();
        let beside = runtime.spawn_coroutine(move || {
            loop {
                ticking.fetch_add(1, SeqCst);
                yield_now();
            }
        });
        until(|| event.waiting() == 1);
        task.cancel().unwrap();
        until(|| runtime.stats().coroutines.stuck == 1);
        assert_eq!(raised.load(SeqCst), 3);
        // The runtime lives on, and so do coroutines of the blocked thread.
        assert_eq!(runtime.block_on(runtime.spawn_coroutine(|| 6)).unwrap(), 6);
        let seen = ticks.load(SeqCst);
        until(|| ticks.load(SeqCst) > seen + 10);
        event.set();
        runtime.block_on(task).unwrap();
        assert_eq!(raised.load(SeqCst), 3);
        beside.cancel().unwrap();
        assert!(runtime.block_on(beside).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_coroutine_cancels_itself_at_its_next_wait() {
    on_one_and_four(|runtime| {
        let (told, own) = oneshot();
        let task = runtime.spawn_coroutine(move || {
            let abort: qi_runtime::AbortHandle = own.blocking_recv().unwrap();
            abort.cancel().unwrap();
            yield_now();
            unreachable!();
        });
        told.send(task.abort_handle()).unwrap();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    });
}

fn oneshot<T>()
-> (qi_runtime::channel::oneshot::Sender<T>, qi_runtime::channel::oneshot::Receiver<T>) {
    qi_runtime::channel::oneshot::channel()
}
