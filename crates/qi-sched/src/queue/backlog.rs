//! What threads outside have spawned and no worker has taken yet: one queue per desk.
//!
//! # Protocol
//! A queue is a chain of blocks with two ends. Its [`Tail`] lies on the desk, so that the desk's lock, which
//! a spawner holds anyway, says who may put; the head has a lock of its own for those who take. The two
//! sides share two counts and nothing else: `put`, raised after an entry was written, and `taken`, raised
//! after entries were moved out. An entry below `put` is there and is not written again; who takes touches
//! none beyond. A new block is linked before its first entry is counted.
//!
//! Nothing is lost: who spawns calls [`Sleep::notify`](crate::sleep::Sleep::notify) afterwards, and who
//! falls asleep looks at the counts after it has announced so; the fences of the two stand between. (I7)
//!
//! # Why not the common queue
//! A push there is two read-modify-writes of words that all spawners and workers share. Here it is two
//! stores to memory that is the desk's own until the entry is taken, dozens of them at a time.
//!
//! # Rejected
//! Entries under the desk's lock itself: a spawner sits at its desk for two thirds of its time, so workers
//! came to wait for it, and it paid a system call to wake them. A deque of the desk's own: it keeps the
//! room of the largest backlog that there ever was.
//!
//! # References
//! The two locks are those of Michael and Scott's queue (PODC 1996), of which one is another's.

use crate::desk::DESKS;
use crate::sync::{AtomicUsize, Mutex, MutexGuard, UnsafeCell, lock};
use crossbeam_utils::CachePadded;
use std::mem::MaybeUninit;
use std::sync::atomic::{Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, OnceLock, TryLockError};

/// Entries of a block.
#[cfg(not(loom))]
const BLOCK: usize = 64;
/// In a model, few entries come to the end of one.
#[cfg(loom)]
const BLOCK: usize = 1;

/// The queues of all desks.
#[derive(Debug)]
pub(crate) struct Backlogs<T> {
    queues: [CachePadded<Backlog<T>>; DESKS],
    /// A bit for each desk that was ever used.
    used: CachePadded<AtomicUsize>,
}

/// The queue of one desk.
#[derive(Debug)]
struct Backlog<T> {
    put: AtomicUsize,
    taken: CachePadded<AtomicUsize>,
    head: Mutex<Head<T>>,
}

/// Where the next entry is taken from.
#[derive(Debug)]
struct Head<T> {
    block: Option<Arc<Block<T>>>,
    at: usize,
    taken: usize,
}

/// Where the next entry is put: what lies on the desk.
#[derive(Debug)]
pub(crate) struct Tail<T> {
    block: Option<Arc<Block<T>>>,
    at: usize,
    put: usize,
}

#[derive(Debug)]
struct Block<T> {
    slots: [UnsafeCell<MaybeUninit<T>>; BLOCK],
    next: OnceLock<Arc<Block<T>>>,
}

// SAFETY: a slot is written by the holder of the tail, before it is counted, and moved out by a holder of
// the head, once, after it was; entries go from one thread to another.
unsafe impl<T: Send> Sync for Block<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Block<T> {}

impl<T> Block<T> {
    fn new() -> Arc<Self> {
        let slots = std::array::from_fn(|_| UnsafeCell::new(MaybeUninit::uninit()));
        Arc::new(Self { slots, next: OnceLock::new() })
    }
}

impl<T> Default for Tail<T> {
    fn default() -> Self {
        Self { block: None, at: BLOCK, put: 0 }
    }
}

impl<T> Backlogs<T> {
    pub(crate) fn new() -> Self {
        let head = || Head { block: None, at: 0, taken: 0 };
        let queue = || Backlog {
            put: AtomicUsize::new(0),
            taken: CachePadded::new(AtomicUsize::new(0)),
            head: Mutex::new(head()),
        };
        Self {
            queues: std::array::from_fn(|_| CachePadded::new(queue())),
            used: CachePadded::new(AtomicUsize::new(0)),
        }
    }

