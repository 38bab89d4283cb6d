//! A task with a stack of its own: begun by one of two workers, it goes on where it began (I60), is
//! reached there when it waits (I59), and hears of its cancellation once (I61).
//!
//! Its frames are a cell that loom watches; each poll notes on whose thread it ran. A hint from before
//! the task waits lies in a queue that everybody takes from; later ones go to the home's inbox.

use super::watched::Watched;
use crate::priority::TaskPriority;
use crate::task::{
    CancelRequest, Claim, Due, Dwelling, Outcome, Placement, Raise, State, Suspend, Turn, Wake,
};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use loom::thread;
use std::collections::VecDeque;
use std::sync::Arc;

/// What others see of a worker.
struct Worker {
    number: usize,
    inbox: Mutex<VecDeque<Turn>>,
}

impl Worker {
    fn new(number: usize) -> Arc<Self> {
        Arc::new(Self { number, inbox: Mutex::default() })
    }
}

#[derive(Default)]
struct Frames {
    polls: usize,
    polled_by: Vec<usize>,
    told: usize,
}

struct Task {
    state: State,
    frames: Watched<Frames>,
    home: Dwelling<Worker>,
    polls: AtomicUsize,
    /// Where anybody takes hints from.
    shared: Mutex<VecDeque<Turn>>,
    ended: AtomicUsize,
}

impl Task {
    fn spawn() -> Arc<Self> {
        let state = State::free();
        state.publish(TaskPriority::Normal, Placement::Stackful);
        let turn = state.load().turn();
        Arc::new(Self {
            state,
            frames: Watched::default(),
            home: Dwelling::default(),
            polls: AtomicUsize::new(0),
            shared: Mutex::new(VecDeque::from([turn])),
            ended: AtomicUsize::new(0),
        })
    }

    /// Whether it has begun. The caller holds RUNNING.
    fn has_begun(&self) -> bool {
        // Relaxed: written by the holder of RUNNING only.
        self.polls.load(Relaxed) > 0
    }

    /// A worker takes a hint from the shared queue, or from its inbox.
    fn work(&self, me: &Arc<Worker>) {
        let take = |queue: &Mutex<VecDeque<Turn>>| queue.lock().unwrap().pop_front();
        while let Some(turn) = take(&self.shared).or_else(|| take(&me.inbox)) {
            if let Claim::Run { cancelled, .. } = self.state.claim(turn, self.home.is(me)) {
                if cancelled && self.has_begun() {
                    self.state.tell();
                }
                self.run(me, cancelled);
            }
        }
    }

    fn run(&self, me: &Arc<Worker>, cancelled: bool) {
        if cancelled && !self.has_begun() {
            // There is nothing to unwind.
            return self.end();
        }
        let told = self.state.load().was_told();
        self.home.settle(me);
        self.polls.store(self.polls.load(Relaxed) + 1, Relaxed);
        let over = self.frames.change(|frames| {
            frames.polls += 1;
            assert!(frames.polls < 12, "polled again and again, although nobody woke it");
            frames.polled_by.push(me.number);
            frames.told += usize::from(told);
            // It waits for one thing more after it was told, as the end of a scope.
            frames.told > 1
        });
        if over {
            return self.end();
        }
        self.home.keep(me);
        match self.state.suspend(true) {
            Suspend::Waiting => {}
            Suspend::Requeue(due) => me.inbox.lock().unwrap().push_back(due.turn),
            Suspend::Cancelled => {
                self.state.tell();
                self.run(me, true);
            }
        }
    }

    fn end(&self) {
        let completion = self.state.complete(Outcome::Cancelled, true);
        self.ended.fetch_add(1, Release);
        if completion.refs > 0 {
            let _ = self.state.release(completion.refs);
        }
    }

    /// Where a hint goes that is made now.
    fn queue(&self, due: Due) {
        match self.home.kept() {
            Some(worker) => worker.inbox.lock().unwrap().push_back(due.turn),
            None => self.shared.lock().unwrap().push_back(due.turn),
        }
    }

    fn wake(&self) {
        self.state.add_ref();
        if let Wake::Schedule(due) = self.state.wake_by_value() {
            self.queue(due);
        }
    }
}

/// Two workers, of which the second runs.
struct Workers([Arc<Worker>; 2], thread::JoinHandle<()>);

impl Workers {
    fn start(task: &Arc<Task>) -> Self {
        let workers = [Worker::new(1), Worker::new(2)];
        let (task, second) = (task.clone(), workers[1].clone());
        Self(workers, thread::spawn(move || task.work(&second)))
    }

    fn first(&self) -> &Arc<Worker> {
        &self.0[0]
    }

    /// When both have done what there was: the one on which the task goes on, or the first.
    fn home(self, task: &Task) -> Arc<Worker> {
        self.1.join().unwrap();
        let [first, second] = self.0;
        if task.home.is(&second) { second } else { first }
    }
}

/// Two workers with two hints, and a wake: all polls are on one thread.
fn it_goes_on_where_it_began() {
    let task = Task::spawn();
    let workers = Workers::start(&task);
    if let Raise::Requeue(due) | Raise::Wake(due) = task.state.set_priority(TaskPriority::High) {
        task.queue(due);
    }
    task.work(workers.first());
    // After the second wait it is to have a turn like its first once more.
    task.wake();
    task.work(workers.first());
    task.wake();
    task.work(workers.first());
    let home = workers.home(&task);
    task.work(&home);
    task.frames.look(|frames| {
        let is_home = |number: &usize| *number == home.number;
        assert!(frames.polled_by.iter().all(is_home), "polled elsewhere");
        assert!(frames.polls >= 2 || !task.shared.lock().unwrap().is_empty(), "a wake-up was lost");
    });
}

/// Cancelled while it begins and is woken: it hears of it, may wait once more, and ends once.
fn it_is_told_once_and_then_waits_as_it_likes() {
    let task = Task::spawn();
    let workers = Workers::start(&task);
    if let CancelRequest::Schedule(due) = task.state.request_cancel() {
        task.queue(due);
    }
    let home = workers.home(&task);
    task.work(&home);
    if task.ended.load(Acquire) == 0 {
        task.frames.look(|frames| assert_eq!(frames.told, 1, "the request was lost"));
        task.wake();
        task.work(&home);
    }
    assert_eq!(task.ended.load(Acquire), 1);
    assert!(task.state.load().is_done());
}

#[test]
fn loom_stackful() {
    super::explore(
        "loom_stackful",
        &[it_goes_on_where_it_began, it_is_told_once_and_then_waits_as_it_likes],
    );
}
