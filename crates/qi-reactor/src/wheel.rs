//! The hierarchical timing wheel: which timers are due, and when the next one will be.
//!
//! The algorithm is scheme 6/7 of G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels",
//! SOSP 1987. This file places, cascades and fires; [`slab`] keeps the entries, [`level`] the slots.
//! It knows neither locks nor clocks.
//!
//! # Layout
//!
//! Time is a `u64` of nanoseconds. A slot of level 0 is 2^14 ns (16 µs) wide, every level has 256
//! slots, a slot of the level above is as wide as the whole level below; seven levels cover all
//! 64 bits (584 years). A timer lives on the level of the highest digit (base 256, above the grain)
//! in which its deadline differs from `elapsed`, in the slot that this digit of the deadline names:
//!
//! ```text
//! elapsed   0x…17_3a_c0|2f11        level 2 if this digit differs
//! deadline  0x…17_3b_05|0042             ▲  level 1 if this one does, level 0 otherwise
//!               L2 L1 L0 grain           │
//! ```
//!
//! So every entry of a level is in the same slot of the level above as `elapsed` is, slots below the
//! current one are empty, and all entries of a level are earlier than those of the level above.
//! When `elapsed` reaches the start of a slot above level 0 its entries *cascade*: they are placed
//! anew, each on a lower level. A timer of one second cascades once or twice, one that is dropped
//! before never.
//!
//! # Exactness
//!
//! An entry keeps its exact deadline, and only entries whose deadline has come are fired: a slot of
//! 16 µs that is partly due gives up just those. (I16) Each slot knows a lower bound of its
//! deadlines (exact unless its earliest timer was removed), which makes [`Wheel::next`] a look at
//! one slot a level. When a bound turns out too low the slot is looked through and gets its true
//! one, so that at most one look a level is wasted for a removed timer, and none is repeated.
//!
//! Looking through a slot that is partly due, again and again while it becomes due, costs at most
//! the 16 µs it lasts and one more look.
//!
//! # Bounded steps
//!
//! [`Wheel::advance`] stops after a budget of moved entries, also in the middle of a cascade, so that
//! a million timers of one slot do not keep its lock for a tenth of a second. What is left of such a
//! slot has the earliest start of all and is therefore taken up first by the next call.
//!
//! # Rejected alternatives
//!
//! A binary heap: logarithmic, and a removed timer stays until its deadline; five million timeouts
//! that never fire are the common case. Slots of 1 µs: exact by themselves, but two more cascades,
//! each a cache miss. 64 slots a level (one bitmap word): one cascade more for a timer of a second,
//! and slots of 67 ms that cascade 67,000 of a million timers at once. Firing at the end of a slot:
//! late by up to its width.

mod level;
mod slab;

pub(crate) use slab::Discarded;
pub use slab::TimerKey;

use std::task::Waker;

use crate::clock::NEVER;
use level::{Heads, Level, NO_ENTRY, SLOTS, STRANDS};
use slab::Slab;

/// A slot of level 0 is 2^14 ns wide: about as long as one poll of a task takes, and with a million
/// timers a second it holds 16.
const GRAIN_BITS: u32 = 14;

/// 256 slots a level.
const LEVEL_BITS: u32 = SLOTS.trailing_zeros();

/// As many as it takes for 64 bits.
const LEVELS: usize = (64 - GRAIN_BITS).div_ceil(LEVEL_BITS) as usize;

/// A timer that is due.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) deadline: u64,
    pub(crate) waker: Waker,
}

/// The wheel of one shard.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// Everything before has been fired. Never runs backwards, may lag behind the clock.
    elapsed: u64,
    /// Bit `n`: level `n` has an occupied slot.
    occupied: u8,
    levels: Box<[Level]>,
    slab: Slab,
}

impl Wheel {
    /// How many timers it can hold.
    pub(crate) const LIMIT: usize = Slab::LIMIT;

    pub(crate) fn new() -> Self {
        Self {
            elapsed: 0,
            occupied: 0,
            levels: vec![Level::new(); LEVELS].into_boxed_slice(),
            slab: Slab::new(),
        }
    }

    /// Number of timers set.
    #[cfg(test)]
    pub(crate) fn live(&self) -> usize {
        self.slab.live()
    }

