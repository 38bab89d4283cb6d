//! The sleep protocol against a queue that orders nothing: no work is left while all sleep (I7).
//!
//! The queue is a counter, so that it carries no ordering beyond that of a deque: a push is a
//! release, a look is an acquire. A worker ends where it would park, or with a task in hand, which
//! is taken to last for ever. When all threads have ended, those who were unparked go on, one after
//! the other; when nobody is left to go on, work may be left only if nobody sleeps.
#![forbid(unsafe_code)]

use crate::sleep::{Announced, Roused, Sleep};
use loom::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed,
};
use loom::thread;
use std::sync::Arc;

const SEATS: usize = 2;

struct Model {
    sleep: Sleep,
    queue: AtomicUsize,
    unparked: [AtomicBool; SEATS],
    /// Relaxed: for the end, when all threads were joined.
    asleep: [AtomicBool; SEATS],
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            sleep: Sleep::new(SEATS),
            queue: AtomicUsize::new(0),
            unparked: std::array::from_fn(|_| AtomicBool::new(false)),
            asleep: std::array::from_fn(|_| AtomicBool::new(false)),
        })
    }

    fn push(&self) {
        self.queue.fetch_add(1, AcqRel);
        self.notify();
    }

    fn notify(&self) {
        if let Some(seat) = self.sleep.notify() {
            // Relaxed: the parker's own business, and read when all threads have ended.
            self.unparked[seat].store(true, Relaxed);
        }
    }

    fn has_work(&self) -> bool {
        self.queue.load(Acquire) > 0
    }

    fn take(&self) -> bool {
        // The first look may be stale, as a look at a deque's ends may be.
        let mut left = self.queue.load(Acquire);
        while left > 0 {
            match self.queue.compare_exchange(left, left - 1, AcqRel, Acquire) {
                Ok(_) => return true,
                Err(seen) => left = seen,
            }
        }
        false
    }

    /// A worker from where it is awake to where it would park; or it stays busy.
    fn work(&self, seat: usize, mut searching: bool) {
        loop {
            if searching || self.sleep.try_search() {
                searching = true;
                if self.take() {
                    if self.sleep.stop_searching() && self.has_work() {
                        self.notify();
                    }
                    return;
                }
            }
            match self.sleep.fall_asleep(seat, searching, || self.has_work()) {
                Announced::MayPark => {
                    self.asleep[seat].store(true, Relaxed);
                    return;
                }
                Announced::WorkLeft => searching = self.rouse(seat),
            }
        }
    }

    fn rouse(&self, seat: usize) -> bool {
        self.sleep.rouse(seat) == Roused::Notified
    }

    /// Lets those go on who were unparked; then no work may wait for a sleeper.
    fn settle(&self) {
        let is_next = |&seat: &usize| {
            self.asleep[seat].load(Relaxed) && self.unparked[seat].swap(false, Relaxed)
        };
        while let Some(seat) = (0..SEATS).find(is_next) {
            self.asleep[seat].store(false, Relaxed);
            let searching = self.rouse(seat);
            self.work(seat, searching);
        }
        let sleeps = self.asleep.iter().any(|asleep| asleep.load(Relaxed));
        assert!(!(self.has_work() && sleeps), "work waits for a sleeper: a wake-up was lost");
    }
}

fn worker(model: &Arc<Model>, seat: usize) -> thread::JoinHandle<()> {
    let model = model.clone();
    thread::spawn(move || model.work(seat, false))
}

/// One push while two workers fall asleep.
fn a_push_meets_two_workers_falling_asleep() {
    let model = Model::new();
    let workers = [worker(&model, 0), worker(&model, 1)];
    model.push();
    for worker in workers {
        worker.join().unwrap();
    }
    model.settle();
}

/// Two pushes while one worker sleeps and the other falls asleep: the sleeper that is woken for
/// the first must not hide the second.
fn two_pushes_meet_a_sleeper_and_a_searcher() {
    let model = Model::new();
    model.work(1, false);
    let searcher = worker(&model, 0);
    model.push();
    model.push();
    searcher.join().unwrap();
    model.settle();
}

/// Two pushes while two workers look for them: the one that finds the first sees the second, or
/// the producer sees that nobody searches.
fn two_pushes_meet_two_workers() {
    let model = Model::new();
    let workers = [worker(&model, 0), worker(&model, 1)];
    model.push();
    model.push();
    for worker in workers {
        worker.join().unwrap();
    }
    model.settle();
}

/// A worker wakes up by itself (an event) while another thread picks it as the one to wake.
fn a_worker_that_wakes_alone_is_not_woken_in_vain() {
    let model = Model::new();
    model.work(0, false);
    model.work(1, false);
    let alone = {
        let model = model.clone();
        thread::spawn(move || {
            model.asleep[1].store(false, Relaxed);
            let searching = model.rouse(1);
            model.work(1, searching);
        })
    };
    model.push();
    alone.join().unwrap();
    model.settle();
}

#[test]
fn loom_sleep() {
    super::explore(
        "loom_sleep",
        &[
            a_push_meets_two_workers_falling_asleep,
            two_pushes_meet_a_sleeper_and_a_searcher,
            two_pushes_meet_two_workers,
            a_worker_that_wakes_alone_is_not_woken_in_vain,
        ],
    );
}
