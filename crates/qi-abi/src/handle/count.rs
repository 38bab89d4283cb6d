//! The word of a slot: its generation, the references that programs hold, and the calls that are
//! inside its object at this moment.
//!
//! # States
//! *free* (no reference, no call) → *held* (references, perhaps calls) → *leaving* (no reference,
//! calls still inside) → *free*, one generation later.
//!
//! # Protocol
//! * Putting an object in: the slot is free and its owner alone knows it; the word is stored with one
//!   reference (Release), after the object was written.
//! * A call comes in by a compare-and-swap that finds the right generation and at least one
//!   reference (Acquire: it sees the object). It goes out by a subtraction.
//! * A reference is given back by a compare-and-swap that finds the right generation and a reference.
//! * Whoever takes the word to "no reference, no call" is alone with the slot: nobody can come in any
//!   more, because coming in needs a reference. It takes the object out (Acquire: it sees what all
//!   others did) and stores the next generation.
//!
//! References and calls are counted apart, so that a program that releases once too often cannot
//! take away the object under a call that is inside it: the release finds no reference and is told so.
//! (I80)
#![forbid(unsafe_code)]

#[cfg(not(loom))]
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

#[cfg(loom)]
use loom::sync::atomic::AtomicU64;

const CALL: u64 = 1;
const REFERENCE: u64 = 1 << 20;
const GENERATION: u64 = 1 << 40;
const CALLS: u64 = REFERENCE - 1;
const REFERENCES: u64 = GENERATION - REFERENCE;

/// References and calls are refused well before their part of the word is full.
const MOST: u64 = (1 << 20) - 1024;

/// The word of one slot.
#[derive(Debug)]
pub(crate) struct Count {
    word: AtomicU64,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It was done.
    Done,
    /// It was done, and it was the last: the object must be taken out.
    Last,
    /// The slot is free, or another object is in it.
    Stale,
    /// There are too many already.
    TooMany,
}

impl Count {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    pub(crate) fn generation(&self) -> u32 {
        // Relaxed: asked by the owner of a free slot, or for a report.
        generation(self.word.load(Relaxed))
    }

    /// The owner of a free slot has put an object in.
    pub(crate) fn open(&self) {
        let word = self.word.load(Relaxed);
        debug_assert_eq!(word & (REFERENCES | CALLS), 0);
        // Release: pairs with the acquire of `enter`.
        self.word.store(word + REFERENCE, Release);
    }

    /// A call comes in.
    pub(crate) fn enter(&self, expected: u32) -> Use {
        self.change(expected, |word| (word & CALLS < MOST * CALL).then(|| word + CALL))
    }

    /// A reference is added.
    pub(crate) fn retain(&self, expected: u32) -> Use {
        let most = MOST * REFERENCE;
        self.change(expected, |word| (word & REFERENCES < most).then(|| word + REFERENCE))
    }

    /// A reference is given back.
    pub(crate) fn release(&self, expected: u32) -> Use {
        self.change(expected, |word| Some(word - REFERENCE))
    }

    /// A call goes out.
    pub(crate) fn leave(&self) -> Use {
        // Release: what it did is seen by whoever takes the object out. Acquire: if that is this one.
        let before = self.word.fetch_sub(CALL, AcqRel);
        if before & (REFERENCES | CALLS) == CALL { Use::Last } else { Use::Done }
    }

    /// The object was taken out. Returns whether the slot may be used again.
    pub(crate) fn close(&self) -> bool {
        let step = u32::from(!cfg!(qi_mutant = "handle_keeps_its_generation"));
        let next = generation(self.word.load(Relaxed)) + step;
        // Relaxed: the slot reaches its next owner through the list of free ones, which orders.
        self.word.store(u64::from(next % super::GENERATIONS) * GENERATION, Relaxed);
        next < super::GENERATIONS
    }

    /// Changes the word if the object of this generation is still held.
    fn change(&self, expected: u32, next: impl Fn(u64) -> Option<u64>) -> Use {
        let mut word = self.word.load(Relaxed);
        loop {
            let is_held =
                word & REFERENCES != 0 || cfg!(qi_mutant = "handle_enters_what_is_leaving");
            if generation(word) != expected || !is_held {
                return Use::Stale;
            }
            let Some(new) = next(word) else { return Use::TooMany };
            // Acquire: sees the object, and for the last what all others did to it. Release: what
            // this thread did before it gave a reference back is seen by the last.
            match self.word.compare_exchange_weak(word, new, AcqRel, Acquire) {
                Ok(_) if new & (REFERENCES | CALLS) == 0 => return Use::Last,
                Ok(_) => return Use::Done,
                Err(found) => word = found,
            }
        }
    }
}

fn generation(word: u64) -> u32 {
    (word / GENERATION) as u32
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn last_reference_closes_the_slot_for_its_generation() {
        let count = Count::new();
        count.open();
        assert_eq!(count.retain(0), Use::Done);
        assert_eq!(count.release(0), Use::Done);
        assert_eq!(count.release(0), Use::Last);
        assert!(count.close());
        count.open();
        assert_eq!(count.enter(0), Use::Stale);
        assert_eq!(count.enter(1), Use::Done);
    }

    #[test]
    fn release_too_many_is_refused_while_a_call_is_inside() {
        let count = Count::new();
        count.open();
        assert_eq!(count.enter(0), Use::Done);
        assert_eq!(count.release(0), Use::Done);
        assert_eq!(count.release(0), Use::Stale);
        assert_eq!(count.enter(0), Use::Stale);
        assert_eq!(count.leave(), Use::Last);
    }

    #[test]
    fn counts_are_refused_before_they_run_over() {
        let count = Count::new();
        count.open();
        let taken = (0..1 << 20).take_while(|_| count.enter(0) == Use::Done).count();
        assert_eq!(taken as u64, MOST);
        assert_eq!(count.enter(0), Use::TooMany);
    }

    #[test]
    fn slot_is_given_up_after_its_last_generation() {
        let count = Count::new();
        for generation in 0..super::super::GENERATIONS {
            count.open();
            assert_eq!(count.release(generation), Use::Last);
            assert_eq!(count.close(), generation + 1 < super::super::GENERATIONS);
        }
    }
}
