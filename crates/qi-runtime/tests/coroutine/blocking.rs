//! A coroutine that has to wait where it cannot be left blocks its thread, and nobody else.

use super::on;
use super::support::{Event, until};
use qi_runtime::coroutine::{Wait, in_coroutine, yield_now};
use qi_runtime::{AsyncRuntime, block_in_place};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Waits in its drop.
struct WaitsInDrop(Event, Arc<AtomicUsize>);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        self.0.clone().wait();
        self.1.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_destructor_waits_while_its_frame_unwinds_and_the_runtime_goes_on() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let (event, dropped) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let held = WaitsInDrop(event.clone(), dropped.clone());
        let panicking = runtime.spawn_coroutine(move || {
            let _held = held;
            yield_now();
            std::panic::resume_unwind(Box::new(1_u8));
        });
        until(|| runtime.stats().coroutines.blocked == 1);
        assert_eq!(runtime.block_on(runtime.spawn_coroutine(|| 7)).unwrap(), 7);
        event.set();
        let error = runtime.block_on(panicking).unwrap_err();
        assert!(error.is_panic());
        assert_eq!(dropped.load(SeqCst), 1);
    });
}

#[test]
fn a_coroutine_of_the_same_thread_ends_the_wait_of_one_that_unwinds() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let (event, dropped) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let (held, waker) = (WaitsInDrop(event.clone(), dropped.clone()), event.clone());
        let parent = runtime.spawn_coroutine(move || {
            let home = thread::current().id();
            let started = Event::new();
            let seen = started.clone();
            // Begun on this thread, and so bound to it.
            let helper = qi_runtime::spawn_coroutine(move || {
                seen.set();
                while waker.waiting() == 0 {
                    yield_now();
                }
                waker.set();
                thread::current().id()
            });
            started.wait();
            let task = qi_runtime::spawn_coroutine(move || {
                let _held = held;
                yield_now();
                std::panic::resume_unwind(Box::new(2_u8));
            });
            assert!(task.join().wait().unwrap_err().is_panic());
            (home, helper.join().wait().unwrap())
        });
        let (home, helper) = runtime.block_on(parent).unwrap();
        assert_eq!(home, helper);
        assert_eq!(dropped.load(SeqCst), 1);
    });
}

#[test]
fn blocking_in_place_gives_the_seat_away_for_a_coroutine_too() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let door = Event::new();
        let busy = door.clone();
        let task = runtime.spawn_coroutine(move || {
            block_in_place(|| busy.spin());
            yield_now();
            in_coroutine()
        });
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
        door.set();
        assert!(runtime.block_on(task).unwrap());
    });
}
