//! A hand: one who runs coroutines, with a queue of its own that other hands may take from.
//!
//! # Protocol
//! The queue's near end belongs to the thread that polls the hand's task, for as long as it does: it is
//! reached only through `here`, which knows the hand between the beginning and the end of a poll. All
//! others steal at the far end.
//! What another coroutine has just woken goes to the *front*: it runs next, while what it was given is
//! still in the cache. Thieves leave it there unless the turn lasts: unless the count of turns is the
//! same as when one looked before.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::task::Waker;

use crossbeam_deque::{Injector, Steal, Stealer, Worker};
use futures_util::task::AtomicWaker;

use crate::arena;
use crate::strand::Strand;

/// See the file.
pub(crate) struct Hand {
    /// Which lane's.
    lane: usize,
    queue: Worker<&'static Strand>,
    far_end: Stealer<&'static Strand>,
    front: AtomicPtr<Strand>,
    /// Turns it has begun.
    turns: AtomicU32,
    /// What that was when a thief looked.
    seen: AtomicU32,
    waker: AtomicWaker,
    /// Whether it was called since it lay down.
    called: AtomicBool,
    /// Whether it counts as looking for work.
    looks: AtomicBool,
}

// SAFETY: all but the queue is Sync. The queue is used by the thread that polls the hand's task only:
// `here` gives the hand to nobody else, and a task is polled by one thread at a time, each after the one
// before. What only other threads call (`steal_into`) uses the far end.
unsafe impl Sync for Hand {}

impl Hand {
    pub(crate) fn new(lane: usize) -> Self {
        let queue = Worker::new_fifo();
        Self {
            lane,
            far_end: queue.stealer(),
            queue,
            front: AtomicPtr::new(ptr::null_mut()),
            turns: AtomicU32::new(0),
            seen: AtomicU32::new(0),
            waker: AtomicWaker::new(),
            called: AtomicBool::new(false),
            looks: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn lane(&self) -> usize {
        self.lane
    }

    /// Queues a coroutine behind all others. By the hand's own thread, as is all that says nothing else.
    #[inline]
    pub(crate) fn push_back(&self, strand: &'static Strand) {
        self.queue.push(strand);
    }

    /// Queues a coroutine to run next; whether another one lost that place.
    #[inline]
    pub(crate) fn push_front(&self, strand: &'static Strand) -> bool {
        let new = ptr::from_ref(strand).cast_mut();
        // Relaxed: only this thread puts something there.
        if self.front.load(Ordering::Relaxed).is_null() {
            // Release: pairs with the Acquire of `take_front`, of thieves.
            self.front.store(new, Ordering::Release);
            return false;
        }
        // AcqRel: as above.
        let before = self.front.swap(new, Ordering::AcqRel);
        if before.is_null() {
            return false;
        }
        self.queue.push(arena::at(before));
        true
    }

    /// Takes what is to run next. By anybody.
    #[inline]
    fn take_front(&self) -> Option<&'static Strand> {
        // Relaxed: a hint.
        if self.front.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // AcqRel: pairs with the Release of `push_front`.
        let taken = self.front.swap(ptr::null_mut(), Ordering::AcqRel);
        (!taken.is_null()).then(|| arena::at(taken))
    }

    /// The next of its own.
    #[inline]
    pub(crate) fn pop(&self) -> Option<&'static Strand> {
        self.take_front().or_else(|| self.queue.pop())
    }

    /// Makes the next one queue like all others: those who hand to each other for ever let others run.
    pub(crate) fn shuffle(&self) {
        if let Some(front) = self.take_front() {
            self.queue.push(front);
        }
    }

    /// Takes some of what came from outside.
    pub(crate) fn draw(&self, from: &Injector<&'static Strand>) {
        while !from.is_empty() {
            if !from.steal_batch(&self.queue).is_retry() {
                return;
            }
        }
    }

    /// Takes half of another's queue.
    pub(crate) fn steal_from(&self, other: &Self) -> bool {
        loop {
            match other.far_end.steal_batch(&self.queue) {
                Steal::Success(()) => return true,
                Steal::Retry => {}
                Steal::Empty => return false,
            }
        }
    }

    /// Takes what waits at another's front for a turn that lasts.
    pub(crate) fn steal_front(&self, other: &Self) -> bool {
        // Relaxed, both: a hint.
        let turns = other.turns.load(Ordering::Relaxed);
        if other.seen.swap(turns, Ordering::Relaxed) != turns {
            return false;
        }
        let front = other.take_front();
        front.map(|front| self.queue.push(front)).is_some()
    }

    /// Counts a turn.
    #[inline]
    pub(crate) fn begin_turn(&self) {
        // Relaxed: only this thread writes, and thieves want a hint.
        let turns = self.turns.load(Ordering::Relaxed);
        self.turns.store(turns.wrapping_add(1), Ordering::Relaxed);
    }

    /// Gives all away.
    pub(crate) fn empty_into(&self, to: &Injector<&'static Strand>) {
        while let Some(strand) = self.pop() {
            to.push(strand);
        }
    }

    /// Whether its queue has anything. By anybody.
    pub(crate) fn has_any(&self) -> bool {
        !self.far_end.is_empty()
    }

    /// How much it has, about. By anybody.
    pub(crate) fn count(&self) -> usize {
        // Relaxed: a figure.
        self.far_end.len() + usize::from(!self.front.load(Ordering::Relaxed).is_null())
    }

    /// Leaves what `call` wakes.
    pub(crate) fn keep(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Makes it run again. By anybody.
    pub(crate) fn call(&self) {
        // Release: pairs with the Acquire of `take_call`.
        self.called.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether it was called.
    pub(crate) fn take_call(&self) -> bool {
        // AcqRel: pairs with `call`.
        self.called.swap(false, Ordering::AcqRel)
    }

    /// Whether it looks for work from now on; what it did before.
    pub(crate) fn set_looks(&self, looks: bool) -> bool {
        // Relaxed: written by whoever has it, one after the other.
        let before = self.looks.load(Ordering::Relaxed);
        if before != looks {
            self.looks.store(looks, Ordering::Relaxed);
        }
        before
    }
}
