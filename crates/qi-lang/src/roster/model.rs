//! Hands that lie down while coroutines are queued, under loom: nothing lies in the queue while all hands lie
//! and nobody was called (I93).
//!
//! The roster is that of production. What stands for the queue is a number that is read and written Relaxed, so
//! that nothing but the roster's fences orders it; a hand ends its thread where its task would return, and
//! goes on at the end if it was called.
#![forbid(unsafe_code)]

use super::{Called, Member, Roster};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;

/// The bound unless `LOOM_MAX_PREEMPTIONS` says another.
const PREEMPTIONS: usize = 3;

struct Hand {
    looks: AtomicBool,
    /// Relaxed: looked at when all threads were joined.
    called: AtomicBool,
}

impl Member for Hand {
    fn set_looks(&self, looks: bool) -> bool {
        let before = self.looks.load(Relaxed);
        self.looks.store(looks, Relaxed);
        before
    }
}

struct Crew {
    roster: Roster<Hand>,
    queue: AtomicUsize,
    /// Relaxed: for the end.
    run: AtomicUsize,
}

impl Crew {
    /// A crew with so many seats, each of which has a hand that looks for work.
    fn new(seats: usize) -> (Arc<Self>, Vec<&'static Hand>) {
        let (queue, run) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let crew = Arc::new(Self { roster: Roster::new(seats), queue, run });
        let hands = (0..seats).map(|_| {
            crew.bring();
            let hand = *crew.roster.lock().all.last().expect("somebody was called");
            assert!(hand.called.swap(false, Relaxed), "it looks for work");
            crew.take();
            crew.roster.looks_no_more(hand);
            hand
        });
        let hands = hands.collect();
        (crew, hands)
    }

    /// What a thread does that is no hand.
    fn bring(&self) {
        self.queue.fetch_add(1, Relaxed);
        self.notify();
    }

    fn notify(&self) {
        if !self.roster.wants_call_for_queued() {
            return;
        }
        let make = || {
            let (looks, called) = (AtomicBool::new(false), AtomicBool::new(false));
            &*Box::leak(Box::new(Hand { looks, called }))
        };
        if let Some(Called::Lying(hand) | Called::New(hand)) = self.roster.choose(make) {
            hand.called.store(true, Relaxed);
        }
    }

    fn take(&self) -> bool {
        // Not by an exchange alone: that would see what is the latest.
        let found = self.queue.load(Relaxed) > 0 && self.queue.swap(0, Relaxed) > 0;
        self.run.fetch_add(usize::from(found), Relaxed);
        found
    }

    fn has_any(&self) -> bool {
        self.queue.load(Relaxed) > 0
    }

    /// A hand's task, until it lies.
    fn work(&self, hand: &'static Hand) {
        loop {
            while self.take() {
                if self.roster.looks_no_more(hand) && self.roster.has_several() && self.has_any() {
                    self.notify();
                }
            }
            self.roster.looks(hand);
            if self.roster.lie_down(hand, || self.has_any()).is_some() {
                return;
            }
        }
    }

    /// Lets those go on who were called; then nothing must be queued.
    fn settle(&self) {
        loop {
            let all = self.roster.lock().all.clone();
            let Some(hand) = all.iter().find(|hand| hand.called.swap(false, Relaxed)) else {
                break;
            };
            self.work(hand);
        }
        assert!(!self.has_any(), "a coroutine is queued while all hands lie");
        assert!(self.run.load(Relaxed) > 0);
    }
}

/// So many threads bring a coroutine each while all hands lie down.
fn meet(seats: usize, bringing: usize) {
    let (crew, hands) = Crew::new(seats);
    let mut threads = Vec::new();
    for _ in 0..bringing {
        let crew = crew.clone();
        threads.push(thread::spawn(move || crew.bring()));
    }
    for &hand in &hands[1..] {
        let crew = crew.clone();
        threads.push(thread::spawn(move || crew.work(hand)));
    }
    crew.work(hands[0]);
    for thread in threads {
        thread.join().unwrap();
    }
    crew.settle();
}

#[test]
fn loom_roster() {
    let scenarios: [fn(); 3] = [|| meet(1, 1), || meet(1, 2), || meet(2, 1)];
    let mut bound = PREEMPTIONS;
    let executions = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for scenario in scenarios {
        let mut builder = loom::model::Builder::new();
        // `Builder::new` has read the environment.
        bound = *builder.preemption_bound.get_or_insert(PREEMPTIONS);
        let counted = executions.clone();
        builder.check(move || {
            // Relaxed: loom runs one execution after the other on this thread.
            counted.fetch_add(1, Relaxed);
            scenario();
        });
    }
    println!("loom: loom_roster executions={} preemption_bound={bound}", executions.load(Relaxed));
}
