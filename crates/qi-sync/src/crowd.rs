//! Those who wait for something that comes for all of them at once: no locks, no user code.
//!
//! A primitive keeps a [`Crowd`] behind its mutex, beside the state that is waited for. Nobody in
//! a crowd is first, so there are no lanes: each waker puts its task into the task's own lane, and
//! the scheduler picks the most urgent. Letting all go takes the wakers out as one vector, in
//! constant time under the lock however many they are.
//!
//! A waiter that finds its key stale has been let go.
//!
//! # Rejected
//! `qi_sched::wait_queue` here too: its pages of 32 entries are right for a few locks with many
//! waiters, and 2 KiB too much for each of 100,000 tokens with one.
#![forbid(unsafe_code)]

use std::task::Waker;

/// No slot.
const NONE: u32 = u32::MAX;

/// Slots whose memory is kept while nobody waits.
const KEPT: usize = 8;

/// Names a waiter until it is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CrowdKey {
    index: u32,
    stamp: u64,
}

/// Wakers of those who wait.
#[derive(Debug)]
pub(crate) struct Crowd {
    slots: Vec<Slot>,
    /// The first free slot; the others follow.
    free: u32,
    len: usize,
    stamps: u64,
}

#[derive(Debug)]
enum Slot {
    Taken { stamp: u64, waker: Waker },
    Free { next: u32 },
}

impl Crowd {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, len: 0, stamps: 0 }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a waiter.
    pub(crate) fn insert(&mut self, waker: Waker) -> CrowdKey {
        let stamp = self.stamps;
        self.stamps += 1;
        self.len += 1;
        let slot = Slot::Taken { stamp, waker };
        let index = self.free;
        match self.slots.get_mut(index as usize) {
            Some(free) => {
                if let Slot::Free { next } = std::mem::replace(free, slot) {
                    self.free = next;
                }
                CrowdKey { index, stamp }
            }
            None => {
                assert!(self.slots.len() < NONE as usize, "room for 2^32 - 1 waiters");
                self.slots.push(slot);
                // No loss: just asserted.
                CrowdKey { index: (self.slots.len() - 1) as u32, stamp }
            }
        }
    }

    fn waker(&mut self, key: CrowdKey) -> Option<&mut Waker> {
        match self.slots.get_mut(key.index as usize) {
            Some(Slot::Taken { stamp, waker }) if *stamp == key.stamp => Some(waker),
            _ => None,
        }
    }

    /// Whether the waiter has not been let go.
    pub(crate) fn is_waiting(&mut self, key: CrowdKey) -> bool {
        self.waker(key).is_some()
    }

    /// Whether the waiter has not been let go, and this waker would wake it.
    pub(crate) fn wakes(&mut self, key: CrowdKey, waker: &Waker) -> bool {
        self.waker(key).is_some_and(|known| known.will_wake(waker))
    }

    /// Replaces the waker of one who waits. What comes back is dropped outside of the lock: the
    /// old one, or the given one if the waiter has been let go.
    #[must_use = "a waker is dropped outside of the lock"]
    pub(crate) fn set_waker(&mut self, key: CrowdKey, waker: Waker) -> Waker {
        match self.waker(key) {
            Some(old) => std::mem::replace(old, waker),
            None => waker,
        }
    }

    /// Removes a waiter that gives up, and hands out its waker, to be dropped outside of the lock;
    /// `None` if it had been let go.
    #[must_use = "a waker is dropped outside of the lock"]
    pub(crate) fn remove(&mut self, key: CrowdKey) -> Option<Waker> {
        self.waker(key)?;
        let slot = self.slots.get_mut(key.index as usize)?;
        let taken = std::mem::replace(slot, Slot::Free { next: self.free });
        self.free = key.index;
        self.len -= 1;
        if self.len == 0 {
            self.slots.clear();
            self.slots.shrink_to(KEPT);
            self.free = NONE;
        }
        match taken {
            Slot::Taken { waker, .. } => Some(waker),
            Slot::Free { .. } => None,
        }
    }

    /// Lets all go. The wakers are to be woken outside of the lock.
    #[must_use = "the wakers are woken outside of the lock"]
    pub(crate) fn release_all(&mut self) -> Released {
        self.free = NONE;
        self.len = 0;
        Released(std::mem::take(&mut self.slots))
    }
}

/// The wakers of those who were let go.
#[derive(Debug)]
pub(crate) struct Released(Vec<Slot>);

impl Released {
    /// Wakes them. The caller holds no lock.
    pub(crate) fn wake(self) {
        crate::wake::wake_all(self.0.into_iter().filter_map(|slot| match slot {
            Slot::Taken { waker, .. } => Some(waker),
            Slot::Free { .. } => None,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qi_test_kit::WakeCount;

    #[test]
    fn all_who_wait_are_woken_once_and_their_keys_are_stale() {
        let (wakes, mut crowd) = (WakeCount::new(), Crowd::new());
        let keys: Vec<CrowdKey> = (0..5).map(|_| crowd.insert(wakes.waker())).collect();
        assert!(crowd.remove(keys[2]).is_some());
        assert!(crowd.remove(keys[2]).is_none(), "gone is gone");
        crowd.release_all().wake();
        assert_eq!((wakes.count(), wakes.held(), crowd.len()), (4, 0, 0));
        assert!(keys.iter().all(|&key| !crowd.is_waiting(key)));
    }

    #[test]
    fn a_stale_key_means_nothing_to_the_next_owner_of_its_slot() {
        let (old, new, mut crowd) = (WakeCount::new(), WakeCount::new(), Crowd::new());
        let first = crowd.insert(old.waker());
        drop(crowd.remove(first));
        let second = crowd.insert(new.waker());
        assert!(crowd.remove(first).is_none());
        assert!(crowd.set_waker(first, old.waker()).will_wake(&old.waker()));
        assert!(crowd.is_waiting(second));
        crowd.release_all().wake();
        assert_eq!((old.count(), new.count()), (0, 1));
    }

    #[test]
    fn slots_are_used_again_and_given_back() {
        let (wakes, mut crowd) = (WakeCount::new(), Crowd::new());
        let mut keys: Vec<CrowdKey> = (0..1_000).map(|_| crowd.insert(wakes.waker())).collect();
        for _ in 0..10 {
            for key in keys.drain(500..) {
                drop(crowd.remove(key));
            }
            keys.extend((0..500).map(|_| crowd.insert(wakes.waker())));
        }
        assert_eq!(crowd.slots.len(), 1_000);
        for key in keys {
            drop(crowd.remove(key));
        }
        assert!(crowd.slots.capacity() <= KEPT);
        assert_eq!(wakes.held(), 0);
    }
}
