//! Stacks for all threads of one runtime: some kept in memory, the others fetched from the arena
//! and given back to it.
//!
//! `owned` counts what came from the arena and has not gone back. What of it is not on a shelf
//! here or in a cache is live; so the fast ways need no shared counter.
#![forbid(unsafe_code)]

use crate::arena::Arena;
use crate::config::{StackPoolConfig, check_size};
use crate::embedder::{Embedder, Nobody};
use crate::error::StackError;
use crate::memory;
use crate::overflow;
use crate::slot::{Shape, Slot};
use crate::stack::Stack;
use crate::stats::StackPoolStats;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// How many stacks come from the arena at once: one change of a mapping serves them all.
const BATCH: usize = 16;

/// Unused stacks above the number to keep that wait for the next [`StackPool::trim`]. Enough for
/// neighbours to be given back together, few enough to be no burden.
const SURPLUS: usize = 256;

/// The uppermost part of a stack that stays in memory when the rest of a hot one is given back.
const HOT_BYTES: usize = 16 * 1024;

/// A pool of stacks.
///
/// # Examples
/// ```
/// use qi_coroutine::{StackPool, StackPoolConfig};
/// let pool = StackPool::new(StackPoolConfig::default())?;
/// let stack = pool.take(Some(64 * 1024))?;
/// assert_eq!(stack.usable_bytes(), 64 * 1024);
/// assert_eq!(pool.stats().live_stacks, 1);
/// drop(stack);
/// assert_eq!(pool.stats().live_stacks, 0);
/// # Ok::<(), qi_coroutine::StackError>(())
/// ```
pub struct StackPool {
    arena: &'static Arena,
    default_shape: Shape,
    keeps: usize,
    config: StackPoolConfig,
    embedder: Arc<dyn Embedder>,
    is_warm: AtomicBool,
    /// Whether `trim` would find anything to do.
    is_used: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    shelves: Vec<Shelf>,
    owned: usize,
    acquired: u64,
    released: u64,
    /// How many stacks each cache has, which the cache alone writes.
    caches: Vec<Weak<AtomicUsize>>,
}

/// Hot stacks of one shape.
struct Shelf {
    shape: Shape,
    hot: Vec<Slot>,
}

impl StackPool {
    /// A pool that has no stacks yet.
    ///
    /// # Errors
    /// An option out of range; no address space.
    pub fn new(config: StackPoolConfig) -> Result<Arc<Self>, StackError> {
        config.check()?;
        let usable = check_size("max_stack_size", config.max_stack_size)?;
        let arena = Arena::get()?;
        if config.handles_overflow {
            overflow::install();
        }
        Ok(Arc::new(Self {
            arena,
            default_shape: arena.shape(usable, config.guards),
            keeps: config.stack_pool_size,
            embedder: config.embedder.clone().unwrap_or_else(|| Arc::new(Nobody)),
            config,
            is_warm: AtomicBool::new(false),
            is_used: AtomicBool::new(false),
            inside: Mutex::default(),
        }))
    }

    /// Usable bytes of a stack for which no size is asked.
    #[must_use]
    pub fn max_stack_size(&self) -> usize {
        self.default_shape.usable
    }

