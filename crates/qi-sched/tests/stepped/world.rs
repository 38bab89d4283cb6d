//! A mixed workload that is a function of its seed: tasks that spawn, yield, wait for and wake each
//! other, cancel, join, change priorities, and panic.
#![forbid(unsafe_code)]

use qi_sched::{
    AbortHandle, ManualClock, Scheduler, StepOutcome, Stepper, TaskHandle, TaskPriority,
    TaskStatus, context, coop,
};
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Steele, Lea and Flood's splitmix64: enough to draw a plan from.
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// What a task did, as far as others could see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Yielded,
    Spawned(u64),
    Joined(Option<TaskStatus>),
    Cancelled(bool),
    Woke(usize),
    Waited(usize),
    Prioritised(TaskPriority),
    Panics,
    Ends,
    Dropped,
}

/// One line of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Step(usize, StepOutcome),
    Did(u64, Option<usize>, Deed),
}

const PLACES: usize = 6;
const MOST_TASKS: usize = 60;

#[derive(Default)]
struct Inner {
    trace: Vec<Line>,
    waiting: [Vec<Waker>; PLACES],
    handles: Vec<TaskHandle<usize>>,
    watches: Vec<AbortHandle>,
    futures_dropped: usize,
}

/// What all tasks share.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Inner>>);

