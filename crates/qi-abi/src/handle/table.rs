//! The table of all objects that programs hold handles of.
//!
//! Slots lie in chunks that are never freed, so that a handle of any age can be looked up without a
//! lock. Free slots are on lists, one per stripe of threads (Treiber's stack, with a tag against the
//! return of an old head); a stripe whose list is empty takes from the others, and then makes a new
//! slot. Who may do what with a slot is the matter of `count.rs`.
//!
//! Rejected: a lock around a vector (a call per channel operation would share it), and addresses with
//! a magic number in front of the object (reading them after release is what must not happen).

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::count::{Count, Use};
use super::{Kind, Name};
use crate::code::Code;

/// Slots of the first chunk; each further one is twice as large as the one before.
const FIRST: u32 = 1 << 10;

/// Chunks: together they hold more than 2^31 slots.
const CHUNKS: usize = 22;

/// Lists of free slots.
const STRIPES: usize = 8;

/// "No slot": the end of a list.
const NONE: u32 = u32::MAX;

/// One place for an object.
struct Slot<T> {
    count: Count,
    next_free: AtomicU32,
    /// The kind of what is in it: of a handle that was made up, the kind may be wrong.
    kind: AtomicU8,
    object: UnsafeCell<MaybeUninit<T>>,
}

/// A list of free slots: its head in the lower half, a tag that every change raises in the upper.
#[repr(align(128))]
struct Stripe {
    head: AtomicU64,
}

/// The objects.
pub(crate) struct Table<T> {
    chunks: [OnceLock<Box<[Slot<T>]>>; CHUNKS],
    /// Slots that were ever made; the lock is taken only to make more.
    made: AtomicU32,
    growing: Mutex<()>,
    stripes: [Stripe; STRIPES],
}

// SAFETY: an object is written by the one owner of a free slot, shared by calls that counted
// themselves in, and taken out by the last, alone (`count.rs`); so a slot may be shared if the objects
// may be shared and sent.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

/// An object with a call inside it: it stays while this lives.
pub(crate) struct Pinned<'t, T> {
    table: &'t Table<T>,
    slot: &'t Slot<T>,
    index: u32,
    /// The thread that came in need not be the one that goes out.
    _object: PhantomData<&'t T>,
}

fn stripe_here() -> usize {
    thread_local! {
        static STRIPE: usize = {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            // Relaxed: any distribution will do.
            NEXT.fetch_add(1, Relaxed) as usize % STRIPES
        };
    }
    // A thread whose locals are gone is in no hurry.
    STRIPE.try_with(|stripe| *stripe).unwrap_or(0)
}

