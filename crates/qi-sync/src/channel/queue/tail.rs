//! The tail word as an atomic: each change is one method that answers what it found. (I31)
//!
//! # Memory ordering
//! All changes are AcqRel. A receiver that sets SEEK and a sender that claims meet in this word:
//! whichever comes second sees the first, either as the flag or as a position that is taken. The
//! values themselves are published by their slots.
#![forbid(unsafe_code)]

use super::word::{MAX_RESERVED, Word};
use crate::sync::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

/// What a claim is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Room that nobody was promised.
    Room,
    /// A reservation, which is used up.
    Reservation,
}

/// Why a claim was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no room, or others wait for it.
    Full,
    Closed,
}

/// Who reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Somebody who has not waited: those in line go first.
    Newcomer,
    /// The first in line.
    First,
}

#[derive(Debug)]
pub(super) struct Tail(AtomicU64);

impl Tail {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    pub(super) fn load(&self) -> Word {
        // Acquire: see the head of the file.
        Word(self.0.load(Acquire))
    }

    /// One try to change `seen`; the newer word if somebody else was faster.
    #[inline]
    pub(super) fn change(&self, seen: Word, next: Word) -> Result<(), Word> {
        let result = self.0.compare_exchange_weak(seen.0, next.0, AcqRel, Acquire);
        result.map(drop).map_err(Word)
    }

    /// Promises `count` places, if `fits` says of the word that there is room for so many more.
    #[inline]
    pub(super) fn reserve(
        &self,
        count: usize,
        turn: Turn,
        fits: impl Fn(Word) -> bool,
    ) -> Result<(), Refused> {
        let mut seen = self.load();
        loop {
            if seen.is_closed() {
                return Err(Refused::Closed);
            }
            let is_late = turn == Turn::Newcomer && seen.holds();
            if is_late || count > MAX_RESERVED - seen.reserved() || !fits(seen) {
                let now = self.load();
                if now == seen {
                    return Err(Refused::Full);
                }
                seen = now;
                continue;
            }
            match self.change(seen, seen.reserve(count)) {
                Ok(()) => return Ok(()),
                Err(now) => seen = now,
            }
        }
    }

    /// Gives `count` reservations back; answers the word after that.
    #[inline]
    pub(super) fn release(&self, count: usize) -> Word {
        let less = Word(0).reserve(count).0;
        Word(self.0.fetch_sub(less, AcqRel)).release(count)
    }

    /// Moves the position by one without a claim.
    #[inline]
    pub(super) fn skip(&self) {
        self.0.fetch_add(Word::ONE_POSITION, AcqRel);
    }

    /// Answers the word before.
    #[inline]
    pub(super) fn close(&self) -> Word {
        Word(self.0.fetch_or(Word::CLOSED, AcqRel))
    }

    /// Under the lock of the receivers that wait.
    #[inline]
    pub(super) fn set_seek(&self, on: bool) {
        self.set(Word::SEEK, on);
    }

    /// Under the lock of the senders that wait.
    #[inline]
    pub(super) fn set_hold(&self, on: bool) {
        self.set(Word::HOLD, on);
    }

    #[inline]
    fn set(&self, flag: u64, on: bool) {
        if on {
            self.0.fetch_or(flag, AcqRel);
        } else {
            self.0.fetch_and(!flag, AcqRel);
        }
    }
}
