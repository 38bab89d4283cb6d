//! The sources of one shard by token: a slab of slots that outlive their uses.
//!
//! An event names slot and generation. Freeing a slot raises its generation, so that an event which
//! was collected before the source was deregistered, and is dispatched after the slot has a new
//! owner, is recognised and dropped. (I19) Registering, freeing and dispatching take the table's
//! lock; the order of locks is event queue → table → waiters of a source.

use std::sync::Arc;
use std::task::Waker;

use mio::event::Event;

use crate::ReactorError;
use crate::io_cell::IoCell;
use crate::readiness::Readiness;
use crate::sync::{AtomicUsize, Mutex, Ordering, lock};
use crate::token::{MAX_SLOTS, SourceToken};

/// The sources of one shard.
#[derive(Debug)]
pub(crate) struct SourceTable {
    locked: Mutex<Locked>,
    /// Sources registered. Written under the lock, read without it as a hint whether to look for
    /// events at all; Relaxed is enough because a source registered meanwhile is found by the next
    /// look, and the thread that registered it sees its own count.
    live: AtomicUsize,
}

#[derive(Debug)]
struct Locked {
    slots: Vec<Slot>,
    free: Vec<u32>,
    closed: bool,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    cell: Option<Arc<IoCell>>,
}

/// What became of the events of one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dispatched {
    pub(crate) events: usize,
    /// Events of sources that were gone.
    pub(crate) stale: usize,
}

impl SourceTable {
    pub(crate) fn new() -> Self {
        let locked = Locked { slots: Vec::new(), free: Vec::new(), closed: false };
        Self { locked: Mutex::new(locked), live: AtomicUsize::new(0) }
    }

    /// Number of sources.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Gives `cell` a slot.
    pub(crate) fn add(&self, cell: Arc<IoCell>) -> Result<SourceToken, ReactorError> {
        let mut locked = lock(&self.locked);
        if locked.closed {
            return Err(ReactorError::Closed);
        }
        let index = match locked.free.pop() {
            Some(index) => index,
            None if locked.slots.len() < MAX_SLOTS => {
                locked.slots.push(Slot { generation: 0, cell: None });
                (locked.slots.len() - 1) as u32
            }
            None => return Err(ReactorError::TooManySources { limit: MAX_SLOTS }),
        };
        let slot = &mut locked.slots[index as usize];
        slot.cell = Some(cell);
        let token = SourceToken { index, generation: slot.generation };
        self.live.store(self.live() + 1, Ordering::Relaxed);
        Ok(token)
    }

    /// Frees a slot. Its events are stale from now on.
    pub(crate) fn remove(&self, token: SourceToken) {
        let mut locked = lock(&self.locked);
        let Some(slot) = locked.slot(token) else {
            return;
        };
        let cell = slot.cell.take();
        slot.generation = SourceToken::next_generation(slot.generation);
        locked.free.push(token.index);
        self.live.store(self.live() - 1, Ordering::Relaxed);
        drop(locked);
        // Perhaps the last owner of wakers, which are user code to drop.
        drop(cell);
    }

    /// Passes events on to their sources and collects the wakers of those who waited.
    pub(crate) fn dispatch<'a>(
        &self,
        events: impl Iterator<Item = &'a Event>,
        woken: &mut Vec<Waker>,
    ) -> Dispatched {
        let news = events.map(|event| (event.token().into(), Readiness::of_event(event)));
        self.announce(news, woken)
    }

    fn announce(
        &self,
        news: impl Iterator<Item = (SourceToken, Readiness)>,
        woken: &mut Vec<Waker>,
    ) -> Dispatched {
        let mut dispatched = Dispatched::default();
        let mut locked = lock(&self.locked);
        for (token, ready) in news {
            dispatched.events += 1;
            match locked.slot(token).and_then(|slot| slot.cell.as_ref()) {
                Some(cell) => cell.announce(ready, woken),
                None => dispatched.stale += 1,
            }
        }
        dispatched
    }

    /// Takes every source to be ready, and collects everybody who waits for one.
    pub(crate) fn assume_ready(&self, woken: &mut Vec<Waker>) {
        let locked = lock(&self.locked);
        for cell in locked.slots.iter().filter_map(|slot| slot.cell.as_ref()) {
            cell.announce(Readiness::READABLE | Readiness::WRITABLE, woken);
        }
    }

    /// Refuses new sources from now on, and collects everybody who waits for an old one.
    pub(crate) fn close(&self, woken: &mut Vec<Waker>) {
        let mut locked = lock(&self.locked);
        locked.closed = true;
        for slot in &locked.slots {
            if let Some(cell) = &slot.cell {
                cell.announce(Readiness::SHUT, woken);
            }
        }
    }
}

impl Locked {
    /// The slot, if the token names its present use.
    fn slot(&mut self, token: SourceToken) -> Option<&mut Slot> {
        self.slots
            .get_mut(token.index as usize)
            .filter(|slot| slot.generation == token.generation && slot.cell.is_some())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn cell() -> Arc<IoCell> {
        Arc::new(IoCell::new(Readiness::EMPTY))
    }

    fn readable(table: &SourceTable, token: SourceToken) -> Dispatched {
        table.announce(std::iter::once((token, Readiness::READABLE)), &mut Vec::new())
    }

    #[test]
    fn an_event_of_an_old_generation_is_ignored() {
        let table = SourceTable::new();
        let old = table.add(cell()).expect("there is room");
        table.remove(old);
        let reused = cell();
        let new = table.add(Arc::clone(&reused)).expect("there is room");
        assert_eq!(new.index, old.index, "the slot is used again");
        assert_eq!(readable(&table, old), Dispatched { events: 1, stale: 1 });
        assert_eq!(reused.readiness(), Readiness::EMPTY);
        assert_eq!(readable(&table, new), Dispatched { events: 1, stale: 0 });
        assert_eq!(reused.readiness(), Readiness::READABLE);
    }

    #[test]
    fn removing_with_a_stale_token_leaves_the_new_owner_alone() {
        let table = SourceTable::new();
        let old = table.add(cell()).expect("there is room");
        table.remove(old);
        let _new = table.add(cell()).expect("there is room");
        table.remove(old);
        assert_eq!(table.live(), 1);
    }

    #[test]
    fn an_event_of_a_slot_that_never_was_is_stale() {
        let table = SourceTable::new();
        let token = SourceToken { index: 9, generation: 0 };
        assert_eq!(readable(&table, token), Dispatched { events: 1, stale: 1 });
    }

    #[test]
    fn a_closed_table_takes_no_source() {
        let table = SourceTable::new();
        let before = cell();
        table.add(Arc::clone(&before)).expect("it is open");
        table.close(&mut Vec::new());
        assert!(before.readiness().contains(Readiness::SHUT));
        assert!(matches!(table.add(cell()), Err(ReactorError::Closed)));
    }
}