    /// Allocates `stack_pool_size` stacks, unless that was done. The first stack that is taken
    /// brings it about too.
    ///
    /// # Errors
    /// The system refuses memory or guards; what was allocated until then is kept.
    pub fn warm_up(&self) -> Result<(), StackError> {
        // Relaxed: whoever sees the flag finds the stacks under the lock, or fetches others.
        if self.keeps == 0 || self.is_warm.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut inside = self.inside();
        if self.is_warm.load(Ordering::Relaxed) {
            return Ok(());
        }
        let shelf = Inside::shelf(&mut inside.shelves, self.default_shape);
        while shelf.hot.len() < self.keeps {
            let wanted = self.keeps - shelf.hot.len();
            self.arena.take(self.default_shape, wanted, &mut shelf.hot)?;
        }
        for slot in &shelf.hot {
            memory::touch(slot.top() - memory::page_size());
        }
        let count = shelf.hot.len();
        inside.owned += count;
        inside.acquired += count as u64;
        self.is_warm.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A stack of at least `bytes` usable bytes, or of `max_stack_size`. A
    /// [`StackCache`](crate::StackCache) is faster.
    ///
    /// # Errors
    /// A size out of range; no address space, memory or guards left.
    pub fn take(self: &Arc<Self>, bytes: Option<usize>) -> Result<Stack, StackError> {
        let shape = self.shape(bytes)?;
        let mut slots = Vec::new();
        self.take_slots(shape, 1, &mut slots)?;
        let slot = slots.pop().ok_or_else(|| self.exhausted(shape))?;
        Ok(Stack::new(slot, Arc::clone(self)))
    }

    /// Gives memory back: of unused stacks above the number to keep, and the depths of those that
    /// are kept. Does nothing if nothing was used since the last time, so it may be called whenever
    /// there is time.
    pub fn trim(&self) {
        // Relaxed: a stack that comes back meanwhile sets the flag again.
        if !self.is_used.swap(false, Ordering::Relaxed) {
            return;
        }
        let mut surplus = Vec::new();
        {
            let mut inside = self.inside();
            for shelf in &mut inside.shelves {
                let keep = shelf.hot.len().min(self.keeps);
                surplus.push(shelf.hot.split_off(keep));
                shelf.hot.iter().for_each(release_depth);
            }
            inside.leave(surplus.iter().map(Vec::len).sum());
        }
        surplus.into_iter().for_each(|slots| self.arena.give(slots));
    }

    /// What there is at this moment.
    #[must_use]
    pub fn stats(&self) -> StackPoolStats {
        let inside = self.inside();
        let cached: usize = inside.in_caches();
        let shelved: usize = inside.shelves.iter().map(|shelf| shelf.hot.len()).sum();
        let hot = shelved + cached;
        StackPoolStats {
            live_stacks: inside.owned.saturating_sub(hot),
            hot_stacks: hot,
            owned_stacks: inside.owned,
            acquired_total: inside.acquired,
            released_total: inside.released,
            reserved_bytes: self.arena.bytes(),
            resident_bytes_at_least: inside.owned * memory::page_size(),
            has_page_table_guards: self.default_shape.page_guards,
        }
    }

    pub(crate) fn embedder(&self) -> &dyn Embedder {
        &*self.embedder
    }

    #[inline]
    pub(crate) fn default_shape(&self) -> Shape {
        self.default_shape
    }

    pub(crate) fn shape(&self, bytes: Option<usize>) -> Result<Shape, StackError> {
        let Some(bytes) = bytes else { return Ok(self.default_shape) };
        Ok(self.arena.shape(check_size("stack_size", bytes)?, self.config.guards))
    }

    pub(crate) fn exhausted(&self, shape: Shape) -> StackError {
        StackError::Exhausted { bytes: shape.usable, reserved: self.arena.bytes() }
    }

    pub(crate) fn enlist(&self, cache: &Arc<AtomicUsize>) {
        let mut inside = self.inside();
        inside.caches.retain(|cache| cache.strong_count() > 0);
        inside.caches.push(Arc::downgrade(cache));
    }

    /// Moves up to `count` slots, at least one, into `into`: hot ones, else new ones.
    pub(crate) fn take_slots(
        &self,
        shape: Shape,
        count: usize,
        into: &mut Vec<Slot>,
    ) -> Result<(), StackError> {
        self.warm_up()?;
        let mut inside = self.inside();
        let shelf = Inside::shelf(&mut inside.shelves, shape);
        let kept = shelf.hot.len().saturating_sub(count);
        if kept < shelf.hot.len() {
            into.extend(shelf.hot.drain(kept..));
            return Ok(());
        }
        let before = into.len();
        let batch = BATCH.max(count);
        self.arena.take(shape, batch, &mut shelf.hot)?;
        let kept = shelf.hot.len().saturating_sub(count);
        let fetched = shelf.hot.len();
        into.extend(shelf.hot.drain(kept..));
        debug_assert!(into.len() > before);
        inside.owned += fetched;
        inside.acquired += fetched as u64;
        Ok(())
    }

    /// Takes slots of one shape back.
    pub(crate) fn give_slots(&self, shape: Shape, slots: impl Iterator<Item = Slot>) {
        let mut surplus = Vec::new();
        {
            let mut inside = self.inside();
            let shelf = Inside::shelf(&mut inside.shelves, shape);
            shelf.hot.extend(slots);
            if shelf.hot.len() >= self.keeps + SURPLUS {
                // The oldest go: those on top are in the processor's caches.
                let extra = shelf.hot.len() - self.keeps;
                surplus.extend(shelf.hot.drain(..extra));
            }
            inside.leave(surplus.len());
        }
        // Relaxed: only asks for another trim, which takes the lock.
        if !self.is_used.load(Ordering::Relaxed) {
            self.is_used.store(true, Ordering::Relaxed);
        }
        self.arena.give(surplus);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // No user code runs under it; what panics there could only be a failed allocation.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives back what a use may have touched further down. A system call per stack, which is why it is
/// done only when there is time.
fn release_depth(slot: &Slot) {
    let low = slot.low();
    let bytes = (slot.top() - low).saturating_sub(HOT_BYTES.max(memory::page_size()));
    if bytes > 0 && !memory::KEEPS_DEPTH {
        memory::release(low, bytes);
    }
}

impl Inside {
    fn shelf(shelves: &mut Vec<Shelf>, shape: Shape) -> &mut Shelf {
        let index = shelves.iter().position(|shelf| shelf.shape == shape).unwrap_or_else(|| {
            shelves.push(Shelf { shape, hot: Vec::new() });
            shelves.len() - 1
        });
        &mut shelves[index]
    }

    fn in_caches(&self) -> usize {
        // Relaxed: figures; exact while nobody takes or returns stacks.
        self.caches
            .iter()
            .filter_map(Weak::upgrade)
            .map(|stacks| stacks.load(Ordering::Relaxed))
            .sum()
    }

    fn leave(&mut self, slots: usize) {
        self.owned -= slots;
        self.released += slots as u64;
    }
}

impl Drop for StackPool {
    fn drop(&mut self) {
        let inside = self.inside.get_mut().unwrap_or_else(PoisonError::into_inner);
        for shelf in inside.shelves.drain(..) {
            self.arena.give(shelf.hot);
        }
    }
}

impl fmt::Debug for StackPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackPool")
            .field("config", &self.config)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
