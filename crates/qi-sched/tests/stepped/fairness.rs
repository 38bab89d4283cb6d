//! What waits in the global queue does not wait for dozens of long polls, and what lies with a worker
//! not for another one's pinned tasks to rest.
#![forbid(unsafe_code)]

use qi_sched::{Handle, ManualClock, Scheduler, coop};
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How many polls of others, each so long, a task waits at most that was woken from outside.
fn longest_wait(poll: Duration) -> usize {
    let clock = Arc::new(ManualClock::new());
    let stepper =
        Scheduler::builder().worker_threads(1).clock(clock.clone()).build_stepper().unwrap();
    let polls = Arc::<AtomicUsize>::default();
    for _ in 0..5 {
        let (clock, polls) = (clock.clone(), polls.clone());
        drop(stepper.handle().spawn(async move {
            loop {
                clock.advance(poll);
                polls.fetch_add(1, SeqCst);
                coop::yield_now().await;
            }
        }));
    }
    let place = Arc::new(Mutex::new(None::<Waker>));
    let (waiting, turns) = (place.clone(), Arc::<AtomicUsize>::default());
    let counted = turns.clone();
    drop(stepper.handle().spawn(poll_fn(move |cx| {
        *waiting.lock().unwrap() = Some(cx.waker().clone());
        counted.fetch_add(1, SeqCst);
        Poll::<()>::Pending
    })));
    for _ in 0..500 {
        stepper.step(0);
    }
    let mut longest = 0;
    for round in 0..40 {
        // In another phase of the worker's turns each time.
        for _ in 0..round {
            stepper.step(0);
        }
        let waker = place.lock().unwrap().take().expect("it waits");
        let (before, turn) = (polls.load(SeqCst), turns.load(SeqCst));
        waker.wake();
        while turns.load(SeqCst) == turn {
            stepper.step(0);
        }
        longest = longest.max(polls.load(SeqCst) - before);
    }
    longest
}

#[test]
fn who_is_woken_from_outside_waits_for_few_long_polls() {
    let longest = longest_wait(Duration::from_millis(2));
    assert!(longest <= 6, "{longest} polls of 2 ms went first");
    let longest = longest_wait(Duration::from_micros(20));
    assert!(longest <= 40, "{longest} polls of 20 µs went first");
}

#[test]
fn who_is_woken_from_outside_waits_for_a_bounded_number_of_short_polls() {
    let longest = longest_wait(Duration::from_nanos(50));
    assert!(longest <= 64, "{longest} polls went first");
}

#[test]
fn a_worker_that_its_pinned_tasks_keep_busy_takes_from_others_too() {
    let stepper = Scheduler::builder().worker_threads(2).build_stepper().unwrap();
    let handle = stepper.handle();
    let turns = Arc::<AtomicUsize>::default();
    let taken = turns.clone();
    drop(handle.task().home_worker(1).unwrap().spawn_pinned(move || async move {
        loop {
            taken.fetch_add(1, SeqCst);
            coop::yield_now().await;
        }
    }));
    while turns.load(SeqCst) == 0 {
        stepper.step(1);
    }
    let done = Arc::<AtomicUsize>::default();
    let counted = done.clone();
    let parent = handle.task().home_worker(0).unwrap().spawn(async move {
        for _ in 0..100 {
            let done = counted.clone();
            drop(Handle::current().spawn(async move {
                done.fetch_add(1, SeqCst);
            }));
        }
    });
    while done.load(SeqCst) == 0 {
        stepper.step(0);
    }
    assert!(parent.is_finished());
    // From here on the first worker does not move.
    let before = turns.load(SeqCst);
    for _ in 0..1000 {
        stepper.step(1);
    }
    // The last one is left to its owner, and the first ran there.
    assert!(done.load(SeqCst) >= 99, "{}", done.load(SeqCst));
    assert!(turns.load(SeqCst) >= before + 400, "the pinned one has had its turns meanwhile");
}