/// The chunk of a slot and its place there.
fn place(index: u32) -> (usize, usize) {
    let from_one = u64::from(index) + u64::from(FIRST);
    let chunk = (from_one / u64::from(FIRST)).ilog2();
    let start = (u64::from(FIRST) << chunk) - u64::from(FIRST);
    (chunk as usize, (u64::from(index) - start) as usize)
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        const EMPTY: u64 = NONE as u64;
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            made: AtomicU32::new(0),
            growing: Mutex::new(()),
            stripes: [const { Stripe { head: AtomicU64::new(EMPTY) } }; STRIPES],
        }
    }

    /// Puts an object in; the handle is its first reference.
    pub(crate) fn insert(&self, kind: Kind, object: T) -> Result<u64, Code> {
        let stripe = stripe_here();
        let found = (0..STRIPES).find_map(|turn| self.pop((stripe + turn) % STRIPES));
        let index = match found {
            Some(index) => index,
            None => self.grow()?,
        };
        let slot = self.slot(index).ok_or(Code::ERR_NO_MEMORY)?;
        // SAFETY: the slot came off a free list or is new, so this thread alone knows of it; and it
        // is empty.
        unsafe { (*slot.object.get()).write(object) };
        // Relaxed: published with the object, by `open`.
        slot.kind.store(kind as u8, Relaxed);
        let generation = slot.count.generation();
        slot.count.open();
        Ok(Name { kind: kind as u8, generation, slot: index }.bits())
    }

    /// Comes in: the object stays at least until the result is dropped.
    pub(crate) fn pin(&self, bits: u64, kind: Kind) -> Result<Pinned<'_, T>, Code> {
        let name = Name::of(bits).expect(kind)?;
        let slot = self.slot(name.slot).ok_or(Code::ERR_STALE)?;
        match slot.count.enter(name.generation) {
            Use::Done | Use::Last => {
                Ok(Pinned { table: self, slot, index: name.slot, _object: PhantomData })
            }
            Use::Stale => Err(Code::ERR_STALE),
            Use::TooMany => Err(Code::ERR_NO_MEMORY),
        }
    }

    /// Adds a reference to an object of any kind.
    pub(crate) fn retain(&self, bits: u64) -> Result<(), Code> {
        let (name, slot) = self.find(bits)?;
        match slot.count.retain(name.generation) {
            Use::Done | Use::Last => Ok(()),
            Use::Stale => Err(Code::ERR_STALE),
            Use::TooMany => Err(Code::ERR_NO_MEMORY),
        }
    }

    /// Gives a reference back; the last one drops the object, as soon as no call is inside it.
    pub(crate) fn release(&self, bits: u64) -> Result<(), Code> {
        let (name, slot) = self.find(bits)?;
        match slot.count.release(name.generation) {
            Use::Done => Ok(()),
            Use::Last => {
                self.take_out(slot, name.slot);
                Ok(())
            }
            Use::Stale | Use::TooMany => Err(Code::ERR_STALE),
        }
    }

    /// Which slot a handle of any kind names.
    fn find(&self, bits: u64) -> Result<(Name, &Slot<T>), Code> {
        let name = Name::of(bits);
        let slot = self.slot(name.slot).filter(|_| name.kind != 0).ok_or(Code::ERR_STALE)?;
        // Relaxed: whoever has a handle that was given out sees what was published before; and whether
        // the generation is right as well is decided by the count.
        if slot.kind.load(Relaxed) != name.kind {
            return Err(Code::ERR_STALE);
        }
        Ok((name, slot))
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        let (chunk, place) = place(index);
        self.chunks.get(chunk)?.get()?.get(place)
    }

    /// The last one out takes the object along.
    fn take_out(&self, slot: &Slot<T>, index: u32) {
        // SAFETY: the count said "last" to this caller alone, so nobody is inside and nobody can come
        // in; the object was written before the slot was opened, and is taken out once.
        let object = unsafe { (*slot.object.get()).assume_init_read() };
        if slot.count.close() {
            self.push(stripe_here(), index, slot);
        }
        // After the slot is free: dropping may be user code that makes and releases handles.
        drop(object);
    }

    fn push(&self, stripe: usize, index: u32, slot: &Slot<T>) {
        let head = &self.stripes[stripe].head;
        let mut old = head.load(Relaxed);
        loop {
            // Relaxed: published by the exchange below.
            slot.next_free.store(old as u32, Relaxed);
            let new = next_tag(old) | u64::from(index);
            // Release: the next owner sees the closed count and `next_free`.
            match head.compare_exchange_weak(old, new, Release, Relaxed) {
                Ok(_) => return,
                Err(found) => old = found,
            }
        }
    }

    fn pop(&self, stripe: usize) -> Option<u32> {
        let head = &self.stripes[stripe].head;
        // Acquire: pairs with the release of `push`, for `next_free` and the count.
        let mut old = head.load(Acquire);
        loop {
            let index = old as u32;
            if index == NONE {
                return None;
            }
            // The slot may have been taken meanwhile: then the tag has changed and this is not used.
            let next = self.slot(index)?.next_free.load(Relaxed);
            let new = next_tag(old) | u64::from(next);
            match head.compare_exchange_weak(old, new, AcqRel, Acquire) {
                Ok(_) => return Some(index),
                Err(found) => old = found,
            }
        }
    }

    /// Makes a slot that was never used.
    fn grow(&self) -> Result<u32, Code> {
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: only whoever holds the lock changes it.
        let index = self.made.load(Relaxed);
        let (chunk, place) = place(index);
        let cell = self.chunks.get(chunk).ok_or(Code::ERR_NO_MEMORY)?;
        if place == 0 {
            let length = (FIRST as usize) << chunk;
            let mut slots = Vec::new();
            slots.try_reserve_exact(length).map_err(|_| Code::ERR_NO_MEMORY)?;
            slots.resize_with(length, || Slot {
                count: Count::new(),
                next_free: AtomicU32::new(NONE),
                kind: AtomicU8::new(0),
                object: UnsafeCell::new(MaybeUninit::uninit()),
            });
            // It cannot be there: `made` says that nobody got so far, and the lock keeps others out.
            let _ = cell.set(slots.into_boxed_slice());
        }
        self.made.store(index + 1, Relaxed);
        Ok(index)
    }
}

