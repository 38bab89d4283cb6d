//! A coroutine stays on its thread: what is not `Send`, thread-locals and guards are sound across
//! suspensions, with stealing on.

use super::support::{Event, until};
use super::{on, on_one_and_four};
use qi_runtime::AsyncRuntime;
use qi_runtime::coroutine::{Wait, sleep, wait, yield_now};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

thread_local! {
    static TOUCHED: Cell<u64> = const { Cell::new(0) };
}

#[test]
fn values_that_are_not_send_and_thread_locals_survive_any_suspension() {
    on_one_and_four(|runtime| {
        let tasks: Vec<_> = (0..64_u64)
            .map(|number| {
                runtime.spawn_coroutine(move || {
                    let (home, own) = (thread::current().id(), Rc::new(RefCell::new(Vec::new())));
                    let address = TOUCHED.with(|touched| std::ptr::from_ref(touched).addr());
                    for round in 0..20 {
                        match (number + round) % 4 {
                            0 => yield_now(),
                            1 => sleep(Duration::from_micros(50)),
                            2 => qi_runtime::spawn(async {}).join().wait().unwrap(),
                            _ => wait(qi_runtime::spawn_blocking(|| {})).unwrap(),
                        }
                        assert_eq!(thread::current().id(), home);
                        let now = TOUCHED.with(|touched| {
                            touched.set(touched.get() + 1);
                            std::ptr::from_ref(touched).addr()
                        });
                        assert_eq!(now, address, "another thread's variable");
                        own.borrow_mut().push(round);
                    }
                    own.take().len()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(runtime.block_on(task).unwrap(), 20);
        }
    });
}

#[test]
fn a_guard_of_a_lock_may_be_held_while_suspended() {
    on_one_and_four(|runtime| {
        // One each: a standard mutex that another coroutine of the thread wants would block it.
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                runtime.spawn_coroutine(|| {
                    let mutex = Mutex::new(0);
                    let mut guard = mutex.lock().unwrap();
                    for _ in 0..50 {
                        yield_now();
                        *guard += 1;
                    }
                    *guard
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(runtime.block_on(task).unwrap(), 50);
        }
        let shared = Arc::new(qi_runtime::sync::Mutex::new(0));
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let shared = shared.clone();
                runtime.spawn_coroutine(move || {
                    for _ in 0..50 {
                        let mut guard = shared.lock().wait();
                        yield_now();
                        *guard += 1;
                    }
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        assert_eq!(*runtime.block_on(shared.lock()), 800);
    });
}

#[test]
fn those_that_have_not_begun_are_taken_from_a_worker_that_is_stuck() {
    on(AsyncRuntime::builder().worker_threads(4), |runtime| {
        let (door, ran) = (Event::new(), Arc::new(Mutex::new(0)));
        let (busy, count) = (door.clone(), ran.clone());
        let stuck = runtime.spawn(async move {
            for _ in 0..50 {
                let ran = count.clone();
                drop(qi_runtime::spawn_coroutine(move || {
                    yield_now();
                    *ran.lock().unwrap() += 1;
                }));
            }
            busy.spin();
        });
        until(|| *ran.lock().unwrap() == 50);
        door.set();
        runtime.block_on(stuck).unwrap();
    });
}

#[test]
fn those_that_have_begun_go_on_on_a_thread_that_gave_its_seat_away() {
    on(AsyncRuntime::builder().worker_threads(1), |runtime| {
        let event = Event::new();
        let waited_for = event.clone();
        let coroutine = runtime.spawn_coroutine(move || {
            let (home, own) = (thread::current().id(), Rc::new(()));
            waited_for.wait();
            drop(own);
            assert_eq!(thread::current().id(), home);
            home
        });
        until(|| event.waiting() == 1);
        let handle = runtime.handle().clone();
        let blocked = runtime.spawn(async move {
            // Blocks the very thread that the coroutine lives on.
            let home = handle.block_on(async {
                event.set();
                coroutine.await.unwrap()
            });
            assert_eq!(thread::current().id(), home);
        });
        runtime.block_on(blocked).unwrap();
    });
}
