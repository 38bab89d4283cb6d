//! A list of blocks without a limit, for any number of senders and one receiver or several. (I31)
//!
//! # Protocol
//! Positions are counted over all blocks, [`SPAN`] to a block. A sender claims one by moving the
//! tail word; the tail's block is then the one it read before, because a new block is put in while
//! the word stands on the last position of the old one, which nobody can claim: its sender has
//! allocated the next block beforehand, stores it as the tail's, moves the word on, links the two,
//! and only then writes its value. A sender that meets the word on a last position waits for these
//! few instructions.
//!
//! A lone receiver takes a value when it is written, with no read-modify-write, and owns the block
//! it stands in. Several claim a position at the head first, and then wait for a writer that is
//! between claim and value. How a block's end of life is agreed on is told in `block.rs`.
//!
//! One block that was emptied is kept for the next sender that needs one.
//!
//! # Memory ordering
//! The tail's block is stored with Release before the word moves on (AcqRel), and loaded after the
//! word (Acquire): a sender whose claim succeeds has read the block of its position. The head's
//! position and block likewise.

use super::block::{Block, BlockPtr, PLACES, SPAN};
use super::tail::{Claim, Refused, Tail, Turn};
use super::word::Position;
use super::{Popped, Pushed};
use crate::sync::{AtomicPtr, AtomicU64, Spin};
use crossbeam_utils::CachePadded;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

struct TailSide<T> {
    word: Tail,
    /// Null until something is sent.
    block: AtomicPtr<Block<T>>,
}

struct HeadSide<T> {
    position: AtomicU64,
    /// Null until something is sent.
    block: AtomicPtr<Block<T>>,
}

pub(crate) struct List<T> {
    tail: CachePadded<TailSide<T>>,
    head: CachePadded<HeadSide<T>>,
    /// A block that was emptied.
    spare: AtomicPtr<Block<T>>,
    /// Whether there may be several receivers.
    shared: bool,
}

// SAFETY: a value is touched only by who claimed its position, and handed over by its place.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: as for `Send`; nobody gets a reference to a value inside.
unsafe impl<T: Send> Sync for List<T> {}

fn offset(position: Position) -> usize {
    position.0 as usize % SPAN
}

/// A last position of a block stands for the first one of the next.
fn past_boundary(position: Position) -> Position {
    if offset(position) == PLACES { position.plus(1) } else { position }
}

impl<T> List<T> {
    pub(super) fn new(shared: bool) -> Self {
        let null = || AtomicPtr::new(ptr::null_mut());
        let position = AtomicU64::new(0);
        Self {
            tail: CachePadded::new(TailSide { word: Tail::new(), block: null() }),
            head: CachePadded::new(HeadSide { position, block: null() }),
            spare: null(),
            shared,
        }
    }

    pub(super) fn tail(&self) -> &Tail {
        &self.tail.word
    }

    /// A block for the tail: the one kept, or a new one.
    fn take_block(&self) -> BlockPtr<T> {
        // Acquire: pairs with the release of `give_block`: the block is seen as it was left.
        let spare = self.spare.swap(ptr::null_mut(), Acquire);
        BlockPtr::from_raw(spare).unwrap_or_else(BlockPtr::allocate)
    }

    /// Keeps a block, or frees it.
    ///
    /// # Safety
    /// As for [`BlockPtr::free`].
    unsafe fn give_block(&self, block: BlockPtr<T>) {
        // SAFETY: the block is the caller's alone, and empty.
        unsafe { block.renew() };
        // Release: pairs with the acquire of `take_block`.
        let kept = self.spare.compare_exchange(ptr::null_mut(), block.as_ptr(), Release, Relaxed);
        if kept.is_err() {
            // SAFETY: by the caller's word, and the block was not given away.
            unsafe { block.free() };
        }
    }

    /// The first block, put in by whoever comes first.
    #[cold]
    fn first_block(&self) -> BlockPtr<T> {
        let block = self.take_block();
        // AcqRel: who finds the block finds it made.
        match self.tail.block.compare_exchange(ptr::null_mut(), block.as_ptr(), AcqRel, Acquire) {
            Ok(_) => {
                // Release: pairs with the acquire in `pop_lone` and `pop_shared`.
                self.head.block.store(block.as_ptr(), Release);
                block
            }
            Err(winner) => {
                // SAFETY: nobody has seen our block.
                unsafe { self.give_block(block) };
                BlockPtr::from_raw(winner).unwrap_or(block)
            }
        }
    }

    /// Puts a value in.
    #[inline]
    pub(super) fn push(&self, claim: Claim, value: T) -> Result<Pushed, (Refused, T)> {
        let mut spin = Spin::default();
        let mut next = None;
        loop {
            let seen = self.tail.word.load();
            let after = match claim {
                Claim::Reservation => seen.release(1).advance(),
                // Who is held waits for promises; there is always room.
                Claim::Room if !seen.is_closed() => seen.advance(),
                Claim::Room => {
                    self.give_unused(next);
                    return Err((Refused::Closed, value));
                }
            };
            let offset = offset(seen.position());
            if offset == PLACES {
                spin.wait();
                continue;
            }
            // Acquire: pairs with the release of who put the block in. Loaded after the word.
            let block = BlockPtr::from_raw(self.tail.block.load(Acquire));
            let block = block.unwrap_or_else(|| self.first_block());
            if offset == PLACES - 1 && next.is_none() {
                next = Some(self.take_block());
            }
            if self.tail.word.change(seen, after).is_err() {
                continue;
            }
            if offset == PLACES - 1 {
                if let Some(next) = next.take() {
                    // The mutant lets the word move on before the block is there.
                    if cfg!(qi_mutant = "list_moves_on_too_early") {
                        self.tail.word.skip();
                    }
                    // Release: pairs with the acquire above.
                    self.tail.block.store(next.as_ptr(), Release);
                    if !cfg!(qi_mutant = "list_moves_on_too_early") {
                        self.tail.word.skip();
                    }
                    // SAFETY: the last place is claimed by us, and not written yet.
                    unsafe { block.set_next(next) };
                }
            }
            // SAFETY: claimed just now: the word had not changed since the block was read.
            unsafe { block.write(offset, value, self.shared) };
            self.give_unused(next);
            return Ok(Pushed { word: after });
        }
    }

