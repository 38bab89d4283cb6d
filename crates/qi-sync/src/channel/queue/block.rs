//! The blocks of a list: places for values, and the way to the next block. (I31)
//!
//! # Protocol
//! A place belongs to who claimed its position at the tail until WRITTEN is set, then to who claims
//! it at the head. Who has read a place of a shared block sets READ; who reads the last place of a
//! block frees it, unless somebody is still reading another place: that one is told by DESTROY, and
//! goes on with freeing when it has read. A sender touches a block only between its claim and
//! WRITTEN, and for the last place it has set `next` before that.

use crate::sync::{AtomicPtr, AtomicU32, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

pub(super) use super::memory::PLACES;

/// Positions of a block: the last one stands for the moment when the next block is put in.
pub(super) const SPAN: usize = PLACES + 1;

const WRITTEN: u32 = 1;
const READ: u32 = 1 << 1;
const DESTROY: u32 = 1 << 2;

struct Place<T> {
    state: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

pub(super) struct Block<T> {
    next: AtomicPtr<Block<T>>,
    places: [Place<T>; PLACES],
}

/// An address of a block. What may be done with it is up to the list.
pub(super) struct BlockPtr<T>(NonNull<Block<T>>);

impl<T> Clone for BlockPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for BlockPtr<T> {}

impl<T> BlockPtr<T> {
    pub(super) fn from_raw(block: *mut Block<T>) -> Option<Self> {
        NonNull::new(block).map(Self)
    }

    pub(super) fn as_ptr(self) -> *mut Block<T> {
        self.0.as_ptr()
    }

    /// A new block. It is made in its place: 31 large values would not fit on a stack.
    pub(super) fn allocate() -> Self {
        let mut memory = Box::<Block<T>>::new_uninit();
        let block = memory.as_mut_ptr();
        // SAFETY: the field lies inside the allocation.
        unsafe { (&raw mut (*block).next).write(AtomicPtr::new(ptr::null_mut())) };
        for offset in 0..PLACES {
            // SAFETY: as above.
            let place = unsafe { &raw mut (*block).places[offset] };
            // SAFETY: as above.
            unsafe { (&raw mut (*place).state).write(AtomicU32::new(0)) };
            // SAFETY: as above.
            unsafe { (&raw mut (*place).value).write(UnsafeCell::new(MaybeUninit::uninit())) };
        }
        // SAFETY: all fields were written.
        let block = unsafe { memory.assume_init() };
        Self(NonNull::from(Box::leak(block)))
    }

    /// Gives the memory back.
    ///
    /// # Safety
    /// Nobody else uses the block, its values were read, and it is not used any more.
    pub(super) unsafe fn free(self) {
        // SAFETY: made by `allocate`, and the caller is the last.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }

    /// Makes the block as new.
    ///
    /// # Safety
    /// Nobody else uses the block, and its values were read.
    pub(super) unsafe fn renew(self) {
        // SAFETY: the block lives, and is the caller's alone.
        let block = unsafe { self.0.as_ref() };
        // Relaxed would do: whoever gets the block next gets it by a release of the caller.
        block.next.store(ptr::null_mut(), Release);
        for place in &block.places {
            place.state.store(0, Release);
        }
    }

    /// Puts the next block in.
    ///
    /// # Safety
    /// The block lives: the caller has claimed its last place and not written it.
    pub(super) unsafe fn set_next(self, next: Self) {
        // SAFETY: it lives by the caller's word.
        // Release: who follows the link sees the block made.
        unsafe { self.0.as_ref() }.next.store(next.as_ptr(), Release);
    }

    /// The next block, if it was put in.
    ///
    /// # Safety
    /// The block lives.
    pub(super) unsafe fn next(self) -> Option<Self> {
        // SAFETY: it lives by the caller's word.
        // Acquire: pairs with the release of `set_next`.
        Self::from_raw(unsafe { self.0.as_ref() }.next.load(Acquire))
    }

    /// Writes a value, and says so.
    ///
    /// # Safety
    /// The caller has claimed the place at the tail, and does so once. `shared` says whether the
    /// list is one for several receivers.
    pub(super) unsafe fn write(self, offset: usize, value: T, shared: bool) {
        // SAFETY: the claim keeps the block.
        let place = unsafe { &self.0.as_ref().places[offset] };
        // SAFETY: the place is the caller's, and empty.
        place.value.with_mut(|place| unsafe { (*place).write(value) });
        // Release: who sees WRITTEN sees the value. DESTROY may have been set by now if receivers
        // are several, so the bit is added then.
        if shared {
            place.state.fetch_or(WRITTEN, Release);
        } else {
            place.state.store(WRITTEN, Release);
        }
    }

    /// Whether the value was written.
    ///
    /// # Safety
    /// The block lives.
    pub(super) unsafe fn is_written(self, offset: usize) -> bool {
        // SAFETY: it lives by the caller's word.
        // Acquire: pairs with the release of `write`.
        unsafe { self.0.as_ref() }.places[offset].state.load(Acquire) & WRITTEN != 0
    }

    /// Takes a value out.
    ///
    /// # Safety
    /// The caller has claimed the place at the head, and has seen that it is written; it does so
    /// once.
    pub(super) unsafe fn read(self, offset: usize) -> T {
        // SAFETY: the claim keeps the block.
        let place = unsafe { &self.0.as_ref().places[offset] };
        // SAFETY: the place is the caller's, and full.
        place.value.with_mut(|place| unsafe { (*place).assume_init_read() })
    }

    /// Says that a place of a shared block was read; `true` if the block is now the caller's alone.
    /// The reader of the last place starts; who is still reading goes on in its stead.
    ///
    /// # Safety
    /// The caller has read the place, and touches the block no more if the answer is `false`.
    pub(super) unsafe fn finish(self, offset: usize) -> bool {
        // SAFETY: until READ is set, or the last reader has come by, the block lives.
        let places = unsafe { &self.0.as_ref().places };
        // AcqRel: who frees the block sees all reads.
        if offset < PLACES - 1 && places[offset].state.fetch_or(READ, AcqRel) & DESTROY == 0 {
            return false;
        }
        let from = if offset == PLACES - 1 { 0 } else { offset + 1 };
        // The last place needs no mark: its reader is the one who started.
        for place in &places[from..PLACES - 1] {
            // Acquire: as above. A reader that is not finished finds DESTROY, and goes on.
            if place.state.load(Acquire) & READ == 0
                && place.state.fetch_or(DESTROY, AcqRel) & READ == 0
            {
                return false;
            }
        }
        true
    }
}
