//! The monitor's sleep against workers that wake up: it does not sleep while one is awake (I11).
//!
//! The count of those awake is an atomic without any order of its own; the parker is a flag that remembers
//! a wake-up, as in production. When all threads have ended, the monitor either watches, or was woken, or
//! nobody is awake.
#![forbid(unsafe_code)]

use crate::monitor::{Doing, Rest};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;

struct Model {
    rest: Rest,
    /// Relaxed: that the protocol needs no more of it is what is to be shown.
    awake: AtomicUsize,
    woken: AtomicBool,
    sleeps: AtomicBool,
}

impl Model {
    fn new() -> Arc<Self> {
        let rest = Rest::new();
        rest.begin_watch();
        Arc::new(Self {
            rest,
            awake: AtomicUsize::new(0),
            woken: AtomicBool::new(false),
            sleeps: AtomicBool::new(false),
        })
    }

    fn wake_up(&self) {
        self.awake.fetch_add(1, Relaxed);
        if self.rest.must_wake() && self.rest.begin_watch() == Doing::Asleep {
            self.woken.store(true, Relaxed);
        }
    }

    fn fall_asleep(&self) {
        self.awake.fetch_sub(1, Relaxed);
    }

    /// One quiet tick of the monitor: it sleeps if it may.
    fn rest(&self) {
        if self.rest.lie_down(|| self.awake.load(Relaxed) == 0) {
            self.sleeps.store(true, Relaxed);
            return;
        }
        self.rest.get_up();
    }

    fn check(&self) {
        let sleeps = self.sleeps.load(Relaxed) && !self.woken.load(Relaxed);
        let awake = self.awake.load(Relaxed);
        assert!(!sleeps || awake == 0, "the monitor sleeps while a worker is awake");
    }
}

fn one_worker_wakes_up_while_the_monitor_lies_down() {
    let model = Model::new();
    let worker = {
        let model = model.clone();
        thread::spawn(move || model.wake_up())
    };
    model.rest();
    worker.join().unwrap();
    model.check();
}

fn two_workers_wake_up_and_one_sleeps_again() {
    let model = Model::new();
    let workers = [true, false].map(|stays| {
        let model = model.clone();
        thread::spawn(move || {
            model.wake_up();
            if !stays {
                model.fall_asleep();
            }
        })
    });
    model.rest();
    for worker in workers {
        worker.join().unwrap();
    }
    model.check();
}

#[test]
fn loom_monitor() {
    super::explore(
        "loom_monitor",
        &[
            one_worker_wakes_up_while_the_monitor_lies_down,
            two_workers_wake_up_and_one_sleeps_again,
        ],
    );
}
