//! Memory of tasks: blocks recycled per thread, found again by a walk, given back when idle.
//!
//! # Why not the system allocator
//! A task is often spawned by one worker and freed by another, the worst case of most allocators,
//! and an executor that wants to find its live tasks at shutdown must keep them in a shared list.
//! Here both are the same problem: blocks lie in chunks that the pool knows, and their first word
//! tells whether they are live.
//!
//! # Protocol
//! * A thread takes from and gives to its own [`Magazine`]; batches go through a [`Depot`] per
//!   class, under a lock, once in up to 32 blocks.
//! * Threads that are not workers share a few magazines, each under the lock of a desk.
//! * A block is live while its state word counts references; walkers add one by
//!   `State::try_add_ref`, which fails on a free block. (I6)
//! * Chunks are made one by one while they are few, and lie in huge pages when they are many: see
//!   [`region`].
//! * Chunks with no block in use go back to the system when the runtime falls idle ([`Pool::trim`])
//!   and, after [`Pool::close`], as soon as their last block comes back. (I74)

mod chunk;
mod class;
mod depot;
mod magazine;
#[cfg(all(test, loom))]
mod model;
mod region;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use chunk::{FreeBlock, Home};
pub(crate) use class::of as class_of;
pub(crate) use magazine::Magazine;

use crate::desk::Desks;
use crate::queue::Tail;
use crate::scheduler::Shared;
use crate::sync::{AtomicBool, Mutex, lock};
use crate::task::TaskRef;
use depot::Depot;
use magazine::Batch;
use region::Regions;
use std::alloc::Layout;
use std::collections::HashSet;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// What blocks of a scheduler's tasks are carved from.
pub(crate) type Chunk = chunk::Chunk<Shared>;

/// All task memory of one scheduler, or of what stands for it in a model.
pub(crate) struct Pool<H = Shared> {
    depots: [Depot<H>; class::COUNT],
    /// Where chunks lie, when there are many.
    regions: Regions,
    /// Tasks too large for the classes: each has a chunk alone.
    solo: Mutex<HashSet<Solo>>,
    /// For threads that are not workers.
    pub(crate) desks: Desks<Stock>,
    closed: AtomicBool,
}

/// What lies on a desk.
#[derive(Default)]
pub(crate) struct Stock {
    pub(crate) magazine: Magazine,
    /// Fresh task ids: the next, and the end.
    pub(crate) ids: (u64, u64),
    /// Where the next task spawned here is put.
    pub(crate) tail: Tail<TaskRef>,
}

/// The block of such a one.
#[derive(PartialEq, Eq, Hash)]
struct Solo(NonNull<FreeBlock>);

// SAFETY: a block may be handled by any thread; the lock around the list says by which.
unsafe impl Send for Solo {}

impl Home for Shared {
    fn regions(&self) -> &Regions {
        &self.pool.regions
    }
}

