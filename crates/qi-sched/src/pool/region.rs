//! Regions: pieces of memory for 32 chunks each, which the system is asked to back with one huge page.
//!
//! A scheduler with few tasks has none: its first [`SINGLE`] chunks come one by one from the allocator.
//! Beyond that tasks are so many that most looks at one are cache misses, and with pages of 4 KiB each
//! of them a miss of the address translation too, and each page a fault when it is first touched. A
//! million spawned tasks take a third less time in regions.
//!
//! A region's memory comes from the allocator as well, so whoever replaces or watches that sees it.
//!
//! # Going back
//! A region goes back to the allocator with its last chunk. Of one with chunks in use the free ones'
//! memory goes back to the system when the pool is trimmed ([`Regions::release`]); the region keeps
//! their addresses.
//!
//! # Rejected alternatives
//! Regions from the beginning: the first task would cost 2 MiB. A longer reservation for all regions:
//! a limit on tasks, and address space that tools report as used.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use other as system;

use super::chunk::ALIGN;
use crate::sync::{Mutex, MutexGuard, lock};
use std::alloc::{Layout, alloc, dealloc};
use std::collections::BTreeMap;
use std::ptr::NonNull;

/// So many chunks are made one by one: 4 MiB, some forty thousand tasks.
const SINGLE: usize = 64;

/// Chunks in a region: one for each bit of a mask.
const CHUNKS: usize = u32::BITS as usize;

/// Bytes of a region, and its alignment: a huge page of the common systems.
const BYTES: usize = CHUNKS * ALIGN;

/// The regions of a pool.
#[derive(Debug, Default)]
pub(crate) struct Regions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Chunks in use that were made one by one.
    single: usize,
    /// By address.
    regions: BTreeMap<usize, Region>,
    /// The addresses of those with a free place.
    open: Vec<usize>,
}

#[derive(Debug)]
struct Region {
    memory: Memory,
    /// The places in use.
    used: u32,
    /// The places whose memory was touched since it last went back to the system.
    touched: u32,
}

/// What the allocator gave.
#[derive(Debug)]
struct Memory(NonNull<u8>);

// SAFETY: memory may be handled by any thread; the lock says by which.
unsafe impl Send for Memory {}

fn layout() -> Layout {
    Layout::from_size_align(BYTES, BYTES).expect("a constant layout")
}

impl Memory {
    fn new() -> Option<Self> {
        // SAFETY: the layout's size is not zero.
        let memory = NonNull::new(unsafe { alloc(layout()) })?;
        system::prefer_huge_pages(memory, BYTES);
        Some(Self(memory))
    }

    /// The memory of a place.
    fn place(&self, index: usize) -> NonNull<u8> {
        assert!(index < CHUNKS);
        // SAFETY: the place lies inside the memory.
        unsafe { self.0.add(index * ALIGN) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout; no place is in use any more.
        unsafe { dealloc(self.0.as_ptr(), layout()) };
    }
}

impl Regions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }

    /// Memory for a chunk, [`ALIGN`] bytes and aligned to as many; `None` if it is to be made by itself,
    /// because there are few, or because the allocator has no region.
    pub(super) fn take(&self) -> Option<NonNull<u8>> {
        let mut inner = self.lock();
        if inner.single < SINGLE {
            inner.single += 1;
            return None;
        }
        let Some(&base) = inner.open.last() else {
            let Some(memory) = Memory::new() else {
                inner.single += 1;
                return None;
            };
            let base = memory.0.addr().get();
            let first = memory.place(0);
            inner.regions.insert(base, Region { memory, used: 1, touched: 1 });
            inner.open.push(base);
            return Some(first);
        };
        let Some(region) = inner.regions.get_mut(&base) else { unreachable!("it is open") };
        let index = region.used.trailing_ones();
        region.used |= 1 << index;
        region.touched |= 1 << index;
        let (place, is_full) = (region.memory.place(index as usize), region.used == u32::MAX);
        if is_full {
            inner.open.pop();
        }
        Some(place)
    }

    /// A chunk made by itself has gone.
    pub(super) fn forget_single(&self) {
        self.lock().single -= 1;
    }

    /// Takes the memory of a chunk back, which nobody uses any more.
    pub(super) fn put(&self, place: NonNull<u8>) {
        let base = place.addr().get() & !(BYTES - 1);
        let index = (place.addr().get() - base) / ALIGN;
        let mut inner = self.lock();
        let Some(region) = inner.regions.get_mut(&base) else { unreachable!("a region's chunk") };
        let was_full = region.used == u32::MAX;
        region.used &= !(1 << index);
        let is_empty = region.used == 0 || cfg!(qi_mutant = "region_goes_with_one_place");
        if was_full {
            inner.open.push(base);
        }
        let gone = is_empty.then(|| {
            inner.open.retain(|other| *other != base);
            inner.regions.remove(&base)
        });
        drop(inner);
        // Without the lock: it may be a call of the system.
        drop(gone);
    }

    /// Gives the memory of free places back to the system.
    pub(super) fn release(&self) {
        for region in self.lock().regions.values_mut() {
            let idle = region.touched & !region.used;
            for index in (0..CHUNKS).filter(|index| idle & (1 << index) != 0) {
                // SAFETY: nobody uses the place, and whoever takes it writes before it reads.
                unsafe { system::release(region.memory.place(index), ALIGN) };
            }
            region.touched &= region.used;
        }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().regions.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Takes so many places, after those that are made singly.
    fn places(regions: &Regions, count: usize) -> Vec<NonNull<u8>> {
        (0..count).map(|_| regions.take().expect("a place in a region")).collect()
    }

    fn regions() -> Regions {
        let regions = Regions::default();
        assert!((0..SINGLE).all(|_| regions.take().is_none()), "the first are made one by one");
        regions
    }

    #[test]
    fn places_are_distinct_and_aligned() {
        let regions = regions();
        let held = places(&regions, 3 * CHUNKS);
        assert_eq!(regions.count(), 3);
        assert!(held.iter().all(|place| place.addr().get() % ALIGN == 0));
        assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len());
        held.iter().for_each(|place| regions.put(*place));
        assert_eq!(regions.count(), 0);
    }

    #[test]
    fn a_region_goes_with_its_last_chunk() {
        let regions = regions();
        let held = places(&regions, 2 * CHUNKS);
        let (first, second) = held.split_at(CHUNKS);
        first[1..].iter().for_each(|place| regions.put(*place));
        assert_eq!(regions.count(), 2);
        regions.release();
        // SAFETY: the place is still taken, and holds memory.
        unsafe { first[0].write(7) };
        regions.put(first[0]);
        assert_eq!(regions.count(), 1);
        second.iter().for_each(|place| regions.put(*place));
        assert_eq!(regions.count(), 0);
    }

    #[test]
    fn places_of_chunks_that_went_are_the_next_to_be_taken() {
        let regions = regions();
        let held = places(&regions, 2 * CHUNKS);
        let gone: HashSet<_> = held.iter().copied().step_by(3).collect();
        gone.iter().for_each(|place| regions.put(*place));
        regions.release();
        let again: HashSet<_> = places(&regions, gone.len()).into_iter().collect();
        assert_eq!(again, gone);
        assert_eq!(regions.count(), 2);
        held.iter().for_each(|place| regions.put(*place));
        assert_eq!(regions.count(), 0);
    }

    #[test]
    fn chunks_made_one_by_one_come_first_again_when_they_have_gone() {
        let regions = regions();
        let place = regions.take().expect("a place in a region");
        regions.forget_single();
        assert!(regions.take().is_none());
        regions.put(place);
    }
}
