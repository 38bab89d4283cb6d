//! What is kept of a waiter, and the lists that it can be in: links are indices into the slab.
#![forbid(unsafe_code)]

use super::slab::Slab;
use crate::priority::TaskPriority;
use std::task::Waker;

/// No entry.
const NONE: u32 = u32::MAX;

/// Names one entry of a [`WaitQueue`](super::WaitQueue). It is never used twice by one queue, so a
/// key that is too old finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterKey {
    pub(super) index: u32,
    pub(super) stamp: u64,
}

/// A waiter that was just popped.
#[derive(Debug)]
#[must_use = "the waker is to be woken once the primitive's lock is released"]
pub struct Popped {
    /// Names its entry, for a message in the payload.
    pub key: WaiterKey,
    /// Wakes it.
    pub waker: Waker,
}

/// What was left of an entry that its owner removed.
#[derive(Debug)]
pub struct Removed<T> {
    /// The payload, with the message of whoever popped it.
    pub payload: T,
    /// Its waker, if nobody took it; to be dropped outside of the primitive's lock.
    pub waker: Option<Waker>,
    /// Whether it still waited: then there is nothing to pass on.
    pub was_waiting: bool,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) stamp: u64,
    previous: u32,
    next: u32,
    pub(super) lane: TaskPriority,
    /// Whether it is in a list: its lane's, or that of the dismissed.
    pub(super) linked: bool,
    /// Full while it is linked.
    pub(super) waker: Option<Waker>,
    pub(super) payload: T,
}

impl<T> Entry<T> {
    pub(super) fn new(stamp: u64, lane: TaskPriority, waker: Waker, payload: T) -> Self {
        Self { stamp, previous: NONE, next: NONE, lane, linked: false, waker: Some(waker), payload }
    }

    /// Gives the waker of an entry that has left its list.
    pub(super) fn leave(&mut self, index: u32) -> Option<Popped> {
        let key = WaiterKey { index, stamp: self.stamp };
        self.waker.take().map(|waker| Popped { key, waker })
    }
}

/// A doubly linked list of entries.
#[derive(Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE };

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    #[inline]
    pub(super) fn last(&self) -> Option<u32> {
        (self.last != NONE).then_some(self.last)
    }

    pub(super) fn push_back<T>(&mut self, index: u32, entries: &mut Slab<Entry<T>>) {
        self.insert_between(self.last, index, NONE, entries);
    }

    pub(super) fn push_front<T>(&mut self, index: u32, entries: &mut Slab<Entry<T>>) {
        self.insert_between(NONE, index, self.first, entries);
    }

    fn insert_between<T>(
        &mut self,
        previous: u32,
        index: u32,
        next: u32,
        entries: &mut Slab<Entry<T>>,
    ) {
        if let Some(entry) = entries.get_mut(index) {
            (entry.previous, entry.next, entry.linked) = (previous, next, true);
        }
        self.connect(previous, index, entries);
        self.connect(index, next, entries);
    }

    /// Takes an entry of this list out of it.
    pub(super) fn unlink<T>(&mut self, index: u32, entries: &mut Slab<Entry<T>>) {
        let Some(entry) = entries.get_mut(index) else { return };
        debug_assert!(entry.linked, "an entry is unlinked once");
        entry.linked = false;
        let (previous, next) = (entry.previous, entry.next);
        self.connect(previous, next, entries);
    }

    /// Adds all of another list.
    pub(super) fn append<T>(&mut self, other: Self, entries: &mut Slab<Entry<T>>) {
        if other.is_empty() {
            return;
        }
        let last = self.last;
        self.last = other.last;
        if last == NONE {
            self.first = other.first;
        } else {
            if let Some(entry) = entries.get_mut(last) {
                entry.next = other.first;
            }
            if let Some(entry) = entries.get_mut(other.first) {
                entry.previous = last;
            }
        }
    }

    /// Makes two entries neighbours; no entry stands for the end of the list.
    fn connect<T>(&mut self, before: u32, after: u32, entries: &mut Slab<Entry<T>>) {
        match entries.get_mut(before) {
            Some(entry) => entry.next = after,
            None => self.first = after,
        }
        match entries.get_mut(after) {
            Some(entry) => entry.previous = before,
            None => self.last = before,
        }
    }
}
