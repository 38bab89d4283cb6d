//! A thread changes its sleeping place while others leave hints for it: it sees them before it sleeps,
//! wherever it sleeps (I8).
//!
//! The inbox is a counter without order beyond that of a queue (a push is a release, a look an acquire).
//! Each sleeping place is a flag that remembers a wake-up. The thread ends where it would sleep.
#![forbid(unsafe_code)]

use crate::worker::Place;
use loom::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use loom::thread;
use std::sync::Arc;

const SEAT: usize = 0;

struct Model {
    place: Place,
    inbox: AtomicUsize,
    /// Wake-ups remembered on the seat, and on the thread's own parker.
    on_seat: AtomicBool,
    on_parker: AtomicBool,
}

impl Model {
    fn seated() -> Arc<Self> {
        let place = Place::new();
        place.set(Some(SEAT));
        Arc::new(Self {
            place,
            inbox: AtomicUsize::new(0),
            on_seat: AtomicBool::new(false),
            on_parker: AtomicBool::new(false),
        })
    }

    fn deliver(&self) {
        self.inbox.fetch_add(1, Release);
        let flag = if self.place.look().is_some() { &self.on_seat } else { &self.on_parker };
        // A flag under a lock, in production: what was written before comes with it.
        flag.store(true, Release);
    }

    /// The thread looks whether there is mail (a look at a queue's ends may be stale); if not, it sleeps at
    /// `flag`'s place until it is woken there.
    fn sleeps(&self, flag: &AtomicBool) -> bool {
        self.inbox.load(Acquire) == 0 && !flag.load(Acquire)
    }

    /// At the end: whoever sleeps, and was not woken where it sleeps, has no mail.
    fn check(&self, sleeps: bool, flag: &AtomicBool) {
        let woken = flag.load(Relaxed);
        let mail = self.inbox.load(Relaxed);
        assert!(!sleeps || woken || mail == 0, "a hint waits for a thread that sleeps elsewhere");
    }
}

fn a_thread_leaves_its_seat_while_a_hint_comes() {
    let model = Model::seated();
    let other = {
        let model = model.clone();
        thread::spawn(move || model.deliver())
    };
    model.place.set(None);
    let sleeps = model.sleeps(&model.on_parker);
    other.join().unwrap();
    model.check(sleeps, &model.on_parker);
}

fn a_thread_takes_a_seat_while_hints_come() {
    let model = Model::seated();
    model.place.set(None);
    let others = [0, 1].map(|_| {
        let model = model.clone();
        thread::spawn(move || model.deliver())
    });
    model.place.set(Some(SEAT));
    let sleeps = model.sleeps(&model.on_seat);
    for other in others {
        other.join().unwrap();
    }
    model.check(sleeps, &model.on_seat);
}

#[test]
fn loom_place() {
    super::explore(
        "loom_place",
        &[a_thread_leaves_its_seat_while_a_hint_comes, a_thread_takes_a_seat_while_hints_come],
    );
}