    /// Adds an entry at the desk of that number, whose tail it is.
    #[inline]
    pub(crate) fn put(&self, desk: usize, tail: &mut Tail<T>, entry: T) {
        if tail.at == BLOCK {
            self.extend(desk, tail);
        }
        let Some(block) = &tail.block else { return };
        // SAFETY: beyond `put`, so nobody looks at it; the tail is the caller's.
        block.slots[tail.at].with_mut(|slot| unsafe { (*slot).write(entry) });
        tail.at += 1;
        tail.put = tail.put.wrapping_add(1);
        // Release: pairs with the acquire in `take`, which then finds the entry and its block.
        let order = if cfg!(qi_mutant = "backlog_counts_relaxed") { Relaxed } else { Release };
        self.queues[desk].put.store(tail.put, order);
    }

    #[cold]
    fn extend(&self, desk: usize, tail: &mut Tail<T>) {
        let fresh = Block::new();
        match tail.block.replace(fresh.clone()) {
            // Cannot be full: a block is the last one once.
            Some(last) => drop(last.next.set(fresh)),
            None => {
                lock(&self.queues[desk].head).block = Some(fresh);
                // Relaxed: before the entry is counted, by the same thread; see `len`.
                self.used.fetch_or(1 << desk, Relaxed);
            }
        }
        tail.at = 0;
    }

    /// Whether nothing lies at any desk. Exact between the fences of `sleep`.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.used().all(|(_, queue)| queue.len() == 0)
    }

    /// Entries at all desks.
    pub(crate) fn len(&self) -> usize {
        self.used().map(|(_, queue)| queue.len()).sum()
    }

    #[inline]
    fn used(&self) -> impl Iterator<Item = (usize, &Backlog<T>)> {
        // Relaxed: set before the first entry was counted, so whoever has to see that sees this.
        let mut bits = self.used.load(Relaxed);
        std::iter::from_fn(move || {
            let desk = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some((desk, &*self.queues[desk]))
        })
    }

    /// Takes about half of what lies at one desk, at most `limit`: the oldest is returned, the others are
    /// given to `keep` in their order. Desks from number `first` on are the first choice. `keep` runs
    /// under a lock.
    pub(crate) fn take(&self, first: usize, limit: usize, mut keep: impl FnMut(T)) -> Option<T> {
        let first = first % DESKS;
        let from = || self.used().filter(move |(desk, _)| *desk >= first);
        let below = || self.used().filter(move |(desk, _)| *desk < first);
        let marked =
            || from().chain(below()).map(|(_, queue)| queue).filter(|queue| queue.len() > 0);
        // Where somebody takes already comes last: it may have lost its processor meanwhile.
        let free = marked().find_map(|queue| queue.take(queue.try_lock()?, limit, &mut keep));
        free.or_else(|| marked().find_map(|queue| queue.take(lock(&queue.head), limit, &mut keep)))
    }
}

impl<T> Drop for Backlogs<T> {
    fn drop(&mut self) {
        while let Some(entry) = self.take(0, usize::MAX, drop) {
            drop(entry);
        }
    }
}

