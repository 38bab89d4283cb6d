//! The word at the tail of a queue: where the next value goes, and all that a sender must know.
//!
//! | bits | name | means |
//! |---|---|---|
//! | 0 | CLOSED | nothing is claimed any more, except by who has a reservation |
//! | 1 | HOLD | senders wait in line: room is only given to them, in their order |
//! | 2 | SEEK | receivers wait: who publishes a value wakes one |
//! | 3–24 | reserved | places promised to permits and to senders that were let in |
//! | 25–63 | position | values claimed so far, modulo 2³⁹ |
//!
//! A sender's claim is one compare-and-swap of this word, and the same operation tells it whether a
//! receiver waits. That is why the flags are here and not in words of their own: no fence, and no
//! second cache line. Positions wrap; a compare-and-swap could be fooled only by a thread that
//! stands still for exactly 2³⁹ values.
#![forbid(unsafe_code)]

use std::fmt;

const CLOSED: u64 = 1;
const HOLD: u64 = 1 << 1;
const SEEK: u64 = 1 << 2;
const RESERVED_SHIFT: u32 = 3;
const RESERVED_BITS: u32 = 22;
const POSITION_SHIFT: u32 = RESERVED_SHIFT + RESERVED_BITS;

/// Most reservations at a time, and so the greatest capacity.
pub(crate) const MAX_RESERVED: usize = (1 << RESERVED_BITS) - 1;

/// Positions are counted modulo this.
const POSITIONS: u64 = 1 << (64 - POSITION_SHIFT);

/// A value of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(super) u64);

/// The place of a value in the order of all values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(pub(super) u64);

impl Position {
    /// The position so many further on.
    #[inline]
    pub(super) fn plus(self, count: u64) -> Self {
        Self((self.0 + count) % POSITIONS)
    }

    /// How far this is beyond an earlier position.
    #[inline]
    pub(super) fn since(self, earlier: Self) -> u64 {
        self.0.wrapping_sub(earlier.0) % POSITIONS
    }
}

impl Word {
    /// What is added to move the position by one.
    pub(super) const ONE_POSITION: u64 = 1 << POSITION_SHIFT;
    pub(super) const CLOSED: u64 = CLOSED;
    pub(super) const HOLD: u64 = HOLD;
    pub(super) const SEEK: u64 = SEEK;

    #[inline]
    pub(super) fn position(self) -> Position {
        Position(self.0 >> POSITION_SHIFT)
    }

    #[inline]
    pub(crate) fn reserved(self) -> usize {
        ((self.0 >> RESERVED_SHIFT) as usize) & MAX_RESERVED
    }

    #[inline]
    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether senders wait in line.
    #[inline]
    pub(crate) fn holds(self) -> bool {
        self.0 & HOLD != 0
    }

    /// Whether receivers wait.
    #[inline]
    pub(crate) fn seeks(self) -> bool {
        self.0 & SEEK != 0
    }

    /// The word after `count` reservations more, which must fit.
    #[inline]
    pub(super) fn reserve(self, count: usize) -> Self {
        Self(self.0 + ((count as u64) << RESERVED_SHIFT))
    }

    /// The word after `count` of its reservations less.
    #[inline]
    pub(super) fn release(self, count: usize) -> Self {
        Self(self.0 - ((count as u64) << RESERVED_SHIFT))
    }

    /// The word after a position was claimed.
    #[inline]
    pub(super) fn advance(self) -> Self {
        Self(self.0.wrapping_add(Self::ONE_POSITION))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Word")
            .field("position", &self.position().0)
            .field("reserved", &self.reserved())
            .field("closed", &self.is_closed())
            .field("holds", &self.holds())
            .field("seeks", &self.seeks())
            .finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn position_wraps_without_touching_the_flags() {
        let last = Word((u64::MAX - (Word::ONE_POSITION - 1)) | CLOSED | SEEK);
        let next = last.advance();
        assert_eq!(next.position(), Position(0));
        assert!(next.is_closed() && next.seeks() && !next.holds());
        assert_eq!(next.position().since(last.position()), 1);
        assert_eq!(last.position().plus(1), next.position());
    }

    #[test]
    fn reservations_are_counted_apart_from_all_else() {
        let word = Word(SEEK).advance().reserve(MAX_RESERVED);
        assert_eq!((word.reserved(), word.position()), (MAX_RESERVED, Position(1)));
        let word = word.release(MAX_RESERVED - 1).advance();
        assert_eq!((word.reserved(), word.position()), (1, Position(2)));
        assert!(word.seeks() && !word.holds() && !word.is_closed());
    }
}