    /// Keeps a block that was fetched and not needed.
    fn give_unused(&self, block: Option<BlockPtr<T>>) {
        if let Some(block) = block {
            // SAFETY: nobody has seen it.
            unsafe { self.give_block(block) };
        }
    }

    /// Takes the first value out, for a lone receiver.
    ///
    /// # Safety
    /// Calls do not overlap, neither with each other nor with `pop_shared`.
    #[inline]
    pub(super) unsafe fn pop_lone(&self) -> Popped<T> {
        // Relaxed: only the lone receiver writes the position.
        let position = Position(self.head.position.load(Relaxed));
        // Acquire: pairs with the release of `first_block`.
        let block = BlockPtr::from_raw(self.head.block.load(Acquire));
        let offset = offset(position);
        // SAFETY: the head's block is freed by the receiver only, which is the caller.
        let Some(block) = block.filter(|block| unsafe { block.is_written(offset) }) else {
            let word = self.tail.word.load();
            let is_empty = word.position() == position;
            return if is_empty { Popped::Empty(word) } else { Popped::Busy };
        };
        // SAFETY: it is written, and the caller is alone at the head.
        let value = unsafe { block.read(offset) };
        let mut next_position = position.plus(1);
        if offset == PLACES - 1 {
            next_position = position.plus(2);
            // SAFETY: the block lives as above. The sender of the last place has set the link
            // before it wrote.
            let next = unsafe { block.next() };
            // Relaxed: for the receiver's own eyes.
            self.head.block.store(next.map_or(ptr::null_mut(), BlockPtr::as_ptr), Relaxed);
            // SAFETY: all places were written and read, so nobody touches the block any more.
            unsafe { self.give_block(block) };
        }
        // Release: who sees the position in `len` sees the value taken.
        self.head.position.store(next_position.0, Release);
        Popped::Value(value, false)
    }

    /// Takes the first value out, for one of several receivers.
    #[inline]
    pub(super) fn pop_shared(&self) -> Popped<T> {
        debug_assert!(self.shared, "places of a lone receiver's list are not counted");
        let mut spin = Spin::default();
        loop {
            // Acquire: ordered before the loads of tail and block.
            let position = Position(self.head.position.load(Acquire));
            let offset = offset(position);
            if offset == PLACES {
                spin.wait();
                continue;
            }
            // Acquire: pairs with the release of who put the block in. Loaded after the position.
            let block = BlockPtr::from_raw(self.head.block.load(Acquire));
            let word = self.tail.word.load();
            if word.position() == position {
                return Popped::Empty(word);
            }
            let Some(block) = block else {
                // The first sender is about to put it in.
                spin.wait();
                continue;
            };
            // AcqRel: as for the tail. The position may have been an old one; then this fails.
            let next = position.plus(1).0;
            let moved = self.head.position.compare_exchange_weak(position.0, next, AcqRel, Relaxed);
            if moved.is_err() {
                continue;
            }
            // SAFETY: the position was claimed just now, while the head stood in this block.
            return Popped::Value(unsafe { self.take_claimed(block, position) }, false);
        }
    }

    /// Takes the value of a position that was claimed at the head of a shared list.
    ///
    /// # Safety
    /// It was claimed by the caller, and lies in `block`.
    unsafe fn take_claimed(&self, block: BlockPtr<T>, position: Position) -> T {
        let offset = offset(position);
        let mut spin = Spin::default();
        if offset == PLACES - 1 {
            let next = loop {
                // SAFETY: a block with a claimed place that was not read lives.
                match unsafe { block.next() } {
                    Some(next) => break next,
                    None => spin.wait(),
                }
            };
            // Release: pairs with the acquires in `pop_shared`; the block before the position.
            self.head.block.store(next.as_ptr(), Release);
            self.head.position.store(position.plus(2).0, Release);
        }
        // SAFETY: as above.
        while !unsafe { block.is_written(offset) } {
            spin.wait();
        }
        // SAFETY: claimed by the caller, and written.
        let value = unsafe { block.read(offset) };
        // SAFETY: it was read just now.
        if unsafe { block.finish(offset) } {
            // SAFETY: `finish` says that the block is the caller's alone.
            unsafe { self.give_block(block) };
        }
        value
    }

    /// Promises places. There is always room; only promises are limited.
    pub(super) fn reserve(&self, count: usize, turn: Turn) -> Result<(), Refused> {
        self.tail.word.reserve(count, turn, |_| true)
    }

    pub(super) fn len(&self) -> usize {
        // Acquire: the tail is looked at after the head, so it is not before it.
        let head = past_boundary(Position(self.head.position.load(Acquire)));
        let tail = past_boundary(self.tail.word.load().position());
        let positions = tail.since(head) as usize;
        positions - (offset(head) + positions) / SPAN
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: nobody else is there any more, so that nothing overlaps and nothing is written.
        while let Popped::Value(value, _) = unsafe { self.pop_lone() } {
            drop(value);
        }
        // Relaxed: as above.
        for block in [self.head.block.load(Relaxed), self.spare.load(Relaxed)] {
            if let Some(block) = BlockPtr::from_raw(block) {
                // SAFETY: nobody uses the blocks any more, and the values were read.
                unsafe { block.free() };
            }
        }
    }
}
