//! A stepped worker that blocks inside a poll keeps its seat.
#![forbid(unsafe_code)]

use qi_sched::{Driver, Scheduler, StepOutcome, ThreadDriver, coop};
use std::any::Any;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Instant;

/// Notes who is unparked.
struct Noting {
    inner: ThreadDriver,
    unparked: Mutex<Vec<usize>>,
}

impl Driver for Noting {
    fn park(&self, seat: usize) {
        self.inner.park(seat);
    }

    fn unpark(&self, seat: usize) {
        self.unparked.lock().unwrap().push(seat);
        self.inner.unpark(seat);
    }

    fn next_deadline(&self, seat: usize) -> Option<Instant> {
        self.inner.next_deadline(seat)
    }

    fn try_turn(&self, seat: usize) -> Option<bool> {
        self.inner.try_turn(seat)
    }

    fn has_sources(&self, seat: usize) -> bool {
        self.inner.has_sources(seat)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn a_worker_that_kept_its_seat_in_a_block_is_awake_when_it_goes_on() {
    let driver = Arc::new(Noting { inner: ThreadDriver::new(2), unparked: Mutex::default() });
    let builder = Scheduler::builder().worker_threads(2).driver(driver.clone());
    let stepper = builder.build_stepper().unwrap();
    let handle = stepper.handle().clone();
    let seen = driver.clone();
    let task = stepper.handle().spawn(async move {
        coop::yield_now().await;
        let mut polls = 0;
        // Between its two polls the worker steps, and finds nothing to do.
        handle.block_on(poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 2 { Poll::Pending } else { Poll::Ready(()) }
        }));
        seen.unparked.lock().unwrap().clear();
        let outside = handle.clone();
        let spawner = std::thread::spawn(move || drop(outside.spawn(async {})));
        spawner.join().unwrap();
        std::mem::take(&mut *seen.unparked.lock().unwrap())
    });
    assert_eq!(stepper.step(0), StepOutcome::Worked);
    while stepper.step(1) != StepOutcome::WouldPark {}
    while !task.is_finished() {
        stepper.step(0);
    }
    let mut join = std::pin::pin!(task.join());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Ok(unparked)) = std::future::Future::poll(join.as_mut(), &mut cx) else {
        panic!("it has finished");
    };
    assert_eq!(unparked, [1], "the other one sleeps; this one is at work");
}
