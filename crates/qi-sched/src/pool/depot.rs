//! The depot of one size class: full batches of free blocks, and the chunks they come from, which go when none of
//! their blocks is in use (I74).

use super::chunk::{ALIGN, Chunk, FreeBlock, Home};
use super::class;
use super::magazine::Batch;
use crate::sync::{Mutex, MutexGuard, lock};
use std::ptr::NonNull;
use std::sync::Arc;

/// Free batches are kept up to this many before trimming is worth the walk: half a chunk's worth
/// of the most common sizes.
#[cfg(not(loom))]
const TRIM_FROM: usize = 8;
/// In a model one is worth it.
#[cfg(loom)]
const TRIM_FROM: usize = 1;

/// Shared free blocks of one class.
pub(super) struct Depot<H> {
    inner: Mutex<Inner<H>>,
}

struct Inner<H> {
    batches: Vec<Batch>,
    /// All chunks; the last one is being carved.
    chunks: Vec<NonNull<Chunk<H>>>,
    /// Whether the scheduler is gone and every block that comes back is counted off at once.
    closed: bool,
}

// SAFETY: chunks and free blocks may be handled by any thread; the lock says by which.
unsafe impl<H: Send + Sync> Send for Inner<H> {}

impl<H: Home> Depot<H> {
    pub(super) fn new() -> Self {
        let inner = Inner { batches: Vec::new(), chunks: Vec::new(), closed: false };
        Self { inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<H>> {
        lock(&self.inner)
    }

    /// A batch of free blocks: a full one that was given back, or newly carved ones.
    pub(super) fn take(&self, class: usize, owner: &Arc<H>) -> Batch {
        let mut inner = self.lock();
        if let Some(batch) = inner.batches.pop() {
            return batch;
        }
        let chunk = match inner.chunks.last() {
            // SAFETY: chunks in the list are live; `uncarved` reads what this lock guards.
            Some(last) if unsafe { last.as_ref().uncarved() } > 0 => *last,
            _ => {
                let chunk = Chunk::with_class(class, owner.clone());
                inner.chunks.push(chunk);
                chunk
            }
        };
        carve(chunk)
    }

    /// Takes a batch back.
    pub(super) fn put(&self, batch: Batch) {
        let mut inner = self.lock();
        if inner.closed {
            let gone = inner.count_off(batch);
            drop(inner);
            free_all(gone);
        } else {
            inner.batches.push(batch);
        }
    }

    /// Calls `each` with every carved block. It runs under the lock, so it must be short and none
    /// of the user's.
    pub(super) fn walk(&self, mut each: impl FnMut(NonNull<FreeBlock>)) {
        let inner = self.lock();
        for &chunk in &inner.chunks {
            // SAFETY: chunks in the list are live, and `carved` is guarded by this lock.
            let carved = unsafe { chunk.as_ref().carved };
            for index in 0..carved {
                each(Chunk::block(chunk, index));
            }
        }
    }

    /// Calls `look` with the carved block at an address, if one of this class begins there. It runs
    /// under the lock, as for [`Self::walk`].
    pub(super) fn find<R>(
        &self,
        address: usize,
        look: impl FnOnce(NonNull<FreeBlock>) -> R,
    ) -> Option<R> {
        let inner = self.lock();
        let base = address & !(ALIGN - 1);
        let chunk = *inner.chunks.iter().find(|chunk| chunk.addr().get() == base)?;
        // SAFETY: chunks in the list are live, and `carved` is guarded by this lock.
        let index = unsafe { chunk.as_ref() }.index_of(address)?;
        Some(look(Chunk::block(chunk, index)))
    }

    /// Gives chunks without any block in use back to the system. Blocks in magazines count as
    /// used.
    pub(super) fn trim(&self) {
        let mut inner = self.lock();
        if inner.batches.len() < TRIM_FROM {
            return;
        }
        if let Some(gone) = inner.take_all_if_free() {
            drop(inner);
            free_all(gone);
            return;
        }
        let mut batches = std::mem::take(&mut inner.batches);
        for batch in &batches {
            for_each(*batch, |block| {
                // SAFETY: a free block's chunk is live, and `returned` is guarded by this lock.
                unsafe { (*Chunk::<H>::of(block).as_ptr()).returned += 1 };
            });
        }
        let empty = |chunk: &NonNull<Chunk<H>>| {
            // SAFETY: chunks of the list are live, and the lock guards their counts.
            let chunk = unsafe { chunk.as_ref() };
            chunk.returned == chunk.carved || cfg!(qi_mutant = "depot_trims_what_is_in_use")
        };
        let mut kept = Batch::default();
        for batch in &mut batches {
            batch.drain(|block| {
                if empty(&Chunk::<H>::of(block)) {
                    return;
                }
                // SAFETY: the block came out of a batch just now.
                unsafe { kept.push(block) };
                // SAFETY: a free block's chunk is live.
                let class = unsafe { Chunk::<H>::of(block).as_ref() }.class();
                if kept.len == class::batch(class) {
                    inner.batches.push(std::mem::take(&mut kept));
                }
            });
        }
        if kept.len > 0 {
            inner.batches.push(kept);
        }
        let (gone, rest): (Vec<_>, Vec<_>) = inner.chunks.drain(..).partition(empty);
        for chunk in &rest {
            // SAFETY: chunks of the list are live, and the lock guards their counts.
            unsafe { (*chunk.as_ptr()).returned = 0 };
        }
        inner.chunks = rest;
        drop(inner);
        free_all(gone);
    }

    /// Gives everything back that is not in use, and from now on every chunk as soon as its last
    /// block comes back.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        if let Some(gone) = inner.take_all_if_free() {
            drop(inner);
            free_all(gone);
            return;
        }
        let batches = std::mem::take(&mut inner.batches);
        let mut gone = Vec::new();
        for batch in batches {
            gone.append(&mut inner.count_off(batch));
        }
        drop(inner);
        free_all(gone);
    }

