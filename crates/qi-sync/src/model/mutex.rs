//! The mutex: one holder at a time, who sees what the one before wrote, and a turn that is given
//! reaches somebody (the lock's I26 and I27, as seen from here).
#![forbid(unsafe_code)]

use super::{block_on, poll_and_drop};
use crate::mutex::Mutex;
use loom::cell::Cell;
use loom::thread;
use std::sync::Arc;

/// What the mutex guards: loom fails an execution in which two touch it at once, or one has not
/// seen what the one before it did.
type Shared = Arc<Mutex<Cell<usize>>>;

fn shared() -> Shared {
    Arc::new(Mutex::new(Cell::new(0)))
}

fn count(mutex: &Mutex<Cell<usize>>) {
    let guard = block_on(mutex.lock());
    guard.set(guard.get() + 1);
}

/// Two threads, on the short way and on the long.
fn both_count() {
    let mutex = shared();
    let other = {
        let mutex = mutex.clone();
        thread::spawn(move || count(&mutex))
    };
    count(&mutex);
    other.join().unwrap();
    assert_eq!(mutex.try_lock().unwrap().get(), 2);
}

/// An owned guard is released on another thread than the one that made it.
fn a_guard_may_be_dropped_elsewhere() {
    let mutex = shared();
    let guard = mutex.clone().try_lock_owned().unwrap();
    let other = thread::spawn(move || {
        guard.set(1);
        drop(guard);
    });
    count(&mutex);
    other.join().unwrap();
    assert_eq!(mutex.try_lock().unwrap().get(), 2);
}

/// A waiter gives up, told its turn or not, while the mutex is unlocked: the other one gets it.
fn a_waiter_that_gives_up_passes_its_turn_on() {
    let mutex = shared();
    let held = mutex.try_lock().unwrap();
    let fickle = {
        let mutex = mutex.clone();
        thread::spawn(move || drop(poll_and_drop(mutex.lock())))
    };
    let steady = {
        let mutex = mutex.clone();
        thread::spawn(move || count(&mutex))
    };
    drop(held);
    fickle.join().unwrap();
    steady.join().unwrap();
    assert_eq!(mutex.try_lock().unwrap().get(), 1);
}

#[test]
fn loom_mutex() {
    super::explore(
        "loom_mutex",
        &[both_count, a_guard_may_be_dropped_elsewhere, a_waiter_that_gives_up_passes_its_turn_on],
    );
}
