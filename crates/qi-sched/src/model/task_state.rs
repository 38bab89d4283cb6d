//! The state word against its rules: one runner, no wake lost, the block freed once (I1, I2, I3).
//!
//! The task's future is a cell that loom watches: two that touch it at once are found, and so is
//! one that touches it without having seen what the one before did. The queue is a list under a
//! lock that says nothing of the task: it is locked for the moment of a push or a pop only.
#![forbid(unsafe_code)]

use super::watched::Watched;
use crate::priority::TaskPriority;
use crate::task::{
    CancelRequest, Claim, Due, Outcome, Placement, Raise, State, Suspend, Turn, Wake,
};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the future remembers.
#[derive(Default)]
struct Future {
    polls: usize,
    /// What the last poll saw of the event.
    seen: usize,
    dropped: bool,
}

/// A task as far as its state word is concerned.
struct Task {
    state: State,
    future: Watched<Future>,
    /// What a waker's caller writes before it wakes. Relaxed: the wake must carry it.
    event: AtomicUsize,
    /// At this value of the event the future is ready.
    ready_at: usize,
    /// Instead of waiting, the future asks so often to be polled again.
    yields: usize,
    hints: Mutex<VecDeque<Turn>>,
    /// Touched by whoever frees the block, and read by everybody who uses it.
    block: Watched<bool>,
    freed: AtomicBool,
}

impl Task {
    /// A task with the references of its life, its first hint (which is queued) and its handle.
    fn spawn(ready_at: usize) -> Arc<Self> {
        Self::spawn_yielding(ready_at, 0)
    }

    fn spawn_yielding(ready_at: usize, yields: usize) -> Arc<Self> {
        let state = State::free();
        state.publish(TaskPriority::Normal, Placement::Anywhere);
        let state_turn = state.load().turn();
        Arc::new(Self {
            state,
            future: Watched::default(),
            event: AtomicUsize::new(0),
            ready_at,
            yields,
            hints: Mutex::new(VecDeque::from([state_turn])),
            block: Watched::new(true),
            freed: AtomicBool::new(false),
        })
    }

    /// Whoever calls this holds a reference: the block must not have been freed.
    fn in_use(&self) {
        self.block.look(|live| assert!(*live, "used after it was freed"));
    }

    fn free(&self) {
        self.block.change(|live| assert!(std::mem::replace(live, false), "freed twice"));
        self.freed.store(true, Relaxed);
    }

    fn release(&self, count: u64) {
        self.in_use();
        if self.state.release(count) {
            self.free();
        }
    }

    fn push_hint(&self, due: Due) {
        self.hints.lock().unwrap().push_back(due.turn);
    }

    fn pop_hint(&self) -> Option<Turn> {
        self.hints.lock().unwrap().pop_front()
    }

    /// What a worker does with a hint.
    fn run_hint(&self, turn: Turn) {
        self.in_use();
        match self.state.claim(turn, true) {
            Claim::Stale { free: true } => self.free(),
            Claim::Stale { free: false } => {}
            Claim::Run { cancelled, .. } => self.execute(cancelled, true),
        }
    }

    /// What the holder of RUNNING does.
    fn execute(&self, cancelled: bool, hint: bool) {
        if cancelled {
            return self.end(Outcome::Cancelled, hint);
        }
        let (ready, yields) = self.future.change(|future| {
            assert!(!future.dropped, "polled after it was dropped");
            future.polls += 1;
            assert!(future.polls < 16, "polled again and again, although nobody woke it");
            future.seen = self.event.load(Relaxed);
            let yields = future.polls <= self.yields;
            (future.seen >= self.ready_at && !yields, yields)
        });
        if ready {
            return self.end(Outcome::Completed, hint);
        }
        let suspend =
            if yields { self.state.suspend_yielding(hint) } else { self.state.suspend(hint) };
        match suspend {
            Suspend::Waiting => {}
            Suspend::Requeue(due) => self.push_hint(due),
            Suspend::Cancelled => self.end(Outcome::Cancelled, hint),
        }
    }

    fn end(&self, outcome: Outcome, hint: bool) {
        self.future.change(|future| {
            assert!(!std::mem::replace(&mut future.dropped, true), "dropped twice");
        });
        let completion = self.state.complete(outcome, hint);
        if completion.refs > 0 {
            self.release(completion.refs);
        }
    }

