//! A ring of a fixed number of places, for any number of senders and receivers. (I31)
//!
//! # Protocol
//! Each place has a stamp. For the position `p` that it stands for next:
//!
//! | stamp | the place is | it belongs to |
//! |---|---|---|
//! | free(p) | empty | who claims `p` at the tail |
//! | full(p) | full | who claims `p` at the head |
//!
//! A sender claims `p` by moving the tail, waits until the place is free(p), writes, and
//! publishes full(p). A receiver that finds full(p) at the head claims `p` by moving the head,
//! reads, and publishes free(p + size). The capacity is kept by counting: positions claimed, less
//! those taken, plus reservations, are never more than it; so the place of a claimed position is
//! free, or is being emptied by a receiver that has moved the head and is between two
//! instructions. Only then a sender spins.
//!
//! The head word has a flag besides: LINE, senders wait for room. A receiver sees it in the
//! operation that moves the head, as senders see SEEK in the one that moves the tail.
//!
//! # Memory ordering
//! Stamps are released by who leaves a place and acquired by who comes: the value, or the
//! emptiness, is seen with them.
//!
//! # Races
//! Who loses one for the tail or the head stands back for a while. With two workers, each with
//! senders and receivers, that halves the processor time of a value and takes a third of its wall
//! time: who has won goes on with the word, and the places, in its cache.
//!
//! # Rejected alternatives
//! * A lock around a deque: a third of the speed with one sender, a tenth with four.
//! * A reservation that is a claim of a position: values behind an idle permit would have to wait.
//! * Room judged by the stamp alone: reservations need the count, and rings whose size is no power
//!   of two a division.

use super::memory;
use super::tail::{Claim, Refused, Tail, Turn};
use super::word::{Position, Word};
use super::{Popped, Pushed};
use crate::sync::{AtomicU32, AtomicU64, Backoff, Spin, UnsafeCell};
use crossbeam_utils::CachePadded;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// One place. All bytes zero is free(p) for the first `size` positions.
pub(super) struct Place<T> {
    stamp: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Place<T> {
    #[cfg_attr(not(loom), allow(dead_code, reason = "places come zeroed; loom's must be made"))]
    pub(super) fn new() -> Self {
        Self { stamp: AtomicU32::new(0), value: UnsafeCell::new(MaybeUninit::uninit()) }
    }
}

/// Senders wait for room.
const LINE: u64 = 1;

/// What senders write.
struct TailSide {
    word: Tail,
    /// A head seen before, so that the head's cache line is looked at once per round only.
    head_seen: AtomicU64,
}

pub(crate) struct Ring<T> {
    tail: CachePadded<TailSide>,
    /// The next position to be taken, shifted by one, and LINE.
    head: CachePadded<AtomicU64>,
    places: Box<[Place<T>]>,
    capacity: usize,
}

// SAFETY: a value is touched only by who claimed its position, and handed over by the stamp.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as for `Send`; nobody gets a reference to a value inside.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            tail: CachePadded::new(TailSide { word: Tail::new(), head_seen: AtomicU64::new(0) }),
            head: CachePadded::new(AtomicU64::new(0)),
            // At least two, so that free(p + size) differs from full(p) for all p.
            places: memory::places(capacity.next_power_of_two().max(2)),
            capacity,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn tail(&self) -> &Tail {
        &self.tail.word
    }

    fn place(&self, position: Position) -> &Place<T> {
        &self.places[position.0 as usize & (self.places.len() - 1)]
    }

    /// The stamp of a place that is free for `position`; one more says that it is full. The round
    /// is counted modulo 2³¹, which is enough, because a place is never two rounds off.
    fn free(&self, position: Position) -> u32 {
        ((position.0 >> self.places.len().trailing_zeros()) as u32) << 1
    }

    fn head(&self) -> Position {
        // Acquire: who sees a position taken sees what its receiver did before.
        Position(self.head.load(Acquire) >> 1)
    }

    /// Whether so many places more can be claimed or promised.
    #[inline]
    fn fits(&self, word: Word, count: usize) -> bool {
        let wanted = (word.reserved() + count) as u64;
        // In 64 bits: a difference that wrapped (see below) leaves no room above it in 32, and a sum
        // that came round again would look empty.
        let used = |head: Position| word.position().since(head) + wanted;
        let capacity = self.capacity as u64;
        // Relaxed: an older head only makes it look fuller, and then we look at the real one.
        let seen = Position(self.tail.head_seen.load(Relaxed));
        if used(seen) <= capacity {
            return true;
        }
        let head = self.head();
        self.tail.head_seen.store(head.0, Relaxed);
        // A head newer than the word makes the difference wrap: that looks full, and the callers
        // look again if the word has changed.
        used(head) <= capacity
    }