fn next_tag(head: u64) -> u64 {
    (head >> 32).wrapping_add(1) << 32
}

impl<T> Deref for Pinned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this call is counted in, so the object was written and is not taken out before
        // `drop`; it is only ever shared.
        unsafe { (*self.slot.object.get()).assume_init_ref() }
    }
}

impl<T> Drop for Pinned<'_, T> {
    fn drop(&mut self) {
        if self.slot.count.leave() == Use::Last {
            self.table.take_out(self.slot, self.index);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn places_cover_the_chunks_without_gaps() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(FIRST - 1), (0, FIRST as usize - 1));
        assert_eq!(place(FIRST), (1, 0));
        assert_eq!(place(3 * FIRST - 1), (1, 2 * FIRST as usize - 1));
        assert_eq!(place(3 * FIRST), (2, 0));
    }

    #[test]
    fn object_is_dropped_with_its_last_reference_and_its_handle_is_stale() {
        let table = Table::new();
        let object = Arc::new(());
        let handle = table.insert(Kind::Event, Arc::clone(&object)).unwrap();
        table.retain(handle).unwrap();
        table.release(handle).unwrap();
        assert_eq!(Arc::strong_count(&object), 2);
        table.release(handle).unwrap();
        assert_eq!(Arc::strong_count(&object), 1);
        assert_eq!(table.release(handle), Err(Code::ERR_STALE));
        assert_eq!(table.retain(handle), Err(Code::ERR_STALE));
        assert!(table.pin(handle, Kind::Event).is_err());
        let again = table.insert(Kind::Event, object).unwrap();
        assert_eq!(Name::of(again).slot, Name::of(handle).slot);
        assert_ne!(again, handle);
    }

    #[test]
    fn object_outlives_its_last_reference_while_a_call_is_inside() {
        let table = Table::new();
        let object = Arc::new(());
        let handle = table.insert(Kind::Event, Arc::clone(&object)).unwrap();
        let inside = table.pin(handle, Kind::Event).unwrap();
        table.release(handle).unwrap();
        assert_eq!(Arc::strong_count(&inside), 2);
        drop(inside);
        assert_eq!(Arc::strong_count(&object), 1);
    }

    #[test]
    fn handle_of_another_kind_or_of_nobody_is_refused() {
        let table = Table::new();
        let handle = table.insert(Kind::Event, ()).unwrap();
        assert_eq!(table.pin(handle, Kind::Task).err(), Some(Code::ERR_KIND));
        assert_eq!(table.pin(0, Kind::Task).err(), Some(Code::ERR_STALE));
        assert_eq!(table.pin(handle + 1, Kind::Event).err(), Some(Code::ERR_STALE));
        assert_eq!(table.release(u64::MAX), Err(Code::ERR_STALE));
        let of_another_kind = Name { kind: Kind::Task as u8, ..Name::of(handle) }.bits();
        assert_eq!(table.release(of_another_kind), Err(Code::ERR_STALE));
        assert_eq!(table.retain(of_another_kind), Err(Code::ERR_STALE));
        assert_eq!(table.release(handle), Ok(()));
    }

    #[test]
    fn threads_that_make_and_release_lose_nothing() {
        let table = Table::new();
        let object = Arc::new(());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut held = Vec::new();
                    for round in 0..20_000_usize {
                        held.push(table.insert(Kind::Event, Arc::clone(&object)).unwrap());
                        if round % 3 != 0 {
                            let handle = held.swap_remove(round % held.len());
                            drop(table.pin(handle, Kind::Event).unwrap());
                            table.release(handle).unwrap();
                        }
                    }
                    held.into_iter().for_each(|handle| table.release(handle).unwrap());
                });
            }
        });
        assert_eq!(Arc::strong_count(&object), 1);
    }
}