    /// Writes the event, then wakes by an owned waker.
    fn wake(&self, event: usize) {
        self.in_use();
        self.event.fetch_max(event, Relaxed);
        match self.state.wake_by_value() {
            Wake::Schedule(due) => self.push_hint(due),
            Wake::Nothing { free: true } => self.free(),
            Wake::Nothing { free: false } => {}
        }
    }

    /// Writes the event, then wakes by a borrowed waker and drops that.
    fn wake_by_ref(&self, event: usize) {
        self.in_use();
        self.event.fetch_max(event, Relaxed);
        if let Wake::Schedule(due) = self.state.wake_by_ref() {
            self.push_hint(due);
        }
        self.release(1);
    }

    fn follow(&self, raise: Raise) {
        if let Raise::Requeue(due) | Raise::Wake(due) = raise {
            self.push_hint(due);
        }
    }

    fn cancel(&self) {
        self.in_use();
        if let CancelRequest::Schedule(due) = self.state.request_cancel() {
            self.push_hint(due);
        }
    }

    /// Runs whatever is queued.
    fn run_all(&self) {
        while let Some(turn) = self.pop_hint() {
            self.run_hint(turn);
        }
    }

    fn drop_handle(&self) {
        self.in_use();
        let _ = self.state.detach();
        self.release(1);
    }
}

/// A worker that takes one hint, if it finds one.
fn worker(task: &Arc<Task>) -> thread::JoinHandle<()> {
    let task = task.clone();
    thread::spawn(move || {
        if let Some(turn) = task.pop_hint() {
            task.run_hint(turn);
        }
    })
}

/// Two wakes against a poll: the last poll sees what the last waker wrote.
fn wakes_lead_to_a_poll_that_sees_the_event() {
    let task = Task::spawn(usize::MAX);
    task.state.add_ref();
    task.state.add_ref();
    let by_value = {
        let task = task.clone();
        thread::spawn(move || task.wake(1))
    };
    let runner = worker(&task);
    task.wake_by_ref(2);
    by_value.join().unwrap();
    runner.join().unwrap();
    // Whatever is queued now is polled with everything seen; what is not queued has been.
    task.run_all();
    assert_eq!(task.future.look(|future| future.seen), 2, "a wake-up was lost");
    task.cancel();
    task.run_all();
    task.drop_handle();
    assert!(task.freed.load(Relaxed), "leaked");
}

/// The wake that ends the task comes while others run and drop it.
fn a_task_ends_once_and_is_freed_once() {
    let task = Task::spawn(1);
    task.state.add_ref();
    let waker = {
        let task = task.clone();
        thread::spawn(move || task.wake(1))
    };
    let runner = worker(&task);
    task.drop_handle();
    waker.join().unwrap();
    runner.join().unwrap();
    task.run_all();
    assert!(task.future.look(|future| future.dropped), "the wake-up was lost");
    assert!(task.freed.load(Relaxed), "leaked");
}

/// Escalation leaves two hints of one runnable task, which two workers take.
fn several_hints_have_one_runner() {
    let task = Task::spawn(1);
    let runners = [worker(&task), worker(&task)];
    task.follow(task.state.set_priority(TaskPriority::High));
    task.follow(task.state.raise(TaskPriority::Critical));
    for runner in runners {
        runner.join().unwrap();
    }
    task.run_all();
    assert!(!task.state.load().is_done() && task.future.look(|future| future.polls) >= 1);
    task.state.add_ref();
    task.wake(1);
    task.run_all();
    assert!(task.future.look(|future| future.dropped));
    task.drop_handle();
    assert!(task.freed.load(Relaxed), "leaked");
}

/// Cancelling against a poll and a wake: the future is dropped, once, by whoever runs the task.
fn cancelling_drops_the_future_once() {
    let task = Task::spawn(1);
    task.state.add_ref();
    let waker = {
        let task = task.clone();
        thread::spawn(move || task.wake(1))
    };
    let runner = worker(&task);
    task.cancel();
    task.drop_handle();
    waker.join().unwrap();
    runner.join().unwrap();
    task.run_all();
    assert!(task.future.look(|future| future.dropped), "the request was lost");
    assert!(task.freed.load(Relaxed), "leaked");
}