    /// Sets a timer, in O(1). Gives the waker back if there is no room for more entries.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, waker: Waker) -> Result<TimerKey, Waker> {
        let key = self.slab.insert(deadline, waker)?;
        self.link(key.index(), deadline);
        Ok(key)
    }

    /// Drops a timer, in O(1). `None` if it has fired or was dropped before.
    #[inline]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<(u64, Waker)> {
        let deadline = self.slab.get(key)?.deadline;
        self.unlink(key.index());
        let waker = self.slab.free(key.index())?;
        Some((deadline, waker))
    }

    /// Moves a timer to another deadline, in O(1), and returns the old one.
    pub(crate) fn relocate(&mut self, key: TimerKey, deadline: u64) -> Option<u64> {
        let before = self.slab.get(key)?.deadline;
        self.unlink(key.index());
        self.slab[key.index()].deadline = deadline;
        self.link(key.index(), deadline);
        Some(before)
    }

    /// The waker of a timer that has not fired.
    pub(crate) fn waker_mut(&mut self, key: TimerKey) -> Option<&mut Waker> {
        self.slab.get_mut(key)?.waker.as_mut()
    }

    /// No timer is due earlier than this; [`NEVER`] if none is set.
    pub(crate) fn next(&self) -> u64 {
        let mut next = NEVER;
        let mut levels = self.occupied;
        while levels != 0 {
            let level = &self.levels[levels.trailing_zeros() as usize];
            levels &= levels - 1;
            next = next.min(level.earliest(level.first()));
        }
        next
    }

    /// Takes out the timers that are due at `now`, at most `budget` moves of entries long.
    ///
    /// `false`: there is more to do, call again with the same `now`.
    pub(crate) fn advance(&mut self, now: u64, due: &mut Vec<Due>, mut budget: usize) -> bool {
        while let Some((level, slot, start)) = self.first_slot() {
            if start > now {
                break;
            }
            if budget == 0 {
                return false;
            }
            self.elapsed = self.elapsed.max(start);
            if level > 0 {
                self.cascade(level, slot, &mut budget);
            } else if self.levels[0].earliest(slot) <= now {
                self.fire(slot, now, due, &mut budget);
            } else {
                // The rest of the slot that `now` is in. Later slots start later than `now`.
                break;
            }
        }
        // No occupied slot starts between, but for the one of level 0 that `now` is in: every entry
        // is still on the level that the new `elapsed` gives it.
        self.elapsed = self.elapsed.max(now);
        true
    }

    /// Takes out every timer, in no particular order.
    pub(crate) fn drain(&mut self) -> (Vec<Waker>, Discarded) {
        let (wakers, discarded) = self.slab.drain();
        self.levels.fill(Level::new());
        self.occupied = 0;
        (wakers, discarded)
    }

    /// Hands out the memory of a large burst that is over; to be dropped outside the lock.
    pub(crate) fn discard(&mut self) -> Option<Discarded> {
        self.slab.discard()
    }

    /// Level and slot for `deadline`. One that has passed goes to the current slot.
    fn place(&self, deadline: u64) -> (usize, usize) {
        let when = deadline.max(self.elapsed);
        let differs = (when ^ self.elapsed) >> GRAIN_BITS;
        // `| 1` only keeps the logarithm defined; digit 0 is level 0 either way.
        let level = (63 - (differs | 1).leading_zeros()) / LEVEL_BITS;
        let slot = (when >> (GRAIN_BITS + level * LEVEL_BITS)) as usize % SLOTS;
        (level as usize, slot)
    }

    /// When the slot begins, given that it is not before the current one.
    fn start_of(&self, level: usize, slot: usize) -> u64 {
        let shift = GRAIN_BITS + level as u32 * LEVEL_BITS;
        // The digits above this level are those of `elapsed`; above the last level there are none.
        let above = self.elapsed.checked_shr(shift + LEVEL_BITS).unwrap_or(0);
        ((above << LEVEL_BITS) | slot as u64) << shift
    }

    /// The occupied slot that starts first; of those that start together the highest, whose entries
    /// have yet to be sorted into the lower ones.
    fn first_slot(&self) -> Option<(usize, usize, u64)> {
        let mut first: Option<(usize, usize, u64)> = None;
        let mut levels = self.occupied;
        while levels != 0 {
            let level = levels.trailing_zeros() as usize;
            levels &= levels - 1;
            let slot = self.levels[level].first();
            let start = self.start_of(level, slot);
            if first.is_none_or(|(_, _, earliest)| start <= earliest) {
                first = Some((level, slot, start));
            }
        }
        first
    }

    /// Appends an entry to the circular list it belongs to by deadline and index.
    fn link(&mut self, index: u32, deadline: u64) {
        let (level, slot) = self.place(deadline);
        let target = &mut self.levels[level];
        let head = target.head_for(slot, index);
        let (prev, next) = if head == NO_ENTRY {
            target.open(slot, index, deadline);
            self.occupied |= 1 << level;
            (index, index)
        } else {
            target.lower(slot, deadline);
            let tail = std::mem::replace(&mut self.slab[head].prev, index);
            self.slab[tail].next = index;
            (tail, head)
        };
        let entry = &mut self.slab[index];
        (entry.prev, entry.next) = (prev, next);
        entry.set_place(level, slot);
    }

    /// Takes an entry out of the list it is in.
    fn unlink(&mut self, index: u32) {
        let entry = &self.slab[index];
        let (prev, next) = (entry.prev, entry.next);
        let (level, slot) = entry.place();
        if next == index {
            self.close(level, slot, index);
        } else {
            if self.levels[level].head_for(slot, index) == index {
                self.levels[level].set_head(slot, next);
            }
            self.slab[prev].next = next;
            self.slab[next].prev = prev;
        }
    }

    /// Ends the list whose last entry was `index`.
    fn close(&mut self, level: usize, slot: usize, index: u32) {
        if self.levels[level].close(slot, index) {
            self.occupied &= !(1 << level);
        }
    }

    /// Places the entries of a slot that has begun on the levels below.
    ///
    /// Each round takes the first entry of every strand. The entries of the round after it are read
    /// before these are placed, so that their cache misses overlap with each other and with the work.
    fn cascade(&mut self, level: usize, slot: usize, budget: &mut usize) {
        let mut cursors = self.levels[level].heads(slot);
        let lasts = cursors.map(|head| if head == NO_ENTRY { head } else { self.slab[head].prev });
        let mut read = self.read(cursors);
        while *budget > 0 && cursors != [NO_ENTRY; STRANDS] {
            let (round, entries) = (cursors, read);
            for strand in 0..STRANDS {
                let is_last = round[strand] == lasts[strand];
                cursors[strand] = if is_last { NO_ENTRY } else { entries[strand].1 };
            }
            read = self.read(cursors);
            for (index, (deadline, _)) in round.into_iter().zip(entries) {
                if index != NO_ENTRY {
                    self.link(index, deadline);
                    *budget = budget.saturating_sub(1);
                }
            }
        }
        // The lists were left as they were; what remains of each begins at its cursor.
        for (cursor, last) in cursors.into_iter().zip(lasts) {
            if cursor != NO_ENTRY {
                self.levels[level].set_head(slot, cursor);
                self.slab[cursor].prev = last;
                self.slab[last].next = cursor;
            } else if last != NO_ENTRY {
                self.close(level, slot, last);
            }
        }
    }

    /// Deadline and successor of the first entry of each strand.
    fn read(&self, heads: Heads) -> [(u64, u32); STRANDS] {
        heads.map(|index| match index {
            NO_ENTRY => (NEVER, NO_ENTRY),
            _ => (self.slab[index].deadline, self.slab[index].next),
        })
    }

    /// Fires what is due in a slot of level 0, and finds the true bound of what is not.
    fn fire(&mut self, slot: usize, now: u64, due: &mut Vec<Due>, budget: &mut usize) {
        let mut earliest = NEVER;
        for head in self.levels[0].heads(slot) {
            if head == NO_ENTRY {
                continue;
            }
            let last = self.slab[head].prev;
            let mut index = head;
            loop {
                if *budget == 0 {
                    // Stopped half-way: the old bound is still one.
                    return;
                }
                let entry = &self.slab[index];
                let (deadline, next) = (entry.deadline, entry.next);
                if deadline <= now || cfg!(qi_mutant = "timer_fires_with_its_slot") {
                    *budget -= 1;
                    self.unlink(index);
                    due.extend(self.slab.free(index).map(|waker| Due { deadline, waker }));
                } else {
                    earliest = earliest.min(deadline);
                }
                if index == last {
                    break;
                }
                index = next;
            }
        }
        self.levels[0].set_earliest(slot, earliest);
    }
}

#[cfg(test)]
mod tests;