    pub(super) fn chunk_count(&self) -> usize {
        self.lock().chunks.len()
    }
}

impl<H: Home> Inner<H> {
    /// All chunks, if every block that was carved is in a batch here: then none has to be looked at.
    fn take_all_if_free(&mut self) -> Option<Vec<NonNull<Chunk<H>>>> {
        let free: usize = self.batches.iter().map(|batch| batch.len as usize).sum();
        // SAFETY: chunks of the list are live, and the lock guards their counts.
        let carved = |chunk: &NonNull<Chunk<H>>| unsafe { chunk.as_ref() }.carved;
        if free != self.chunks.iter().map(carved).sum() {
            return None;
        }
        self.batches.clear();
        Some(std::mem::take(&mut self.chunks))
    }

    /// Counts blocks as returned for good; gives the chunks that have none left in use.
    fn count_off(&mut self, mut batch: Batch) -> Vec<NonNull<Chunk<H>>> {
        let mut gone = Vec::new();
        batch.drain(|block| {
            let chunk = Chunk::<H>::of(block);
            // SAFETY: the chunk is live until its last block was counted off; the lock is held.
            let head = unsafe { &mut *chunk.as_ptr() };
            head.returned += 1;
            if head.returned == head.carved {
                gone.push(chunk);
            }
        });
        if !gone.is_empty() {
            self.chunks.retain(|chunk| !gone.contains(chunk));
        }
        gone
    }
}

/// Carves the next blocks of a chunk. The depot's lock is held.
fn carve<H: Home>(chunk: NonNull<Chunk<H>>) -> Batch {
    // SAFETY: the chunk is live, and the lock guards its counts.
    let head = unsafe { &mut *chunk.as_ptr() };
    let count = head.uncarved().min(class::batch(head.class()) as usize);
    let begin = head.carved;
    head.carved += count;
    let mut batch = Batch::default();
    for index in (begin..begin + count).rev() {
        let block = Chunk::block(chunk, index);
        // SAFETY: between `begin` and the old capacity nothing was carved before.
        unsafe { FreeBlock::carve(block, None) };
        // SAFETY: carved just now, known to nobody else.
        unsafe { batch.push(block) };
    }
    batch
}

fn for_each(batch: Batch, mut each: impl FnMut(NonNull<FreeBlock>)) {
    let mut next = batch.head;
    while let Some(block) = next {
        // SAFETY: blocks in a batch are free and belong to the batch.
        next = unsafe { (*block.as_ptr()).next };
        each(block);
    }
}

fn free_all<H: Home>(chunks: Vec<NonNull<Chunk<H>>>) {
    for chunk in chunks {
        // SAFETY: taken off the list because no block is in use, so nobody else knows the chunk.
        unsafe { Chunk::free(chunk) };
    }
}
