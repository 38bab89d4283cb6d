//! What a source is ready for, and the atomic word that remembers it with a tick.
//!
//! # Protocol
//!
//! Events are edge-triggered: the system says once that data came, and again only after an operation
//! found nothing. So readiness is remembered here until an operation answers `WouldBlock`. Between
//! that answer and the moment it is noted here a new event may arrive, and clearing would lose it.
//! Therefore every event raises the tick, and [`ReadyWord::clear`] does nothing unless the tick is
//! still the one that was read *before* the operation. (I17)
//!
//! # Memory ordering
//!
//! Relaxed throughout. The word publishes nothing: the data is the kernel's, and a thread that acts
//! on a stale word either makes a call that answers `WouldBlock`, or goes on to the waiters' lock,
//! where it looks again; the event is set before that lock is taken to wake the waiters.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use mio::Interest;
use mio::event::Event;

use crate::sync::{AtomicU32, Ordering};

/// A set of things a source is ready for.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// Reading or accepting would not block.
    pub const READABLE: Self = Self(1);
    /// Writing would not block.
    pub const WRITABLE: Self = Self(1 << 1);
    /// The peer sends nothing more; what it sent before may still be unread.
    pub const READ_CLOSED: Self = Self(1 << 2);
    /// The peer takes nothing more.
    pub const WRITE_CLOSED: Self = Self(1 << 3);
    /// The source has an error to report.
    pub const ERROR: Self = Self(1 << 4);
    /// Urgent data.
    pub const PRIORITY: Self = Self(1 << 5);
    /// The reactor was closed. Never cleared.
    pub(crate) const SHUT: Self = Self(1 << 7);

    /// All that makes an attempt to read worth while.
    pub(crate) const READ: Self = Self(Self::READABLE.0 | Self::READ_CLOSED.0 | Self::ERROR.0);
    /// All that makes an attempt to write worth while.
    pub(crate) const WRITE: Self = Self(Self::WRITABLE.0 | Self::WRITE_CLOSED.0 | Self::ERROR.0);
    /// What a short transfer clears: it emptied a buffer, it did not reopen anything.
    const TRANSIENT: Self = Self(Self::READABLE.0 | Self::WRITABLE.0);

    /// What an event announces.
    pub(crate) fn of_event(event: &Event) -> Self {
        let mut ready = Self::EMPTY;
        let mut add = |is: bool, what: Self| {
            if is {
                ready |= what;
            }
        };
        add(event.is_readable(), Self::READABLE);
        add(event.is_writable(), Self::WRITABLE);
        add(event.is_read_closed(), Self::READ_CLOSED);
        add(event.is_write_closed(), Self::WRITE_CLOSED);
        add(event.is_error(), Self::ERROR);
        add(event.is_priority(), Self::PRIORITY);
        ready
    }

    /// What a source is taken to be ready for before anything is known.
    pub(crate) fn of_assumption(interest: Interest) -> Self {
        Self::of_interest(interest).intersection(Self::TRANSIENT)
    }

    /// This set without the members of `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What somebody interested in `interest` waits for.
    pub(crate) fn of_interest(interest: Interest) -> Self {
        let mut wanted = Self::EMPTY;
        if interest.is_readable() {
            wanted |= Self::READ;
        }
        if interest.is_writable() {
            wanted |= Self::WRITE;
        }
        wanted
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every member of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Readiness {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Readiness, &str); 7] = [
            (Readiness::READABLE, "READABLE"),
            (Readiness::WRITABLE, "WRITABLE"),
            (Readiness::READ_CLOSED, "READ_CLOSED"),
            (Readiness::WRITE_CLOSED, "WRITE_CLOSED"),
            (Readiness::ERROR, "ERROR"),
            (Readiness::PRIORITY, "PRIORITY"),
            (Readiness::SHUT, "SHUT"),
        ];
        let members = NAMES.iter().filter(|(member, _)| self.contains(*member));
        let names: Vec<&str> = members.map(|(_, name)| *name).collect();
        if names.is_empty() { f.write_str("EMPTY") } else { f.write_str(&names.join(" | ")) }
    }
}

/// Readiness as it was at one moment: the proof with which it may be cleared afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an event that is not cleared after `WouldBlock` makes its waiter spin"]
pub struct ReadyEvent {
    readiness: Readiness,
    /// What was waited for, and what clearing clears.
    wanted: Readiness,
    tick: u32,
}

impl ReadyEvent {
    /// What the source was ready for, of that which was asked for.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness
    }

    /// What was waited for.
    pub(crate) fn wanted(&self) -> Readiness {
        self.wanted
    }
}

const TICK_SHIFT: u32 = 8;

/// Readiness in the lowest 8 bits, tick in the 24 above. The tick comes round after 16 million
/// events between one operation and its clearing.
#[derive(Debug)]
pub(crate) struct ReadyWord(AtomicU32);

