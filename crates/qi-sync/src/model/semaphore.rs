//! The semaphore: permits reach those who wait, whoever gives up or closes meanwhile (I36).
#![forbid(unsafe_code)]

use super::{block_on, poll_and_drop};
use crate::semaphore::Semaphore;
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

/// A permit given meets a waiter that is just queueing up.
fn a_permit_reaches_a_waiter() {
    let semaphore = Arc::new(Semaphore::new(0));
    let waiter = {
        let semaphore = semaphore.clone();
        thread::spawn(move || block_on(semaphore.acquire()).unwrap().forget())
    };
    semaphore.add_permits(1);
    waiter.join().unwrap();
    assert_eq!(semaphore.available_permits(), 0);
}

/// What one holder does is ordered before what the next one does, on the short way and the long.
fn holders_of_the_only_permit_are_ordered() {
    let shared = Arc::new((Semaphore::new(1), UnsafeCell::new(())));
    let touch = |shared: &(Semaphore, UnsafeCell<()>)| {
        let permit = block_on(shared.0.acquire()).unwrap();
        shared.1.with_mut(|_| ());
        drop(permit);
    };
    let other = {
        let shared = shared.clone();
        thread::spawn(move || touch(&shared))
    };
    touch(&shared);
    other.join().unwrap();
    assert_eq!(shared.0.available_permits(), 1);
}

/// A waiter gives up, granted or not, while the only permit comes: the other one gets it.
fn a_waiter_that_gives_up_passes_its_permit_on() {
    let semaphore = Arc::new(Semaphore::new(0));
    let fickle = {
        let semaphore = semaphore.clone();
        thread::spawn(move || drop(poll_and_drop(semaphore.acquire())))
    };
    let steady = {
        let semaphore = semaphore.clone();
        thread::spawn(move || drop(block_on(semaphore.acquire()).unwrap()))
    };
    semaphore.add_permits(1);
    fickle.join().unwrap();
    steady.join().unwrap();
    assert_eq!(semaphore.available_permits(), 1);
}

/// A request for two and a request for one meet two permits that come one by one.
fn a_big_request_and_a_small_one_are_both_granted() {
    let semaphore = Arc::new(Semaphore::new(1));
    let big = {
        let semaphore = semaphore.clone();
        thread::spawn(move || drop(block_on(semaphore.acquire_many(2)).unwrap()))
    };
    semaphore.add_permits(1);
    drop(block_on(semaphore.acquire()).unwrap());
    big.join().unwrap();
    assert_eq!(semaphore.available_permits(), 2);
}

/// Closing meets a waiter that is just queueing up; who is refused sees what came before.
fn closing_reaches_a_waiter() {
    let shared = Arc::new((Semaphore::new(0), UnsafeCell::new(())));
    let waiter = {
        let shared = shared.clone();
        thread::spawn(move || {
            assert!(block_on(shared.0.acquire()).is_err());
            shared.1.with(|_| ());
        })
    };
    shared.1.with_mut(|_| ());
    shared.0.close();
    waiter.join().unwrap();
}

#[test]
fn loom_semaphore() {
    super::explore(
        "loom_semaphore",
        &[
            a_permit_reaches_a_waiter,
            holders_of_the_only_permit_are_ordered,
            a_waiter_that_gives_up_passes_its_permit_on,
            a_big_request_and_a_small_one_are_both_granted,
            closing_reaches_a_waiter,
        ],
    );
}
