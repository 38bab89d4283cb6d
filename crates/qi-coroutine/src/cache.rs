//! A thread's own store of stacks, in front of the pool: no lock, no atomic read-modify-write.
#![forbid(unsafe_code)]

use crate::error::StackError;
use crate::pool::StackPool;
use crate::slot::{Shape, Slot};
use crate::stack::Stack;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most stacks of a size that a cache keeps.
const MOST: usize = 32;
/// How many go to or come from the pool at once: half, so that a thread that swings around either
/// end seldom takes the pool's lock.
const BATCH: usize = MOST / 2;

/// One less, for a sum that wraps.
const LESS: usize = 1_usize.wrapping_neg();

/// A thread's own store of stacks in front of a [`StackPool`].
///
/// # Examples
/// ```
/// use qi_coroutine::{StackCache, StackPool, StackPoolConfig};
/// let pool = StackPool::new(StackPoolConfig::default())?;
/// let mut cache = StackCache::new(pool);
/// let stack = cache.take(None)?;
/// cache.give(stack);
/// # Ok::<(), qi_coroutine::StackError>(())
/// ```
pub struct StackCache {
    pool: Arc<StackPool>,
    /// Stacks keep their share in the pool, so that none is counted on the way.
    usual: Vec<Stack>,
    others: Vec<(Shape, Vec<Stack>)>,
    /// How many there are, for the pool. This cache alone writes it.
    count: Arc<AtomicUsize>,
}

impl StackCache {
    /// An empty cache.
    #[must_use]
    pub fn new(pool: Arc<StackPool>) -> Self {
        let count = Arc::default();
        pool.enlist(&count);
        Self { pool, usual: Vec::with_capacity(MOST), others: Vec::new(), count }
    }

    /// The pool behind it.
    #[must_use]
    pub fn pool(&self) -> &Arc<StackPool> {
        &self.pool
    }

    /// A stack of at least `bytes` usable bytes, or of the pool's `max_stack_size`.
    ///
    /// # Errors
    /// A size out of range; no address space, memory or guards left.
    #[inline]
    pub fn take(&mut self, bytes: Option<usize>) -> Result<Stack, StackError> {
        if bytes.is_none() {
            if let Some(stack) = self.take_at_hand() {
                return Ok(stack);
            }
        }
        self.take_other(bytes)
    }

    /// A stack of the pool's `max_stack_size`, if one is here: the shortest way to one.
    #[inline]
    #[must_use]
    pub fn take_at_hand(&mut self) -> Option<Stack> {
        let stack = self.usual.pop()?;
        self.note(LESS);
        Some(stack)
    }

    /// Takes a stack back: of this pool, or of another one, which then gets it.
    #[inline]
    pub fn give(&mut self, stack: Stack) {
        let is_usual = stack.shape() == self.pool.default_shape();
        if is_usual && self.usual.len() < MOST && stack.is_of(&self.pool) {
            self.usual.push(stack);
            self.note(1);
        } else {
            self.give_other(stack);
        }
    }

    /// Returns all stacks to the pool, for instance because the thread has nothing to do.
    pub fn flush(&mut self) {
        let usual = std::mem::take(&mut self.usual);
        self.hand_back(self.pool.default_shape(), usual.into_iter());
        for (shape, stacks) in std::mem::take(&mut self.others) {
            self.hand_back(shape, stacks.into_iter());
        }
    }

    #[cold]
    fn take_other(&mut self, bytes: Option<usize>) -> Result<Stack, StackError> {
        let shape = self.pool.shape(bytes)?;
        if let Some(stack) = self.shelf(shape).pop() {
            self.note(LESS);
            return Ok(stack);
        }
        let mut slots: Vec<Slot> = Vec::with_capacity(BATCH);
        self.pool.take_slots(shape, BATCH, &mut slots)?;
        let one = slots.pop().ok_or_else(|| self.pool.exhausted(shape))?;
        self.note(slots.len());
        let pool = Arc::clone(&self.pool);
        let stacks = slots.into_iter().map(|slot| Stack::new(slot, Arc::clone(&pool)));
        self.shelf(shape).extend(stacks);
        Ok(Stack::new(one, pool))
    }

    #[cold]
    fn give_other(&mut self, stack: Stack) {
        // A stack of another pool finds its way by itself.
        if !stack.is_of(&self.pool) {
            return drop(stack);
        }
        let shape = stack.shape();
        let shelf = self.shelf(shape);
        shelf.push(stack);
        let rest = if shelf.len() > MOST {
            // The oldest go: those on top are in the processor's caches.
            shelf.drain(..BATCH).collect()
        } else {
            Vec::new()
        };
        self.note(1);
        self.hand_back(shape, rest.into_iter());
    }

    fn shelf(&mut self, shape: Shape) -> &mut Vec<Stack> {
        if shape == self.pool.default_shape() {
            return &mut self.usual;
        }
        let index = self.others.iter().position(|(other, _)| *other == shape);
        let index = index.unwrap_or_else(|| {
            self.others.push((shape, Vec::new()));
            self.others.len() - 1
        });
        &mut self.others[index].1
    }

    fn hand_back(&mut self, shape: Shape, stacks: impl ExactSizeIterator<Item = Stack>) {
        if stacks.len() > 0 {
            self.note(stacks.len().wrapping_neg());
            self.pool.give_slots(shape, stacks.map(Stack::into_slot));
        }
    }

    #[inline]
    fn note(&self, more: usize) {
        // Relaxed, and no read-modify-write: nobody else writes it, and readers want a figure only.
        let count = self.count.load(Ordering::Relaxed);
        self.count.store(count.wrapping_add(more), Ordering::Relaxed);
    }
}

impl Drop for StackCache {
    fn drop(&mut self) {
        self.flush();
    }
}

impl fmt::Debug for StackCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackCache")
            .field("stacks", &self.count.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}
