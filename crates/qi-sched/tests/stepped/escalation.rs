//! Urgency that is lent, step by step: what a High task waits for runs next, ten thousand Normal
//! tasks or not.
#![forbid(unsafe_code)]

use qi_sched::lock::RawLock;
use qi_sched::{
    Handle, ManualClock, Scheduler, StepOutcome, Stepper, TaskHandle, TaskPriority, coop,
};
use std::sync::{Arc, Mutex};

const NORMALS: usize = 10_000;

/// What happened, in order.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<&'static str>>>);

impl Trace {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Stepped workers with ten thousand Normal tasks that are runnable for ever.
struct Flooded {
    stepper: Stepper,
    trace: Trace,
}

impl Flooded {
    fn new(workers: usize, escalation: bool) -> Self {
        let stepper = Scheduler::builder()
            .worker_threads(workers)
            .escalation(escalation)
            .clock(Arc::new(ManualClock::new()))
            .build_stepper()
            .unwrap();
        let flooded = Self { stepper, trace: Trace::default() };
        for _ in 0..NORMALS {
            let trace = flooded.trace.clone();
            drop(flooded.handle().spawn(async move {
                loop {
                    trace.note("normal");
                    coop::yield_now().await;
                }
            }));
        }
        flooded.steps(300);
        assert_eq!(flooded.trace.take(), ["normal"; 300]);
        flooded
    }

    fn handle(&self) -> &Handle {
        self.stepper.handle()
    }

    /// So many steps, the workers in turns.
    fn steps(&self, count: usize) {
        for step in 0..count {
            assert_eq!(self.stepper.step(step % self.stepper.workers()), StepOutcome::Worked);
        }
    }

    /// A Low task that is queued twice: when it is new, and after its yield.
    fn low(&self) -> TaskHandle<()> {
        let trace = self.trace.clone();
        let low = async move {
            trace.note("low begins");
            coop::yield_now().await;
            trace.note("low ends");
        };
        self.handle().spawn_with_priority(low, TaskPriority::Low)
    }

    /// A task that waits for another one.
    fn waiter(&self, lane: TaskPriority, names: [&'static str; 2], on: TaskHandle<()>) -> Waiter {
        let trace = self.trace.clone();
        let waiter = async move {
            trace.note(names[0]);
            on.await.unwrap();
            trace.note(names[1]);
        };
        self.handle().spawn_with_priority(waiter, lane)
    }

    /// How many Normal tasks have their turns before something is noted.
    fn normals_before(&self, what: &'static str) -> usize {
        let mut normals = 0;
        for _ in 0..NORMALS {
            self.steps(1);
            let trace = self.trace.take();
            if trace.contains(&what) {
                return normals;
            }
            normals += trace.iter().filter(|name| **name == "normal").count();
        }
        panic!("{what} did not happen within {NORMALS} steps");
    }
}

type Waiter = TaskHandle<()>;

const HIGH: [&str; 2] = ["high waits", "high goes on"];

#[test]
fn a_low_task_that_a_high_one_waits_for_runs_next() {
    for workers in [1, 2, 4] {
        let flooded = Flooded::new(workers, true);
        let high = flooded.waiter(TaskPriority::High, HIGH, flooded.low());
        flooded.steps(4);
        // Not one of the ten thousand in between, on whichever worker.
        assert_eq!(
            flooded.trace.take(),
            ["high waits", "low begins", "low ends", "high goes on"],
            "{workers} workers"
        );
        assert!(high.is_finished());
        flooded.steps(100);
        assert!(!flooded.trace.take().contains(&"low begins"), "its other hint is stale");
    }
}

#[test]
fn with_the_switch_off_it_waits_for_the_share_of_its_lane() {
    let flooded = Flooded::new(1, false);
    let high = flooded.waiter(TaskPriority::High, HIGH, flooded.low());
    assert_eq!(flooded.normals_before("high waits"), 0);
    // One pick in 64 is owed to Low: twice it waits for one.
    let (first, second) =
        (flooded.normals_before("low begins"), flooded.normals_before("low ends"));
    assert!(first > 50 && second > 50, "{first} and {second} Normal tasks went first");
    assert_eq!(flooded.normals_before("high goes on"), 0);
    assert!(high.is_finished());
}

#[test]
fn a_chain_of_low_tasks_is_raised_link_by_link() {
    let flooded = Flooded::new(1, true);
    let middle =
        flooded.waiter(TaskPriority::Low, ["middle waits", "middle goes on"], flooded.low());
    let high = flooded.waiter(TaskPriority::High, HIGH, middle);
    flooded.steps(6);
    assert_eq!(
        flooded.trace.take(),
        ["high waits", "middle waits", "low begins", "low ends", "middle goes on", "high goes on"]
    );
    assert!(high.is_finished());
}

/// A Low task holds a lock and is queued; a High one comes to take it.
fn wait_for_a_lock(flooded: &Flooded) -> Waiter {
    let lock = Arc::new(RawLock::new());
    let (held, trace) = (lock.clone(), flooded.trace.clone());
    let low = async move {
        held.acquire().await;
        trace.note("low holds");
        coop::yield_now().await;
        trace.note("low releases");
        held.release();
    };
    drop(flooded.handle().spawn_with_priority(low, TaskPriority::Low));
    flooded.normals_before("low holds");
    let trace = flooded.trace.clone();
    let high = async move {
        trace.note("high waits");
        lock.acquire().await;
        trace.note("high holds");
        lock.release();
    };
    let high = flooded.handle().spawn_with_priority(high, TaskPriority::High);
    assert_eq!(flooded.normals_before("high waits"), 0);
    high
}

#[test]
fn a_low_task_whose_lock_a_high_one_waits_for_runs_next() {
    let flooded = Flooded::new(1, true);
    let high = wait_for_a_lock(&flooded);
    flooded.steps(2);
    assert_eq!(flooded.trace.take(), ["low releases", "high holds"]);
    assert!(high.is_finished());
}

#[test]
fn with_the_switch_off_the_holder_of_a_lock_waits_for_the_share_of_its_lane() {
    let flooded = Flooded::new(1, false);
    let high = wait_for_a_lock(&flooded);
    let normals = flooded.normals_before("low releases");
    assert!(normals > 50, "{normals} Normal tasks went first");
    assert_eq!(flooded.normals_before("high holds"), 0);
    assert!(high.is_finished());
}
