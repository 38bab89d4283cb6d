//! Urgent timers among polls that are long, step by step: a deadline that passes within a poll is
//! seen when that poll is over.
#![forbid(unsafe_code)]

use qi_sched::{Clock, Driver, ManualClock, Scheduler, StepOutcome, Stepper, TaskPriority, coop};
use std::any::Any;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// One timer, of the worker on the first seat.
struct Timer {
    clock: Arc<ManualClock>,
    set: Mutex<Option<(Instant, Waker)>>,
}

impl Timer {
    fn is_due(&self) -> bool {
        let set = self.set.lock().unwrap();
        set.as_ref().is_some_and(|(due, _)| *due <= self.clock.now())
    }

    /// Waits until so long from now; gives the deadline.
    async fn wait(&self, length: Duration) -> Instant {
        let due = self.clock.now() + length;
        poll_fn(|cx| {
            if self.clock.now() >= due {
                return Poll::Ready(due);
            }
            *self.set.lock().unwrap() = Some((due, cx.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

impl Driver for Timer {
    fn park(&self, _: usize) {
        unreachable!("whoever steps workers by hand parks for them");
    }

    fn unpark(&self, _: usize) {}

    fn next_deadline(&self, seat: usize) -> Option<Instant> {
        if seat == 0 { self.set.lock().unwrap().as_ref().map(|(due, _)| *due) } else { None }
    }

    fn try_turn(&self, seat: usize) -> Option<bool> {
        let fires = seat == 0 && self.is_due();
        let fired = if fires { self.set.lock().unwrap().take() } else { None };
        Some(fired.map(|(_, waker)| waker.wake()).is_some())
    }

    fn has_sources(&self, _: usize) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Workers, their clock, and what is counted.
struct World {
    stepper: Stepper,
    clock: Arc<ManualClock>,
    timer: Arc<Timer>,
    /// Polls that began although the timer was due.
    late: Arc<AtomicUsize>,
}

impl World {
    fn new(workers: usize) -> Self {
        let clock = Arc::new(ManualClock::new());
        let timer = Arc::new(Timer { clock: clock.clone(), set: Mutex::default() });
        let stepper = Scheduler::builder()
            .worker_threads(workers)
            .clock(clock.clone())
            .driver(timer.clone())
            .build_stepper()
            .unwrap();
        Self { stepper, clock, timer, late: Arc::default() }
    }

    /// Tasks that compute for so long at a time, for ever, or so many times.
    fn flood(&self, tasks: u64, polls: usize, length: impl Fn(u64) -> Duration) {
        for number in 0..tasks {
            let (clock, length) = (self.clock.clone(), length(number));
            let (timer, late) = (self.timer.clone(), self.late.clone());
            drop(self.stepper.handle().spawn(async move {
                for _ in 0..polls {
                    late.fetch_add(usize::from(timer.is_due()), Relaxed);
                    clock.advance(length);
                    coop::yield_now().await;
                }
            }));
        }
    }

    fn step(&self) {
        assert_eq!(self.stepper.step(0), StepOutcome::Worked);
    }
}

#[test]
fn among_long_polls_no_other_poll_begins_before_the_timers_but_one_that_is_owed() {
    const ROUNDS: usize = 2_000;
    let world = World::new(1);
    world.flood(500, usize::MAX, |number| Duration::from_micros(50 + number % 51));
    for _ in 0..1_000 {
        world.step();
    }
    let (timer, clock) = (world.timer.clone(), world.clock.clone());
    let latenesses: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let noted = latenesses.clone();
    let urgent = async move {
        for round in 0..ROUNDS as u64 {
            let due = timer.wait(Duration::from_micros(300 + round * 37 % 1_000)).await;
            noted.lock().unwrap().push(clock.now() - due);
        }
    };
    let urgent = world.stepper.handle().spawn_with_priority(urgent, TaskPriority::High);
    let (mut seen, mut owed) = (0, 0);
    while !urgent.is_finished() {
        world.step();
        let now = latenesses.lock().unwrap().len();
        if now > seen {
            seen = now;
            let late = world.late.swap(0, Relaxed);
            assert!(late <= 1, "{late} polls began before the urgent one, of which one is owed");
            owed += late;
        }
    }
    // One pick in 16 is owed to Normal.
    assert!(owed <= ROUNDS / 8, "{owed} polls of others in {ROUNDS} rounds");
    let longest = latenesses.lock().unwrap().iter().max().copied().unwrap();
    assert!(longest <= Duration::from_micros(200), "two polls at most, but it took {longest:?}");
}

#[test]
fn a_timer_that_its_worker_does_not_come_to_is_fired_by_another_that_is_busy() {
    for workers in 2..5 {
        let world = World::new(workers);
        let timer = world.timer.clone();
        let urgent = async move {
            timer.wait(Duration::from_micros(500)).await;
        };
        let urgent = world.stepper.handle().spawn_with_priority(urgent, TaskPriority::High);
        // The timer belongs to the first worker, which makes no further step.
        world.step();
        world.flood(500, usize::MAX, |_| Duration::from_micros(75));
        for _ in 0..100 {
            assert_eq!(world.stepper.step(1), StepOutcome::Worked);
        }
        assert!(urgent.is_finished());
        // It is noticed when the other one comes round to that seat and it is 50 µs late; one pick
        // may be owed.
        let late = world.late.load(Relaxed);
        assert!(late <= workers + 1, "{workers} workers: {late} polls began before the urgent one");
    }
}

#[test]
fn when_short_polls_become_long_the_worker_looks_at_its_timers_after_sixteen_at_most() {
    for short in 0..64 {
        let world = World::new(1);
        // The clock is read less and less often.
        world.flood(1, 500 + short, |_| Duration::from_nanos(200));
        for _ in 0..500 + short {
            world.step();
        }
        let timer = world.timer.clone();
        let urgent = async move {
            timer.wait(Duration::from_micros(10)).await;
        };
        let urgent = world.stepper.handle().spawn_with_priority(urgent, TaskPriority::High);
        world.flood(100, usize::MAX, |_| Duration::from_micros(100));
        for _ in 0..50 {
            world.step();
        }
        assert!(urgent.is_finished());
        let late = world.late.load(Relaxed);
        assert!(late <= 16, "{late} long polls began although the timer was due");
    }
}
