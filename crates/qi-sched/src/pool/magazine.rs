//! Magazines: the free blocks that one thread keeps at hand.
//!
//! A block is taken and given back without any atomic operation. Blocks are exchanged with the
//! depot in batches, and it does not matter which thread's magazine a block ends in: a worker that
//! finishes tasks which another spawned fills its own magazine and hands full batches on. The
//! scheme is Bonwick and Adams' ("Magazines and Vmem", 2001): two lists, so that a thread that
//! alternates at the boundary of a batch does not visit the depot each time.

use super::chunk::FreeBlock;
use super::class;
use std::cell::Cell;
use std::ptr::NonNull;

/// A linked list of free blocks.
#[derive(Clone, Copy, Default)]
pub(super) struct Batch {
    pub(super) head: Option<NonNull<FreeBlock>>,
    pub(super) len: u32,
}

impl Batch {
    fn pop(&mut self) -> Option<NonNull<FreeBlock>> {
        let block = self.head?;
        // SAFETY: a block in a batch is free and the batch's alone.
        self.head = unsafe { (*block.as_ptr()).next };
        self.len -= 1;
        Some(block)
    }

    /// # Safety
    /// `block` is free, and nobody else has it.
    pub(super) unsafe fn push(&mut self, block: NonNull<FreeBlock>) {
        // SAFETY: the block is ours by the caller's word. The link is written through a raw
        // pointer: a walker may read the state word beside it at the same time.
        unsafe { (&raw mut (*block.as_ptr()).next).write(self.head) };
        self.head = Some(block);
        self.len += 1;
    }

    /// Takes all blocks out.
    pub(super) fn drain(&mut self, mut each: impl FnMut(NonNull<FreeBlock>)) {
        while let Some(block) = self.pop() {
            each(block);
        }
    }
}

#[derive(Default)]
struct Pair {
    active: Cell<Batch>,
    spare: Cell<Batch>,
}

/// One thread's free blocks of all classes.
pub(crate) struct Magazine {
    pairs: [Pair; class::COUNT],
}

impl Default for Magazine {
    fn default() -> Self {
        Self { pairs: std::array::from_fn(|_| Pair::default()) }
    }
}

// SAFETY: a free block belongs to whoever has it in a batch, whatever the thread.
unsafe impl Send for Batch {}
// SAFETY: as for `Batch`, of which a magazine consists.
unsafe impl Send for Magazine {}

impl Magazine {
    /// Takes a block of `class`, if one is at hand.
    #[inline]
    pub(crate) fn take(&self, class: usize) -> Option<NonNull<FreeBlock>> {
        let pair = &self.pairs[class];
        let mut active = pair.active.get();
        if active.head.is_none() {
            active = pair.spare.take();
        }
        let block = active.pop();
        pair.active.set(active);
        block
    }

    /// Puts a batch from the depot where [`Self::take`] will find it. The magazine has none.
    pub(super) fn load(&self, class: usize, batch: Batch) {
        debug_assert!(self.pairs[class].active.get().head.is_none());
        self.pairs[class].active.set(batch);
    }

    /// Gives a block back; returns a full batch that the caller hands to the depot.
    ///
    /// # Safety
    /// `block` is a free block of `class`, and nobody else has it.
    #[inline]
    #[must_use]
    pub(super) unsafe fn give(&self, class: usize, block: NonNull<FreeBlock>) -> Option<Batch> {
        let pair = &self.pairs[class];
        let mut active = pair.active.get();
        // SAFETY: the caller's word.
        unsafe { active.push(block) };
        if active.len < class::batch(class) {
            pair.active.set(active);
            return None;
        }
        pair.active.take();
        let full = pair.spare.replace(active);
        (full.len > 0).then_some(full)
    }

    /// Empties the magazine.
    pub(super) fn flush(&self, mut each: impl FnMut(usize, Batch)) {
        for (class, pair) in self.pairs.iter().enumerate() {
            for batch in [pair.active.take(), pair.spare.take()] {
                if batch.len > 0 {
                    each(class, batch);
                }
            }
        }
    }
}