impl World {
    /// Runs under the lock: nothing here may run a task's code.
    fn with<R>(&self, code: impl FnOnce(&mut Inner) -> R) -> R {
        code(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn did(&self, task: u64, deed: Deed) {
        let seat = context::seat();
        self.with(|inner| inner.trace.push(Line::Did(task, seat, deed)));
    }

    fn spawn(&self, dice: &mut Dice, from: Option<&Stepper>) {
        if self.with(|inner| inner.watches.len()) >= MOST_TASKS {
            return;
        }
        let lane = TaskPriority::DESCENDING[dice.below(4)];
        let (world, plan) = (self.clone(), Dice(dice.next()));
        // The guard is made before the future, which may never be polled.
        let guard = Guard(self.clone());
        let future: Pin<Box<dyn Future<Output = usize> + Send>> = Box::pin(world.live(plan, guard));
        let task = match from {
            Some(stepper) => stepper.handle().spawn_with_priority(future, lane),
            None if dice.below(2) == 0 => qi_sched::spawn(future),
            None => qi_sched::Handle::current().spawn_with_priority(future, lane),
        };
        let id = task.id().as_u64();
        self.did(context::task_id().map_or(0, |id| id.as_u64()), Deed::Spawned(id));
        self.with(|inner| {
            inner.watches.push(task.abort_handle());
            inner.handles.push(task);
        });
    }

    /// A task's life.
    async fn live(self, mut dice: Dice, guard: Guard) -> usize {
        let _guard = guard;
        let id = context::task_id().expect("polled as a task").as_u64();
        let deeds = 1 + dice.below(12);
        for _ in 0..deeds {
            match dice.below(16) {
                0..=3 => {
                    self.did(id, Deed::Yielded);
                    coop::yield_now().await;
                }
                4..=6 => self.spawn(&mut dice, None),
                7..=8 => self.join_some(id, &mut dice).await,
                9 => {
                    let some = self.pick(&mut dice, |inner| inner.watches.as_slice());
                    if let Some(watch) = some {
                        self.did(id, Deed::Cancelled(watch.cancel().is_ok()));
                    }
                }
                10..=11 => self.wake(id, dice.below(PLACES)),
                12 => self.wait(id, dice.below(PLACES)).await,
                13 => {
                    let lane = TaskPriority::DESCENDING[dice.below(4)];
                    let handle = self.with(|inner| {
                        let count = inner.handles.len();
                        (count > 0).then(|| inner.handles.swap_remove(dice.below(count)))
                    });
                    if let Some(handle) = handle {
                        handle.set_priority(lane);
                        self.did(id, Deed::Prioritised(lane));
                        self.with(|inner| inner.handles.push(handle));
                    }
                }
                14 if dice.below(4) == 0 => {
                    self.did(id, Deed::Panics);
                    // Without the hook, which would print.
                    resume_unwind(Box::new("planned"));
                }
                _ => {}
            }
        }
        self.did(id, Deed::Ends);
        deeds
    }

    fn pick(&self, dice: &mut Dice, of: fn(&Inner) -> &[AbortHandle]) -> Option<AbortHandle> {
        self.with(|inner| {
            let all = of(inner);
            (!all.is_empty()).then(|| all[dice.below(all.len())].clone())
        })
    }

    async fn join_some(&self, id: u64, dice: &mut Dice) {
        let handle = self.with(|inner| {
            let count = inner.handles.len();
            (count > 0).then(|| inner.handles.swap_remove(dice.below(count)))
        });
        let Some(handle) = handle else { return };
        let watch = handle.abort_handle();
        let result = if dice.below(2) == 0 { handle.join().await } else { handle.await };
        let deed = match result {
            Ok(_) => Deed::Joined(Some(TaskStatus::Completed)),
            Err(error) if error.is_self_wait() => Deed::Joined(None),
            Err(error) if error.is_panic() => Deed::Joined(Some(TaskStatus::Failed)),
            Err(_) => Deed::Joined(Some(TaskStatus::Cancelled)),
        };
        if deed != Deed::Joined(None) {
            assert_eq!(Deed::Joined(Some(watch.status())), deed, "the state and the result differ");
        }
        self.did(id, deed);
    }

    fn wake(&self, id: u64, place: usize) {
        self.did(id, Deed::Woke(place));
        let wakers = self.with(|inner| std::mem::take(&mut inner.waiting[place]));
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self, id: u64, place: usize) {
        let mut first = true;
        poll_fn(|cx| {
            if !std::mem::take(&mut first) {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            self.with(|inner| inner.waiting[place].push(waker));
            Poll::Pending
        })
        .await;
        self.did(id, Deed::Waited(place));
    }
}

/// Counts the drop of its future.
struct Guard(World);

impl Drop for Guard {
    fn drop(&mut self) {
        let id = context::task_id().map_or(0, |id| id.as_u64());
        self.0.did(id, Deed::Dropped);
        self.0.with(|inner| inner.futures_dropped += 1);
    }
}

/// Runs the workload of a seed on four workers; gives the trace, after having checked that every
/// task ended once and that the counters add up.
pub(crate) fn run(seed: u64) -> Vec<Line> {
    let clock = Arc::new(ManualClock::new());
    let stepper = Scheduler::builder()
        .worker_threads(4)
        .seed(seed)
        .queue_capacity(1 + usize::try_from(seed % 9).unwrap())
        .work_stealing(seed % 5 != 4)
        .clock(clock.clone())
        .build_stepper()
        .unwrap();
    let (world, mut dice) = (World::default(), Dice(seed));
    for _ in 0..6 {
        world.spawn(&mut dice, Some(&stepper));
    }
    let mut idle = 0;
    while idle < 40 {
        let worker = dice.below(4);
        let outcome = stepper.step(worker);
        world.with(|inner| inner.trace.push(Line::Step(worker, outcome)));
        idle = if outcome == StepOutcome::Worked { 0 } else { idle + 1 };
        if dice.below(8) == 0 {
            clock.advance(Duration::from_micros(u64::try_from(dice.below(3_000)).unwrap()));
        }
        if dice.below(16) == 0 {
            world.wake(0, dice.below(PLACES));
        }
    }
    let handle = stepper.handle().clone();
    stepper.shutdown();
    check(&world, &handle);
    world.with(|inner| std::mem::take(&mut inner.trace))
}

fn check(world: &World, handle: &qi_sched::Handle) {
    let stats = handle.stats();
    let (tasks, dropped) = world.with(|inner| (inner.watches.len(), inner.futures_dropped));
    assert_eq!(dropped, tasks, "every future is dropped once");
    let count = |status| {
        world.with(|inner| {
            inner.watches.iter().filter(|watch| watch.status() == status).count() as u64
        })
    };
    assert_eq!(stats.spawned_tasks, tasks as u64);
    assert_eq!(stats.completed_tasks, count(TaskStatus::Completed));
    assert_eq!(stats.cancelled_tasks, count(TaskStatus::Cancelled));
    assert_eq!(stats.failed_tasks, count(TaskStatus::Failed));
    assert_eq!((stats.active_tasks, stats.queued_tasks), (0, 0));
    assert!(stats.tasks().is_empty());
    let ends = world.with(|inner| {
        let ends = inner.trace.iter().filter(|line| matches!(line, Line::Did(_, _, Deed::Ends)));
        ends.count() as u64
    });
    assert_eq!(stats.completed_tasks, ends);
}
