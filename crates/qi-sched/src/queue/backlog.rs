//! What threads outside have spawned and no worker has taken yet: one queue per desk, under the desk's
//! lock, and one word that tells at which desks something lies.
//!
//! # Protocol
//! A spawner holds its desk's lock anyway; it puts its task's hint into the desk's [`Backlog`] before it
//! lets go, and, if that was empty, sets the desk's bit in [`Signs`]. A worker looks at the bits, takes the
//! lock of a desk that has one, and takes a batch; if nothing is left it clears the bit. A bit changes only
//! under the lock of its desk, and says whether something lies there.
//!
//! Nothing is lost: who spawns calls [`Sleep::notify`](crate::sleep::Sleep::notify) after that, and who
//! falls asleep reads the bits after it has announced so. The fences of the two stand between the change
//! of the bit and its reading here as well. A spawner that found the bit set has it from the one who set
//! it, or left it set, by way of the desk's lock. (I7)
//!
//! # Why not the common queue
//! A push there is two read-modify-writes of words that all spawners and workers share, and a theft three
//! and more. Here a spawner writes to memory that is its own most of the time.
#![forbid(unsafe_code)]

use crate::sync::AtomicUsize;
use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;

/// More room than this is given back when a backlog has been taken.
const KEPT_ROOM: usize = 1024;

/// At which desks something lies.
#[derive(Debug)]
pub(crate) struct Signs(AtomicUsize);

/// The queue of one desk.
#[derive(Debug)]
pub(crate) struct Backlog<T>(VecDeque<T>);

impl Signs {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Whether nothing lies at any desk.
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        self.bits() == 0
    }

    /// A bit for each desk at which something lies.
    #[inline]
    pub(crate) fn bits(&self) -> usize {
        // Relaxed: a hint, but between the fences of `sleep`, which make it exact.
        self.0.load(Relaxed)
    }

    fn set(&self, desk: usize) {
        // Relaxed: the notice that follows has the fence; the entry itself lies under the lock.
        self.0.fetch_or(1 << desk, Relaxed);
    }

    fn clear(&self, desk: usize) {
        // Relaxed: only a hint grows out of date by it.
        self.0.fetch_and(!(1 << desk), Relaxed);
    }
}

impl<T> Default for Backlog<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Backlog<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds an entry. The caller holds the lock of this desk.
    #[inline]
    pub(crate) fn put(&mut self, entry: T, desk: usize, signs: &Signs) {
        if self.0.is_empty() {
            signs.set(desk);
        }
        self.0.push_back(entry);
    }

    /// Takes about half, at most `limit`: the oldest is returned, the others are given to `keep` in their
    /// order. The caller holds the lock of this desk, and `keep` takes no other.
    pub(crate) fn take(
        &mut self,
        limit: usize,
        desk: usize,
        signs: &Signs,
        keep: impl FnMut(T),
    ) -> Option<T> {
        let count = self.0.len().div_ceil(2).min(limit);
        let mut batch = self.0.drain(..count);
        let first = batch.next();
        batch.for_each(keep);
        if self.0.is_empty() || cfg!(qi_mutant = "sign_is_taken_down_early") {
            signs.clear(desk);
            if self.0.capacity() > KEPT_ROOM {
                self.0 = VecDeque::new();
            }
        }
        first
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_sign_stands_for_as_long_as_something_lies_there() {
        let (signs, mut backlog) = (Signs::new(), Backlog::default());
        for entry in 0..5 {
            backlog.put(entry, 3, &signs);
        }
        let mut kept = Vec::new();
        assert_eq!(backlog.take(8, 3, &signs, |entry| kept.push(entry)), Some(0));
        assert_eq!((kept.as_slice(), signs.bits()), (&[1, 2][..], 1 << 3), "half of it, in order");
        assert_eq!(backlog.take(1, 3, &signs, |entry| kept.push(entry)), Some(3));
        assert_eq!(backlog.take(1, 3, &signs, |entry| kept.push(entry)), Some(4));
        assert!(signs.is_clear());
        assert_eq!(backlog.take(1, 3, &signs, |entry| kept.push(entry)), None);
        assert_eq!(kept, [1, 2]);
    }

    #[test]
    fn the_room_of_a_flood_goes_back_with_its_last_entry() {
        let (signs, mut backlog) = (Signs::new(), Backlog::default());
        (0..100_000).for_each(|entry| backlog.put(entry, 0, &signs));
        while backlog.take(32, 0, &signs, |_| ()).is_some() {}
        assert_eq!(backlog.0.capacity(), 0);
    }
}