impl<T> Backlog<T> {
    #[inline]
    fn len(&self) -> usize {
        // Relaxed: hints; in the end what counts is read under the lock. The smaller one first, so that the
        // difference is none below zero, but for a reader that sees an old `put`.
        let taken = self.taken.load(Relaxed);
        let left = self.put.load(Relaxed).wrapping_sub(taken);
        if left > usize::MAX / 2 { 0 } else { left }
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Head<T>>> {
        match self.head.try_lock() {
            Ok(head) => Some(head),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn take(
        &self,
        mut head: MutexGuard<'_, Head<T>>,
        limit: usize,
        mut keep: impl FnMut(T),
    ) -> Option<T> {
        // Acquire: pairs with the release in `put`.
        let left = self.put.load(Acquire).wrapping_sub(head.taken);
        let count = left.div_ceil(2).min(limit);
        let mut entries = (0..count).filter_map(|_| {
            // SAFETY: it is below `put`.
            unsafe { head.next() }
        });
        let first = entries.next();
        entries.for_each(&mut keep);
        // Relaxed: tells how much is left, and hands nothing over.
        self.taken.store(head.taken, Relaxed);
        first
    }
}

impl<T> Head<T> {
    /// Moves the next entry out.
    ///
    /// # Safety
    /// There is one, and the caller has seen that it was counted.
    unsafe fn next(&mut self) -> Option<T> {
        if self.at == BLOCK {
            let next = self.block.as_ref()?.next.get().cloned();
            (self.block, self.at) = (next, 0);
        }
        let slot = &self.block.as_ref()?.slots[self.at];
        self.at += 1;
        self.taken = self.taken.wrapping_add(1);
        // SAFETY: written before it was counted, and moved out once, because `at` has moved on.
        Some(slot.with(|slot| unsafe { (*slot).assume_init_read() }))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn entries_come_out_by_halves_and_in_their_order() {
        let (backlogs, mut tail) = (Backlogs::new(), Tail::default());
        for entry in 0..1000 {
            backlogs.put(3, &mut tail, entry);
        }
        let mut out = Vec::new();
        while !backlogs.is_empty() {
            let before = backlogs.len();
            let mut kept = Vec::new();
            out.extend(backlogs.take(out.len(), 32, |entry| kept.push(entry)));
            out.append(&mut kept);
            assert_eq!(before - backlogs.len(), before.div_ceil(2).min(32));
        }
        assert_eq!(out, (0..1000).collect::<Vec<_>>());
        assert_eq!(backlogs.take(0, 32, |_| ()), None);
    }

    #[test]
    fn a_worker_looks_at_other_desks_after_the_one_it_begins_with() {
        let backlogs = Backlogs::new();
        let mut tails = [Tail::default(), Tail::default()];
        backlogs.put(1, &mut tails[0], "one");
        backlogs.put(6, &mut tails[1], "six");
        assert_eq!(backlogs.take(2, 1, |_| ()), Some("six"));
        assert_eq!(backlogs.take(7, 1, |_| ()), Some("one"), "it goes round");
    }

    #[test]
    fn the_room_of_a_flood_goes_back_as_it_is_taken() {
        let (backlogs, mut tail) = (Backlogs::new(), Tail::default());
        for _ in 0..10 * BLOCK {
            backlogs.put(0, &mut tail, ());
        }
        let first = Arc::downgrade(lock(&backlogs.queues[0].head).block.as_ref().unwrap());
        while backlogs.take(0, 32, |()| ()).is_some() {}
        assert!(first.upgrade().is_none());
    }

    #[test]
    fn every_entry_is_taken_once_by_threads_that_take_while_others_put() {
        const EACH: usize = 20_000;
        let backlogs = Backlogs::new();
        let over = AtomicBool::new(false);
        let take_all = || {
            let mut out = Vec::new();
            loop {
                // Acquire: pairs with the release after the last entry was put.
                let last = over.load(Acquire);
                let mut kept = Vec::new();
                let first = backlogs.take(0, 32, |entry| kept.push(entry));
                if first.is_none() && last {
                    return out;
                }
                out.extend(first.into_iter().chain(kept));
            }
        };
        let mut out = std::thread::scope(|scope| {
            let takers = [scope.spawn(take_all), scope.spawn(take_all)];
            let putters = [0, 1].map(|desk| {
                let backlogs = &backlogs;
                scope.spawn(move || {
                    let mut tail = Tail::default();
                    (0..EACH).for_each(|n| backlogs.put(desk, &mut tail, desk * EACH + n));
                })
            });
            putters.into_iter().for_each(|putter| putter.join().unwrap());
            over.store(true, Release);
            takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect::<Vec<_>>()
        });
        out.sort_unstable();
        assert_eq!(out, (0..2 * EACH).collect::<Vec<_>>());
    }
}
