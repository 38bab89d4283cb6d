//! The life of tasks, on workers that are stepped: spawned, woken, cancelled, joined, left alone, moved
//! between lanes, by themselves and from outside, up to the end of the scheduler.
#![forbid(unsafe_code)]

mod script;

use crate::Plan;
use qi_sched::{
    AbortHandle, JoinError, ManualClock, Scheduler, StepOutcome, Stepper, TaskHandle, TaskPriority,
    TaskStatus,
};
use qi_test_kit::{Hand, Token};
use script::{PLACES, Script, Told, World};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Far more than the tasks of a plan can do.
const MOST_ROUNDS: usize = 20_000;

/// A task as the outside knows it.
struct Held {
    number: usize,
    watch: AbortHandle,
    /// Neither if it was left alone, or its result was taken.
    handle: Option<TaskHandle<Token>>,
    hand: Option<Hand<'static, Result<Token, JoinError>>>,
    /// Cancelled while nobody polled it: it can end in no other way.
    must_cancel: bool,
}

struct Driver {
    stepper: Stepper,
    clock: Arc<ManualClock>,
    world: World,
    held: Vec<Held>,
    closed: bool,
}

/// Runs one input.
///
/// # Panics
/// If a task does not end as it was told, is forgotten, or leaves something.
pub fn run(input: &[u8]) {
    let mut plan = Plan::new(input);
    let (workers, shape) = (1 + plan.below(3), plan.below(64));
    let clock = Arc::new(ManualClock::new());
    let stepper = Scheduler::builder()
        .worker_threads(workers)
        .seed(shape as u64)
        .queue_capacity(1 + shape % 7)
        .work_stealing(shape % 5 != 4)
        .run_in_place(shape % 3 != 2)
        .clock(clock.clone())
        .build_stepper()
        .expect("workers without threads");
    stepper.stay_alone();
    let world = World::default();
    let (ledger, handle) = (world.ledger.clone(), stepper.handle().clone());
    let held = Vec::new();
    let mut driver = Driver { stepper, clock, world, held, closed: false };
    while let Some(step) = plan.step(20) {
        driver.step(step, &mut plan);
        driver.check();
    }
    driver.settle();
    driver.end(&handle);
    ledger.assert_all_dropped();
}

impl Driver {
    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        let one = plan.one_of(self.held.len());
        match (step, one) {
            (0..=3, _) => self.spawn(plan),
            (4..=8, _) => {
                for _ in 0..=plan.below(8) {
                    self.stepper.step(plan.below(self.stepper.workers()));
                }
            }
            (9, Some(one)) => self.cancel(one),
            (10, Some(one)) => self.hold_out_a_hand(one, plan),
            (11, Some(one)) => self.poll(one),
            (12, Some(one)) => {
                // Left alone: it goes on.
                self.held[one].handle = None;
                self.held[one].hand = None;
            }
            (13, Some(one)) => {
                let lane = TaskPriority::DESCENDING[plan.below(4)];
                if let Some(handle) = &self.held[one].handle {
                    handle.set_priority(lane);
                    assert!(handle.is_finished() || handle.priority() == lane);
                }
            }
            (14..=15, _) => self.world.wake(plan.below(PLACES)),
            (16, _) => {
                let waker = self.world.lock().stale.pop();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            (17, _) => self.clock.advance(Duration::from_micros(plan.magnitude(24))),
            (18, _) => {
                if plan.below(16) == 0 {
                    self.stepper.close();
                    self.closed = true;
                }
            }
            _ => self.settle(),
        }
    }

    fn spawn(&mut self, plan: &mut Plan<'_>) {
        let lane = TaskPriority::DESCENDING[plan.below(4)];
        let script = Script::drawn(plan, 0);
        let Some(number) = self.world.number() else { return };
        let future = self.world.task(number, script);
        let handle = self.stepper.handle().spawn_with_priority(future, lane);
        let watch = handle.abort_handle();
        self.world.know(number, watch.clone());
        if self.closed {
            assert_eq!(handle.status(), TaskStatus::Cancelled, "spawned after the end");
        }
        let handle = Some(handle);
        self.held.push(Held { number, watch, handle, hand: None, must_cancel: false });
    }

    fn cancel(&mut self, one: usize) {
        let held = &mut self.held[one];
        let before = held.watch.status();
        let answer = held.watch.cancel();
        assert_eq!(answer.is_err(), before.is_final(), "{before}: {answer:?}");
        held.must_cancel |= answer.is_ok();
    }