impl ReadyWord {
    pub(crate) fn new(ready: Readiness) -> Self {
        Self(AtomicU32::new(u32::from(ready.0)))
    }

    /// All that is known to be ready.
    pub(crate) fn get(&self) -> Readiness {
        unpack(self.0.load(Ordering::Relaxed)).0
    }

    /// What is ready of `wanted`.
    pub(crate) fn event(&self, wanted: Readiness) -> Option<ReadyEvent> {
        let (readiness, tick) = unpack(self.0.load(Ordering::Relaxed));
        let readiness = readiness.intersection(wanted | Readiness::SHUT);
        (!readiness.is_empty()).then_some(ReadyEvent { readiness, wanted, tick })
    }

    /// Adds `ready` and raises the tick.
    pub(crate) fn set(&self, ready: Readiness) {
        self.update(|known, tick| Some((known | ready, tick.wrapping_add(1))));
    }

    /// Forgets what an operation has just denied, all of the event's direction.
    ///
    /// That includes closed halves and errors: an operation that would block has refuted them. (A
    /// socket that is not connected yet reports both halves as closed, a datagram socket reports an
    /// error once; kept for ever they would make their waiters spin.)
    pub(crate) fn clear(&self, event: ReadyEvent) {
        self.clear_only(event, event.wanted);
    }

    /// Forgets that data or room was left, but not that a half is closed.
    pub(crate) fn clear_transient(&self, event: ReadyEvent) {
        self.clear_only(event, event.wanted.intersection(Readiness::TRANSIENT));
    }

    /// What an operation assumes that was tried without asking first.
    pub(crate) fn assumed(wanted: Readiness) -> ReadyEvent {
        ReadyEvent { readiness: wanted, wanted, tick: 0 }
    }

    fn clear_only(&self, event: ReadyEvent, what: Readiness) {
        self.update(|known, tick| {
            let is_outdated = tick != event.tick;
            #[cfg(qi_mutant = "clear_ignores_tick")]
            let is_outdated = is_outdated && false;
            if is_outdated {
                return None;
            }
            Some((Readiness(known.0 & !what.0), tick))
        });
    }

    fn update(&self, change: impl Fn(Readiness, u32) -> Option<(Readiness, u32)>) {
        // Relaxed: see the head of the file. `Err` is "no change wanted".
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let (known, tick) = unpack(word);
            change(known, tick).map(|(ready, tick)| (tick << TICK_SHIFT) | u32::from(ready.0))
        });
    }
}

fn unpack(word: u32) -> (Readiness, u32) {
    // The truncation takes the lowest 8 bits.
    (Readiness(word as u8), word >> TICK_SHIFT)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn clearing_does_nothing_after_a_newer_event() {
        let word = ReadyWord::new(Readiness::EMPTY);
        word.set(Readiness::READABLE);
        let old = word.event(Readiness::READ).expect("it is readable");
        word.set(Readiness::READABLE);
        word.clear(old);
        let new = word.event(Readiness::READ).expect("it is still readable");
        word.clear(new);
        assert_eq!(word.event(Readiness::READ), None);
    }

    #[test]
    fn clearing_one_direction_leaves_the_other() {
        let word = ReadyWord::new(Readiness::READABLE | Readiness::WRITABLE);
        word.clear(word.event(Readiness::READ).expect("it is readable"));
        assert_eq!(word.get(), Readiness::WRITABLE);
    }

    #[test]
    fn a_short_transfer_does_not_reopen_a_closed_half_but_would_block_refutes_it() {
        let word = ReadyWord::new(Readiness::EMPTY);
        word.set(Readiness::READABLE | Readiness::READ_CLOSED);
        let event = word.event(Readiness::READ).expect("it is readable");
        word.clear_transient(event);
        assert_eq!(word.get(), Readiness::READ_CLOSED);
        word.clear(event);
        assert_eq!(word.get(), Readiness::EMPTY);
    }

    #[test]
    fn the_end_of_the_reactor_is_never_cleared() {
        let word = ReadyWord::new(Readiness::EMPTY);
        word.set(Readiness::SHUT);
        word.clear(word.event(Readiness::WRITE).expect("shut concerns everybody"));
        assert!(word.get().contains(Readiness::SHUT));
    }

    #[test]
    fn the_tick_wraps_without_touching_readiness() {
        let word = ReadyWord::new(Readiness::EMPTY);
        word.0.store(u32::MAX << TICK_SHIFT, Ordering::Relaxed);
        word.set(Readiness::WRITABLE);
        assert_eq!(word.get(), Readiness::WRITABLE);
        assert_eq!(word.event(Readiness::WRITE).map(|event| event.tick), Some(0));
    }
}