/// The monitor queues a hint once more while a worker runs the task, which only yields: of the two,
/// one is left after a few turns, so it has no more turns than others.
fn a_hint_left_over_is_void() {
    const YIELDS: usize = 6;
    let task = Task::spawn_yielding(0, YIELDS);
    let runner = worker(&task);
    if task.state.try_add_ref() {
        let word = task.state.load();
        if word.is_scheduled() {
            task.push_hint(Due { lane: word.lane(), turn: word.turn() });
        } else {
            task.release(1);
        }
    }
    runner.join().unwrap();
    while task.future.look(|future| future.polls) < YIELDS {
        let turn = task.pop_hint().expect("the task was lost");
        task.run_hint(turn);
    }
    assert_eq!(task.hints.lock().unwrap().len(), 1, "a task that yields lies in the queue twice");
    task.run_all();
    task.drop_handle();
    assert!(task.freed.load(Relaxed), "leaked");
}

/// A parent runs the child in place while a worker holds the child's hint.
fn a_child_run_in_place_has_one_runner() {
    let task = Task::spawn(1);
    task.state.add_ref();
    let waker = {
        let task = task.clone();
        thread::spawn(move || task.wake_by_ref(1))
    };
    let runner = worker(&task);
    task.in_use();
    if task.state.claim_in_place() {
        task.execute(false, false);
    }
    waker.join().unwrap();
    runner.join().unwrap();
    task.run_all();
    assert!(task.future.look(|future| future.dropped), "the wake-up was lost");
    task.drop_handle();
    assert!(task.freed.load(Relaxed), "leaked");
}

/// A parent joins its child in place while others may hold its hint, wake it and look at it: the
/// references of life, handle and (if the parent has it) hint go in the step that ends the task.
fn a_joined_child_is_freed_once(parent_has_the_hint: bool) {
    let task = Task::spawn(0);
    task.state.add_ref();
    let looker = {
        let task = task.clone();
        thread::spawn(move || task.wake_by_ref(1))
    };
    let runner = if parent_has_the_hint { None } else { Some(worker(&task)) };
    task.in_use();
    if task.state.claim_in_place() {
        let hint = parent_has_the_hint && task.pop_hint().is_some();
        task.future.change(|future| {
            assert!(!std::mem::replace(&mut future.dropped, true), "run twice");
        });
        if task.state.complete_for_joiner(Outcome::Completed, hint) {
            task.free();
        }
    } else {
        task.drop_handle();
    }
    looker.join().unwrap();
    if let Some(runner) = runner {
        runner.join().unwrap();
    }
    task.run_all();
    assert!(task.future.look(|future| future.dropped));
    assert!(task.freed.load(Relaxed), "leaked");
}

fn a_joined_child_is_freed_once_with_its_hint() {
    a_joined_child_is_freed_once(true);
}

fn a_joined_child_is_freed_once_without_its_hint() {
    a_joined_child_is_freed_once(false);
}

/// A walker finds the block while the task ends: it has a reference or nothing.
fn a_walker_never_revives_a_freed_block() {
    let task = Task::spawn(0);
    let walker = {
        let task = task.clone();
        thread::spawn(move || {
            if task.state.try_add_ref() {
                task.cancel();
                task.release(1);
            }
        })
    };
    let runner = worker(&task);
    task.drop_handle();
    walker.join().unwrap();
    runner.join().unwrap();
    task.run_all();
    assert!(task.future.look(|future| future.dropped));
    assert!(task.freed.load(Relaxed), "leaked");
}

#[test]
fn loom_task_state() {
    super::explore(
        "loom_task_state",
        &[
            several_hints_have_one_runner,
            a_hint_left_over_is_void,
            wakes_lead_to_a_poll_that_sees_the_event,
            a_task_ends_once_and_is_freed_once,
            cancelling_drops_the_future_once,
            a_child_run_in_place_has_one_runner,
            a_joined_child_is_freed_once_with_its_hint,
            a_joined_child_is_freed_once_without_its_hint,
            a_walker_never_revives_a_freed_block,
        ],
    );
}