    /// Begins to wait for a task from outside.
    fn hold_out_a_hand(&mut self, one: usize, plan: &mut Plan<'_>) {
        if let Some(handle) = self.held[one].handle.take() {
            self.held[one].hand = Some(match plan.below(2) {
                0 => Hand::new(handle.join()),
                _ => Hand::new(handle),
            });
            self.poll(one);
        }
    }

    fn poll(&mut self, one: usize) {
        let held = &mut self.held[one];
        let Some(hand) = &mut held.hand else { return };
        hand.wakes.take();
        let Poll::Ready(ended) = hand.poll() else {
            assert!(!held.watch.is_finished(), "it waits for a task that has ended");
            return;
        };
        held.hand = None;
        let status = match ended {
            Ok(token) => {
                assert_eq!(token.number(), held.number, "another task's result");
                TaskStatus::Completed
            }
            Err(error) if error.is_panic() => {
                assert!(error.into_panic().is::<Told>(), "another panic came out");
                TaskStatus::Failed
            }
            Err(error) => {
                assert!(error.is_cancelled(), "{error}");
                TaskStatus::Cancelled
            }
        };
        assert_eq!(held.watch.status(), status, "the state and the result differ");
    }

    /// Steps until all workers would sleep. Nobody who could go on may be left then.
    fn settle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let workers = 0..self.stepper.workers();
            let outcomes: Vec<StepOutcome> =
                workers.map(|worker| self.stepper.step(worker)).collect();
            if !outcomes.contains(&StepOutcome::Worked) {
                return self.check_settled();
            }
        }
        panic!("the workers find no rest");
    }

    fn check_settled(&mut self) {
        assert_eq!(self.stepper.runnable(), 0, "work is left, and all workers sleep");
        let (mut stands, mut lives) = (false, false);
        for known in self.world.lock().tasks.iter().flatten() {
            let status = known.watch.status();
            let may_wait = status == TaskStatus::Waiting && !self.closed;
            assert!(status.is_final() || may_wait, "{status}, and all workers sleep");
            (stands, lives) = (stands | known.waits, lives | !status.is_final());
        }
        // A parent may wait for a child, but the innermost stands at a place.
        assert!(stands || !lives, "somebody waits, and for nothing");
        for held in &self.held {
            assert!(!held.must_cancel || held.watch.status() == TaskStatus::Cancelled);
            if let Some(hand) = &held.hand {
                let is_told = hand.wakes.is_woken() || !held.watch.is_finished();
                assert!(is_told, "whoever waits for a task was not told of its end");
            }
        }
    }

    /// What holds between any two calls.
    fn check(&self) {
        let inner = self.world.lock();
        for (number, known) in inner.tasks.iter().enumerate() {
            let Some(known) = known else { continue };
            let (status, dropped) = (known.watch.status(), inner.dropped[number]);
            assert_eq!(status.is_final(), dropped, "{status}, and its future is something else");
            match status {
                TaskStatus::Completed => assert!(known.returned && !known.panicked),
                TaskStatus::Failed => assert!(known.panicked),
                TaskStatus::Cancelled => assert!(!known.panicked),
                TaskStatus::Pending | TaskStatus::Waiting => {
                    assert!(!known.returned, "{status}, and it has returned");
                }
                TaskStatus::Running => panic!("nobody polls, and a task is running"),
            }
        }
    }

    /// Ends the scheduler, and looks at what is left.
    fn end(self, handle: &qi_sched::Handle) {
        let Driver { stepper, world, mut held, .. } = self;
        stepper.shutdown();
        assert!(world.lock().dropped.iter().all(|gone| *gone), "a future outlives its scheduler");
        let mut counts = [0_u64; 3];
        for known in world.lock().tasks.iter().flatten() {
            match known.watch.status() {
                TaskStatus::Completed => counts[0] += 1,
                TaskStatus::Cancelled => counts[1] += 1,
                TaskStatus::Failed => counts[2] += 1,
                other => panic!("{other} after the shutdown"),
            }
        }
        let stats = handle.stats();
        assert_eq!((stats.active_tasks, stats.queued_tasks), (0, 0));
        let said = [stats.completed_tasks, stats.cancelled_tasks, stats.failed_tasks];
        assert_eq!(said, counts);
        for held in &mut held {
            if let Some(hand) = held.hand.take() {
                assert!(hand.wakes.is_woken(), "not told of the shutdown");
                drop(hand.finish());
            }
        }
    }
}