    /// Puts a value in.
    #[inline]
    pub(super) fn push(&self, claim: Claim, value: T) -> Result<Pushed, (Refused, T)> {
        let mut seen = self.tail.word.load();
        let mut backoff = Backoff::default();
        let next = loop {
            let next = match claim {
                Claim::Reservation => seen.release(1).advance(),
                Claim::Room if seen.is_closed() => return Err((Refused::Closed, value)),
                Claim::Room if seen.holds() || !self.fits(seen, 1) => {
                    let now = self.tail.word.load();
                    if now == seen {
                        return Err((Refused::Full, value));
                    }
                    seen = now;
                    continue;
                }
                Claim::Room => seen.advance(),
            };
            match self.tail.word.change(seen, next) {
                Ok(()) => break next,
                Err(now) => seen = now,
            }
            if backoff.wait() {
                seen = self.tail.word.load();
            }
        };
        let position = seen.position();
        let place = self.place(position);
        let free = self.free(position);
        let mut spin = Spin::default();
        // Acquire: pairs with the release of the receiver that emptied the place.
        while place.stamp.load(Acquire) != free {
            spin.wait();
        }
        // The mutant says that the value is there before it is.
        if cfg!(qi_mutant = "ring_publishes_too_early") {
            place.stamp.store(free | 1, Release);
        }
        // SAFETY: the position is ours by the claim, and the place is free for it.
        place.value.with_mut(|place| unsafe { (*place).write(value) });
        // Release: whoever sees the stamp sees the value.
        place.stamp.store(free | 1, Release);
        Ok(Pushed { word: next })
    }

    /// Takes the first value out.
    #[inline]
    pub(super) fn pop(&self) -> Popped<T> {
        // Relaxed: the stamp decides, and the compare-and-swap makes sure.
        let mut head = self.head.load(Relaxed);
        let mut backoff = Backoff::default();
        loop {
            let position = Position(head >> 1);
            let place = self.place(position);
            let free = self.free(position);
            // Acquire: pairs with the sender's release.
            let stamp = place.stamp.load(Acquire);
            if stamp == free | 1 {
                let next = position.plus(1).0 << 1 | head & LINE;
                // AcqRel: a sender that has set LINE is seen, or sees that there is room.
                match self.head.compare_exchange_weak(head, next, AcqRel, Relaxed) {
                    Ok(_) => return Popped::Value(self.empty(position), head & LINE != 0),
                    Err(now) => head = now,
                }
                if backoff.wait() {
                    // Relaxed: as above.
                    head = self.head.load(Relaxed);
                }
                continue;
            }
            let word = self.tail.word.load();
            // Acquire: ordered after the look at the tail, so that "empty" is true of one moment.
            let now = self.head.load(Acquire);
            if now >> 1 == head >> 1 {
                let is_empty = word.position() == position;
                return if is_empty { Popped::Empty(word) } else { Popped::Busy };
            }
            head = now;
        }
    }

    /// Reads the value of a position that was claimed at the head, and frees its place.
    fn empty(&self, position: Position) -> T {
        let place = self.place(position);
        // SAFETY: the position is ours by the claim, and its place was full.
        let value = place.value.with_mut(|place| unsafe { (*place).assume_init_read() });
        // Release: pairs with the acquire of the sender that comes next.
        place.stamp.store(self.free(position.plus(self.places.len() as u64)), Release);
        value
    }

    /// Promises places.
    pub(super) fn reserve(&self, count: usize, turn: Turn) -> Result<(), Refused> {
        self.tail.word.reserve(count, turn, |word| self.fits(word, count))
    }

    /// Says at the head that senders wait, or that none does. Under their lock.
    pub(super) fn set_line(&self, on: bool) {
        // AcqRel: of the receiver that takes a value and the sender that starts to wait, the
        // second sees the first. The mutant says it nowhere.
        if on && !cfg!(qi_mutant = "ring_line_is_not_said") {
            self.head.fetch_or(LINE, AcqRel);
        } else {
            self.head.fetch_and(!LINE, AcqRel);
        }
    }

    pub(super) fn len(&self) -> usize {
        loop {
            let head = self.head();
            let word = self.tail.word.load();
            let len = word.position().since(head) as usize;
            // More than fit: the head that we saw is older than the tail.
            if len <= self.capacity {
                return len;
            }
        }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while let Popped::Value(value, _) = self.pop() {
            drop(value);
        }
    }
}
