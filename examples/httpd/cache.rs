//! Small files in memory, up to a bound.
//!
//! The cache is split by name, so that workers rarely meet at a lock. Each part evicts in the order
//! of insertion, but spares once what was asked for since (second chance).

use crate::entry::Entry;
use crate::target::Target;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const PARTS: usize = 16;

/// Bytes of one part: a gibibyte of files does not become a gibibyte of memory.
const PART_BYTES: usize = (64 << 20) / PARTS;

/// Bytes that an entry costs beyond its body: names, fields, tables.
const OVERHEAD: usize = 512;

/// Small files by target.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    hasher: RandomState,
    parts: [Mutex<Part>; PARTS],
}

#[derive(Debug, Default)]
struct Part {
    slots: HashMap<Target, Slot>,
    order: VecDeque<Target>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    entry: Arc<Entry>,
    used: bool,
}

fn cost(entry: &Entry) -> usize {
    entry.body.len() + OVERHEAD
}

impl Cache {
    fn part(&self, target: &Target) -> MutexGuard<'_, Part> {
        let part = self.hasher.hash_one(target) as usize % PARTS;
        self.parts[part].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, target: &Target) -> Option<Arc<Entry>> {
        let mut part = self.part(target);
        let slot = part.slots.get_mut(target)?;
        slot.used = true;
        Some(slot.entry.clone())
    }

    pub(crate) fn put(&self, target: Target, entry: Arc<Entry>) {
        self.part(&target).put(target, entry);
    }

    pub(crate) fn remove(&self, target: &Target) {
        let mut part = self.part(target);
        if let Some(slot) = part.slots.remove(target) {
            part.bytes -= cost(&slot.entry);
            part.order.retain(|other| other != target);
        }
    }
}

impl Part {
    fn put(&mut self, target: Target, entry: Arc<Entry>) {
        self.bytes += cost(&entry);
        let slot = Slot { entry, used: false };
        match self.slots.insert(target.clone(), slot) {
            Some(old) => self.bytes -= cost(&old.entry),
            None => self.order.push_back(target),
        }
        while self.bytes > PART_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            match self.slots.get_mut(&oldest) {
                Some(slot) if slot.used => {
                    slot.used = false;
                    self.order.push_back(oldest);
                }
                _ => {
                    if let Some(slot) = self.slots.remove(&oldest) {
                        self.bytes -= cost(&slot.entry);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Facts;
    use std::time::UNIX_EPOCH;

    fn entry(length: usize) -> Arc<Entry> {
        let facts = Facts::new("text/plain".to_owned(), length as u64, UNIX_EPOCH);
        Arc::new(Entry::new(facts, vec![0; length]))
    }

    fn target(number: usize) -> Target {
        Target::parse(&format!("/{number}")).expect("a sound target")
    }

    #[test]
    fn a_part_stays_within_its_bound_and_spares_what_is_used() {
        let mut part = Part::default();
        let length = PART_BYTES / 10;
        part.put(target(0), entry(length));
        for number in 1..100 {
            part.slots.get_mut(&target(0)).expect("it is used, so it is spared").used = true;
            part.put(target(number), entry(length));
            assert!(part.bytes <= PART_BYTES);
            assert_eq!(part.slots.len(), part.order.len());
        }
        assert!(part.slots.contains_key(&target(99)));
        assert!(!part.slots.contains_key(&target(1)));
    }

    #[test]
    fn putting_again_replaces_and_removing_forgets() {
        let cache = Cache::default();
        cache.put(target(1), entry(10));
        cache.put(target(1), entry(20));
        assert_eq!(cache.get(&target(1)).map(|entry| entry.body.len()), Some(20));
        assert_eq!(cache.part(&target(1)).bytes, 20 + OVERHEAD);
        cache.remove(&target(1));
        assert!(cache.get(&target(1)).is_none());
        assert_eq!(cache.part(&target(1)).bytes, 0);
    }
}
