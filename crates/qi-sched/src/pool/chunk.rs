//! Chunks: aligned pieces of memory that task blocks are carved from.
//!
//! A chunk begins at a multiple of [`ALIGN`], and every block begins inside the first `ALIGN`
//! bytes of its chunk, so a block's chunk is found by masking its address. The chunk counts one
//! reference to the scheduler on behalf of all its blocks: a task need not hold one of its own,
//! and a block that is still referred to (by a waker that outlives the runtime) keeps what is
//! needed to free it.
//!
//! Blocks are *type-stable*: from the moment a block was carved until its chunk is given back, its
//! first word is a task's state word, with no references while the block is free. That is what
//! lets shutdown and task dumps walk over all blocks without a list of live tasks.

use super::class;
use super::region::Regions;
use crate::task::State;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::Arc;

/// Alignment of chunks, and the distance within which their blocks begin.
pub(crate) const ALIGN: usize = 64 * 1024;

/// Bytes of an ordinary chunk that is made by itself: short of `ALIGN` by what a system allocator writes before a piece,
/// so that chunks can follow one another without a hole.
const BYTES: usize = ALIGN - 64;

/// Blocks begin here: after the chunk's own header.
const FIRST: usize = 64;

/// The class number of a chunk with one block too large for the classes.
pub(crate) const SOLO: usize = class::COUNT;

/// What tasks belong to: the scheduler, or what stands for it in a model.
pub(crate) trait Home {
    /// Where chunks of its pool lie.
    fn regions(&self) -> &Regions;
}

/// The head of a chunk.
#[repr(C)]
pub(crate) struct Chunk<H> {
    owner: Arc<H>,
    layout: Layout,
    class: usize,
    block_bytes: usize,
    first: usize,
    /// Blocks carved so far. Guarded by the depot's lock.
    pub(super) carved: usize,
    /// Blocks of this chunk that whoever trims has in hand. Guarded by the depot's lock.
    pub(super) returned: usize,
}

// A reference is as large whatever it refers to.
const _: () = assert!(size_of::<Chunk<()>>() <= FIRST);

/// What a free block looks like.
#[repr(C)]
pub(crate) struct FreeBlock {
    /// Without references while the block is free: walkers look here.
    state: State,
    pub(super) next: Option<NonNull<FreeBlock>>,
}

impl<H: Home> Chunk<H> {
    /// Makes a chunk for the blocks of `class`; none is carved yet.
    pub(super) fn with_class(class: usize, owner: Arc<H>) -> NonNull<Self> {
        let place = owner.regions().take();
        let bytes = if place.is_some() { ALIGN } else { BYTES };
        let layout = Layout::from_size_align(bytes, ALIGN).expect("a constant layout");
        let head = Self {
            owner,
            layout,
            class,
            block_bytes: class::SIZES[class],
            first: FIRST,
            carved: 0,
            returned: 0,
        };
        match place {
            Some(place) => Self::begin(place, head),
            None => Self::allocate(head),
        }
    }

    /// Allocates a chunk with one block for `content`.
    pub(super) fn solo(content: Layout, owner: Arc<H>) -> NonNull<Self> {
        let first = FIRST.next_multiple_of(content.align());
        assert!(first < ALIGN, "a future aligned to {} bytes cannot be spawned", content.align());
        let layout = Layout::from_size_align(first + content.size(), ALIGN.max(content.align()))
            .expect("the size of a task fits the address space");
        Self::allocate(Self {
            owner,
            layout,
            class: SOLO,
            block_bytes: content.size(),
            first,
            carved: 0,
            returned: 0,
        })
    }

    fn allocate(head: Self) -> NonNull<Self> {
        let layout = head.layout;
        // SAFETY: the layout's size is not zero: it includes the chunk's head.
        let memory = unsafe { alloc(layout) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout) };
        Self::begin(memory, head)
    }

    /// Begins a chunk in memory of the layout that its head tells.
    fn begin(memory: NonNull<u8>, head: Self) -> NonNull<Self> {
        let chunk = memory.cast::<Self>();
        // SAFETY: nobody else has the memory, and it is large enough and aligned for the head.
        unsafe { chunk.write(head) };
        chunk
    }

    /// Whether the chunk lies in a region.
    fn is_in_region(&self) -> bool {
        self.class != SOLO && self.layout.size() == ALIGN
    }

    /// Gives the memory back, and the reference to the scheduler.
    ///
    /// # Safety
    /// No block of the chunk is in use, and nobody will look at the chunk again.
    pub(super) unsafe fn free(chunk: NonNull<Self>) {
        // SAFETY: the head was written by `allocate`, and the caller gives the chunk up.
        let head = unsafe { chunk.read() };
        let regions = head.owner.regions();
        if head.is_in_region() {
            regions.put(chunk.cast());
        } else {
            if head.class != SOLO {
                regions.forget_single();
            }
            // SAFETY: allocated with this layout; the caller gives the chunk up.
            unsafe { dealloc(chunk.as_ptr().cast(), head.layout) };
        }
        drop(head.owner);
    }

    /// The chunk that a block was carved from.
    pub(crate) fn of<T>(block: NonNull<T>) -> NonNull<Self> {
        block
            .cast::<u8>()
            .map_addr(|address| {
                // The mask cannot give zero: the chunk is at that address.
                std::num::NonZeroUsize::new(address.get() & !(ALIGN - 1))
                    .expect("a chunk's address")
            })
            .cast()
    }

    /// The scheduler that the blocks belong to.
    pub(crate) fn owner(&self) -> &Arc<H> {
        &self.owner
    }

    pub(crate) fn class(&self) -> usize {
        self.class
    }

    /// How many more blocks can be carved.
    pub(super) fn uncarved(&self) -> usize {
        (self.layout.size() - self.first) / self.block_bytes - self.carved
    }

    /// Which carved block begins at an address inside this chunk.
    pub(super) fn index_of(&self, address: usize) -> Option<usize> {
        let offset = (address & (ALIGN - 1)).checked_sub(self.first)?;
        let index = offset / self.block_bytes;
        (offset % self.block_bytes == 0 && index < self.carved).then_some(index)
    }

    /// The `index`-th block. It must have been carved to be looked at.
    pub(super) fn block(chunk: NonNull<Self>, index: usize) -> NonNull<FreeBlock> {
        // SAFETY: the caller of any chunk method holds a live chunk, whose head is initialised.
        let (first, bytes) = unsafe { (chunk.as_ref().first, chunk.as_ref().block_bytes) };
        // SAFETY: `index` is below the chunk's capacity, so the block lies inside the chunk.
        unsafe { chunk.cast::<u8>().add(first + index * bytes).cast() }
    }
}

impl FreeBlock {
    /// Makes fresh memory a free block.
    ///
    /// # Safety
    /// `block` lies in a chunk, is not carved yet, and nobody else looks at it.
    pub(super) unsafe fn carve(block: NonNull<Self>, next: Option<NonNull<Self>>) {
        // SAFETY: every block is at least as large and as aligned as a `FreeBlock`; the caller has
        // it alone.
        unsafe { block.write(Self { state: State::free(), next }) };
    }
}
