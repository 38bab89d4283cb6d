//! Tasks left at a desk while a worker takes them and falls asleep: none is left while it sleeps (I7).
//!
//! The desk's lock and its queue are those of production, with blocks of a single entry, as is the protocol of
//! sleep. What stands for a task is a number. The worker ends where it would park.
#![forbid(unsafe_code)]

use crate::queue::{Backlogs, Tail};
use crate::sleep::{Announced, Roused, Sleep};
use crate::sync::{Mutex, lock};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;

const DESK: usize = 3;
const SEAT: usize = 0;

struct Model {
    desk: Mutex<Tail<usize>>,
    backlogs: Backlogs<usize>,
    sleep: Sleep,
    /// Relaxed: for the end, when all threads were joined.
    unparked: AtomicBool,
    taken: AtomicUsize,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            desk: Mutex::new(Tail::default()),
            backlogs: Backlogs::new(),
            sleep: Sleep::new(1),
            unparked: AtomicBool::new(false),
            taken: AtomicUsize::new(0),
        })
    }

    fn spawn(&self, task: usize) {
        self.backlogs.put(DESK, &mut lock(&self.desk), task);
        if self.sleep.notify().is_some() {
            self.unparked.store(true, Relaxed);
        }
    }

    fn take(&self) -> bool {
        let kept = |_| {
            self.taken.fetch_add(1, Relaxed);
        };
        let task = self.backlogs.take(0, 8, kept);
        self.taken.fetch_add(usize::from(task.is_some()), Relaxed);
        task.is_some()
    }

    /// The worker from where it is awake to where it would park.
    fn work(&self, mut searching: bool) {
        loop {
            searching = searching || self.sleep.try_search();
            while self.take() {}
            match self.sleep.fall_asleep(SEAT, searching, || !self.backlogs.is_empty()) {
                Announced::MayPark => return,
                Announced::WorkLeft => searching = self.sleep.rouse(SEAT) == Roused::Notified,
            }
        }
    }

    /// Lets the worker go on if it was unparked; then all tasks must have been taken.
    fn settle(&self, spawned: usize) {
        while self.unparked.swap(false, Relaxed) {
            let searching = self.sleep.rouse(SEAT) == Roused::Notified;
            self.work(searching);
        }
        assert_eq!(self.taken.load(Relaxed), spawned, "a task lies at a desk while all sleep");
    }
}

fn two_tasks_from_one_thread_meet_a_worker_falling_asleep() {
    let model = Model::new();
    let worker = {
        let model = model.clone();
        thread::spawn(move || model.work(false))
    };
    model.spawn(1);
    model.spawn(2);
    worker.join().unwrap();
    model.settle(2);
}

fn two_threads_at_one_desk_meet_a_worker_falling_asleep() {
    let model = Model::new();
    let spawners = [1, 2].map(|task| {
        let model = model.clone();
        thread::spawn(move || model.spawn(task))
    });
    model.work(false);
    for spawner in spawners {
        spawner.join().unwrap();
    }
    model.settle(2);
}

#[test]
fn loom_desk() {
    super::explore(
        "loom_desk",
        &[
            two_tasks_from_one_thread_meet_a_worker_falling_asleep,
            two_threads_at_one_desk_meet_a_worker_falling_asleep,
        ],
    );
}