impl<H: Home> Pool<H> {
    pub(crate) fn new() -> Self {
        Self {
            depots: std::array::from_fn(|_| Depot::new()),
            regions: Regions::default(),
            solo: Mutex::new(HashSet::new()),
            desks: Desks::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// A block for `layout`. Its state word has no references until the caller writes it.
    #[inline]
    pub(crate) fn take(
        &self,
        layout: Layout,
        magazine: Option<&Magazine>,
        owner: &Arc<H>,
    ) -> NonNull<FreeBlock> {
        self.take_of(layout, class::of(layout), magazine, owner)
    }

    /// As [`take`](Self::take), by those who know the class of their layout in advance.
    #[inline]
    pub(crate) fn take_of(
        &self,
        layout: Layout,
        class: Option<usize>,
        magazine: Option<&Magazine>,
        owner: &Arc<H>,
    ) -> NonNull<FreeBlock> {
        let Some(class) = class else { return self.take_solo(layout, owner) };
        match magazine {
            Some(magazine) => self.take_from(magazine, class, owner),
            None => {
                let stock = self.desks.mine().lock();
                // Relaxed: as in `give_foreign`. After the end nobody would flush the magazine
                // again, and the rest of a batch in it would keep its chunk for ever.
                if self.closed.load(Relaxed) {
                    drop(stock);
                    return self.take_solo(layout, owner);
                }
                self.take_from(&stock.magazine, class, owner)
            }
        }
    }

    #[inline]
    pub(crate) fn take_from_desk(
        &self,
        layout: Layout,
        stock: &Stock,
        owner: &Arc<H>,
    ) -> NonNull<FreeBlock> {
        match class::of(layout) {
            Some(class) => self.take_from(&stock.magazine, class, owner),
            None => self.take_solo(layout, owner),
        }
    }

    #[inline]
    fn take_from(&self, magazine: &Magazine, class: usize, owner: &Arc<H>) -> NonNull<FreeBlock> {
        match magazine.take(class) {
            Some(block) => block,
            None => self.refill(magazine, class, owner),
        }
    }

    #[cold]
    fn refill(&self, magazine: &Magazine, class: usize, owner: &Arc<H>) -> NonNull<FreeBlock> {
        magazine.load(class, self.depots[class].take(class, owner));
        magazine.take(class).expect("the depot gives a batch that is not empty")
    }

    #[cold]
    fn take_solo(&self, layout: Layout, owner: &Arc<H>) -> NonNull<FreeBlock> {
        let chunk = chunk::Chunk::<H>::solo(layout, owner.clone());
        let block = chunk::Chunk::block(chunk, 0);
        let mut solo = lock(&self.solo);
        // SAFETY: the chunk is fresh and has room for this one block.
        unsafe { FreeBlock::carve(block, None) };
        // SAFETY: fresh, and known to nobody else yet.
        unsafe { (*chunk.as_ptr()).carved = 1 };
        solo.insert(Solo(block));
        block
    }

    /// Takes a block back from the thread that owns `magazine`.
    ///
    /// # Safety
    /// The block came from this pool, its state word has no references, and the caller is the one
    /// who took the last.
    #[inline]
    pub(crate) unsafe fn give(&self, block: NonNull<FreeBlock>, magazine: &Magazine) {
        // SAFETY: the block is carved, so its chunk is live.
        let class = unsafe { chunk::Chunk::<H>::of(block).as_ref().class() };
        if class == chunk::SOLO {
            // SAFETY: the caller's word.
            unsafe { self.give_solo(block) };
            return;
        }
        // SAFETY: the caller's word; `class` is the block's.
        if let Some(full) = unsafe { magazine.give(class, block) } {
            self.depots[class].put(full);
        }
    }

    /// Takes a block back from a thread without a magazine of its own. The caller keeps the
    /// scheduler alive meanwhile: this may be the last thing that refers to it.
    ///
    /// # Safety
    /// As for [`Self::give`].
    pub(crate) unsafe fn give_foreign(&self, block: NonNull<FreeBlock>) {
        // SAFETY: the block is carved, so its chunk is live.
        let class = unsafe { chunk::Chunk::<H>::of(block).as_ref().class() };
        if class == chunk::SOLO {
            // SAFETY: the caller's word.
            unsafe { self.give_solo(block) };
            return;
        }
        let stock = self.desks.mine().lock();
        // Relaxed: `close` sets the flag before it takes this lock to flush the magazine, so
        // whoever has the lock after that flush sees it, and whoever had it before is flushed.
        let full = if self.closed.load(Relaxed) && !cfg!(qi_mutant = "pool_keeps_late_blocks") {
            let mut single = Batch::default();
            // SAFETY: the caller's word.
            unsafe { single.push(block) };
            Some(single)
        } else {
            // SAFETY: the caller's word; `class` is the block's.
            unsafe { stock.magazine.give(class, block) }
        };
        drop(stock);
        if let Some(full) = full {
            self.depots[class].put(full);
        }
    }

    /// # Safety
    /// As for [`Self::give`], for a block that has its chunk alone.
    unsafe fn give_solo(&self, block: NonNull<FreeBlock>) {
        lock(&self.solo).remove(&Solo(block));
        // SAFETY: its only block came back, and it is off the list.
        unsafe { chunk::Chunk::<H>::free(chunk::Chunk::of(block)) };
    }

    /// Calls `each` with every block, live or free. It runs under a lock: it must be short and
    /// none of the user's code.
    pub(crate) fn walk(&self, mut each: impl FnMut(NonNull<FreeBlock>)) {
        for depot in &self.depots {
            depot.walk(&mut each);
        }
        for solo in lock(&self.solo).iter() {
            each(solo.0);
        }
    }

    /// Calls `look` with the block at an address, live or free, if there is one: the address may be
    /// any number. It runs under a lock, as for [`Self::walk`].
    pub(crate) fn find<R>(
        &self,
        address: usize,
        look: impl Fn(NonNull<FreeBlock>) -> R,
    ) -> Option<R> {
        if let Some(found) = self.depots.iter().find_map(|depot| depot.find(address, &look)) {
            return Some(found);
        }
        let solo = lock(&self.solo);
        let mut blocks = solo.iter().map(|solo| solo.0);
        blocks.find(|block| block.addr().get() == address).map(look)
    }

    /// Empties a magazine whose thread leaves.
    pub(crate) fn flush(&self, magazine: &Magazine) {
        magazine.flush(|class, batch| self.depots[class].put(batch));
    }

    /// Gives memory without a live task back to the system, but for what workers keep at hand.
    pub(crate) fn trim(&self) {
        for desk in self.desks.iter() {
            self.flush(&desk.lock().magazine);
        }
        self.depots.iter().for_each(Depot::trim);
        self.regions.release();
    }

    /// Ends the pool: what is free goes back now, the rest block by block.
    pub(crate) fn close(&self) {
        // Relaxed: ordered by the desks' locks, see `give_foreign`.
        self.closed.store(!cfg!(qi_mutant = "pool_closes_after_its_desks"), Relaxed);
        // The desks first: a depot that has all its blocks need not look at them one by one.
        for desk in self.desks.iter() {
            self.flush(&desk.lock().magazine);
        }
        if cfg!(qi_mutant = "pool_closes_after_its_desks") {
            self.closed.store(true, Relaxed);
        }
        for depot in &self.depots {
            depot.close();
        }
    }

    /// Chunks held now: what the tests of trimming look at.
    pub(crate) fn chunk_count(&self) -> usize {
        let solo = lock(&self.solo).len();
        solo + self.depots.iter().map(Depot::chunk_count).sum::<usize>()
    }
}
