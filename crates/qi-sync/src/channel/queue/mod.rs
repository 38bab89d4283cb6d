//! Where values lie between senders and receivers. (I31)
//!
//! A queue does no waiting and wakes nobody; it says who may have to be woken. [`Ring`] has a fixed
//! number of places, [`List`] grows and shrinks. Both are entered by a compare-and-swap of the same
//! [`Word`] at their tail.
//!
//! A queue made for a lone receiver trusts that it is one: `pop_lone` is unsafe, and
//! `core/reader.rs` argues why its calls never overlap.

mod block;
mod list;
#[cfg(not(loom))]
mod memory;
#[cfg(loom)]
#[path = "memory_loom.rs"]
mod memory;
mod ring;
mod tail;
mod word;

use list::List;
use ring::Ring;
pub(crate) use tail::{Claim, Refused, Turn};
pub(crate) use word::{MAX_RESERVED, Word};

/// A value was put in.
#[derive(Clone, Copy, Debug)]
#[must_use = "a receiver may have to be woken"]
pub(crate) struct Pushed {
    /// The tail word after the claim.
    pub(crate) word: Word,
}

/// What a receiver finds.
#[derive(Debug)]
#[must_use = "it may hold a value, and a sender may have to be woken"]
pub(crate) enum Popped<T> {
    /// A value, and whether senders wait for room.
    Value(T, bool),
    /// Nothing; the tail word at that moment.
    Empty(Word),
    /// The first value is being written, or a place emptied, by a thread between two instructions.
    Busy,
}

/// A ring or a list.
pub(crate) enum Queue<T> {
    Ring(Ring<T>),
    List(List<T>),
}

impl<T> Queue<T> {
    /// A queue with room for so many values.
    pub(crate) fn bounded(capacity: usize) -> Self {
        Self::Ring(Ring::new(capacity))
    }

    /// A queue without a limit, for several receivers if it is `shared`.
    pub(crate) fn unbounded(shared: bool) -> Self {
        Self::List(List::new(shared))
    }

    fn tail(&self) -> &tail::Tail {
        match self {
            Self::Ring(ring) => ring.tail(),
            Self::List(list) => list.tail(),
        }
    }

    pub(crate) fn word(&self) -> Word {
        self.tail().load()
    }

    /// Puts a value in, or gives it back.
    #[inline]
    pub(crate) fn push(&self, claim: Claim, value: T) -> Result<Pushed, (Refused, T)> {
        match self {
            Self::Ring(ring) => ring.push(claim, value),
            Self::List(list) => list.push(claim, value),
        }
    }

    /// Takes the first value out, for one of several receivers.
    #[inline]
    pub(crate) fn pop_shared(&self) -> Popped<T> {
        match self {
            Self::Ring(ring) => ring.pop(),
            Self::List(list) => list.pop_shared(),
        }
    }

    /// Takes the first value out, for the only receiver.
    ///
    /// # Safety
    /// Calls do not overlap, neither with each other nor with `pop_shared`.
    #[inline]
    pub(crate) unsafe fn pop_lone(&self) -> Popped<T> {
        match self {
            Self::Ring(ring) => ring.pop(),
            // SAFETY: by the caller's word.
            Self::List(list) => unsafe { list.pop_lone() },
        }
    }

    /// Promises places.
    pub(crate) fn reserve(&self, count: usize, turn: Turn) -> Result<(), Refused> {
        match self {
            Self::Ring(ring) => ring.reserve(count, turn),
            Self::List(list) => list.reserve(count, turn),
        }
    }

    /// Gives promises back; answers the word after that.
    pub(crate) fn release(&self, count: usize) -> Word {
        self.tail().release(count)
    }

    /// Lets nobody in any more; answers the word before.
    pub(crate) fn close(&self) -> Word {
        self.tail().close()
    }

    /// Says whether senders wait in line. Under their lock.
    pub(crate) fn set_line(&self, on: bool) {
        // First the hold: when a receiver is told to look, nobody takes the room any more.
        self.tail().set_hold(on);
        if let Self::Ring(ring) = self {
            ring.set_line(on);
        }
    }

    /// Says whether receivers wait. Under their lock.
    pub(crate) fn set_seek(&self, on: bool) {
        self.tail().set_seek(on);
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Ring(ring) => ring.len(),
            Self::List(list) => list.len(),
        }
    }

    /// Values that fit; none if there is no limit.
    pub(crate) fn capacity(&self) -> Option<usize> {
        match self {
            Self::Ring(ring) => Some(ring.capacity()),
            Self::List(_) => None,
        }
    }

    /// Most places that can be promised at a time.
    pub(crate) fn most_reserved(&self) -> usize {
        self.capacity().unwrap_or(MAX_RESERVED)
    }
}
