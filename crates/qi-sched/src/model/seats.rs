//! Seats handed over to spare threads that may be about to end: none is lost (I79).
//!
//! A spare thread does as in production: it takes what is offered, else it puts itself on the list, sleeps
//! (here: not at all, as if its time were up at once), takes itself off, and ends only if it was still on
//! the list. A seat that nobody takes goes back to who had it, who would start a thread for it.
#![forbid(unsafe_code)]

use crate::worker::{Offer, Spare};
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;

struct Slot {
    offer: Offer<usize>,
}

struct Model {
    spare: Spare<Slot>,
    /// Relaxed: for the end, when all threads were joined.
    taken: AtomicUsize,
    returned: AtomicUsize,
}

impl Model {
    fn new() -> Arc<Self> {
        let (taken, returned) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { spare: Spare::new(), taken, returned })
    }

    fn hand_over(&self, seat: usize) {
        if self.spare.hand(seat, |slot: &Slot| &slot.offer).is_err() {
            self.returned.fetch_add(1, Relaxed);
        }
    }

    /// A spare thread's life: until it has a seat, or its time is up.
    fn be_spare(&self) {
        let slot = Arc::new(Slot { offer: Offer::new() });
        loop {
            if slot.offer.take().is_some() {
                self.taken.fetch_add(1, Relaxed);
                return;
            }
            self.spare.join(&slot);
            if self.spare.withdraw(&slot) {
                assert!(slot.offer.take().is_none(), "a thread ends with a seat offered to it");
                return;
            }
            // Somebody is making an offer, and the thread looks again at once, as one that was woken for
            // no reason does. (A yield here would have loom let the offer come first.)
        }
    }

    fn check(&self, seats: usize) {
        let found = self.taken.load(Relaxed) + self.returned.load(Relaxed);
        assert_eq!(found, seats, "a seat was lost");
    }
}

fn a_seat_is_handed_over_while_a_spare_thread_gives_up() {
    let model = Model::new();
    let spare = {
        let model = model.clone();
        thread::spawn(move || model.be_spare())
    };
    model.hand_over(0);
    spare.join().unwrap();
    model.check(1);
}

fn two_seats_are_handed_over_to_one_spare_thread() {
    let model = Model::new();
    let spare = {
        let model = model.clone();
        thread::spawn(move || model.be_spare())
    };
    let other = {
        let model = model.clone();
        thread::spawn(move || model.hand_over(1))
    };
    model.hand_over(0);
    other.join().unwrap();
    spare.join().unwrap();
    model.check(2);
}

#[test]
fn loom_seats() {
    super::explore(
        "loom_seats",
        &[
            a_seat_is_handed_over_while_a_spare_thread_gives_up,
            two_seats_are_handed_over_to_one_spare_thread,
        ],
    );
}
