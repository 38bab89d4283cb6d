//! Keeps the timers' entries in one vector, linked by index, named by keys that are never reused.
//!
//! A key is an index and a *stamp*. Stamps come from one counter of the whole slab and not of the
//! slot, so the vector may be thrown away after a burst without old keys coming back to life; a stale
//! key is mistaken for a new one only if exactly a multiple of 2^32 - 1 timers were set between and
//! the slot is the same.

use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};
use std::task::Waker;

/// End of the list of free entries.
const NO_ENTRY: u32 = u32::MAX;

/// An empty vector longer than this is given back.
const KEPT_ENTRIES: usize = 4096;

/// Names a timer that was set, until it fires or is removed. Eight bytes, as an `Option` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerKey {
    index: u32,
    stamp: NonZeroU32,
}

impl TimerKey {
    pub(super) fn index(self) -> u32 {
        self.index
    }
}

/// One timer, 40 bytes.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) deadline: u64,
    /// `None` in a free entry.
    pub(super) waker: Option<Waker>,
    /// Neighbours in the circular list of the slot; `next` links the free entries, too.
    pub(super) prev: u32,
    pub(super) next: u32,
    stamp: NonZeroU32,
    level: u8,
    slot: u8,
}

impl Entry {
    pub(super) fn place(&self) -> (usize, usize) {
        (usize::from(self.level), usize::from(self.slot))
    }

    pub(super) fn set_place(&mut self, level: usize, slot: usize) {
        // Seven levels of 256 slots: both fit.
        self.level = level as u8;
        self.slot = slot as u8;
    }
}

/// Memory that is to be dropped outside the lock.
#[derive(Debug)]
pub(crate) struct Discarded {
    _entries: Vec<Entry>,
}

/// All entries of a wheel.
#[derive(Debug)]
pub(super) struct Slab {
    entries: Vec<Entry>,
    free: u32,
    live: usize,
    stamp: NonZeroU32,
}

impl Slab {
    /// How many entries an index can name.
    pub(super) const LIMIT: usize = NO_ENTRY as usize;

    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), free: NO_ENTRY, live: 0, stamp: NonZeroU32::MIN }
    }

    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Fills a free entry, which belongs to no list yet. Gives the waker back if all are taken.
    // Inlined, since a key that goes through memory is written in halves and read whole: a stall.
    #[inline]
    pub(super) fn insert(&mut self, deadline: u64, waker: Waker) -> Result<TimerKey, Waker> {
        let stamp = self.stamp;
        let index = if self.free == NO_ENTRY {
            if self.entries.len() >= Self::LIMIT {
                return Err(waker);
            }
            let index = self.entries.len() as u32;
            self.entries.push(Entry {
                deadline,
                waker: Some(waker),
                prev: index,
                next: index,
                stamp,
                level: 0,
                slot: 0,
            });
            index
        } else {
            let index = self.free;
            let entry = &mut self.entries[index as usize];
            self.free = entry.next;
            entry.deadline = deadline;
            entry.waker = Some(waker);
            entry.stamp = stamp;
            index
        };
        self.stamp = stamp.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.live += 1;
        Ok(TimerKey { index, stamp })
    }

    /// Frees an entry that is in no list any more, and returns its waker.
    pub(super) fn free(&mut self, index: u32) -> Option<Waker> {
        let free = self.free;
        let entry = &mut self[index];
        entry.next = free;
        let waker = entry.waker.take();
        self.free = index;
        self.live -= 1;
        waker
    }

    pub(super) fn get(&self, key: TimerKey) -> Option<&Entry> {
        self.entries
            .get(key.index as usize)
            .filter(|entry| entry.stamp == key.stamp && entry.waker.is_some())
    }

    pub(super) fn get_mut(&mut self, key: TimerKey) -> Option<&mut Entry> {
        self.entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.stamp == key.stamp && entry.waker.is_some())
    }

    /// Gives the vector away if it is empty and was large.
    #[inline]
    pub(super) fn discard(&mut self) -> Option<Discarded> {
        if self.live > 0 || self.entries.len() <= KEPT_ENTRIES {
            return None;
        }
        self.free = NO_ENTRY;
        Some(Discarded { _entries: std::mem::take(&mut self.entries) })
    }

    /// Empties the slab and returns the wakers.
    pub(super) fn drain(&mut self) -> (Vec<Waker>, Discarded) {
        let mut entries = std::mem::take(&mut self.entries);
        let wakers = entries.iter_mut().filter_map(|entry| entry.waker.take()).collect();
        self.free = NO_ENTRY;
        self.live = 0;
        (wakers, Discarded { _entries: entries })
    }
}

impl Index<u32> for Slab {
    type Output = Entry;
    fn index(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }
}

impl IndexMut<u32> for Slab {
    fn index_mut(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_within_forty_bytes_and_a_key_within_eight() {
        assert!(size_of::<Entry>() <= 40, "an entry has {} bytes", size_of::<Entry>());
        assert_eq!(size_of::<Option<TimerKey>>(), 8);
    }

    #[test]
    fn a_key_of_a_freed_entry_names_nothing_when_the_entry_is_used_again() {
        let mut slab = Slab::new();
        let old = slab.insert(1, Waker::noop().clone()).expect("there is room");
        assert!(slab.free(old.index()).is_some());
        assert!(slab.get(old).is_none());
        let new = slab.insert(2, Waker::noop().clone()).expect("there is room");
        assert_eq!(new.index(), old.index(), "the entry is used again");
        assert!(slab.get(old).is_none());
        assert_eq!(slab.get(new).map(|entry| entry.deadline), Some(2));
    }

    #[test]
    fn memory_of_a_burst_is_given_back_and_its_keys_stay_dead() {
        let mut slab = Slab::new();
        let keys: Vec<_> = (0..KEPT_ENTRIES as u64 + 1)
            .map(|n| slab.insert(n, Waker::noop().clone()).expect("there is room"))
            .collect();
        assert!(slab.discard().is_none(), "not while timers are set");
        for key in &keys {
            slab.free(key.index());
        }
        assert!(slab.discard().is_some());
        assert_eq!(slab.entries.capacity(), 0);
        let again = slab.insert(7, Waker::noop().clone()).expect("there is room");
        assert_eq!(again.index(), 0);
        assert!(slab.get(keys[0]).is_none());
    }
}
