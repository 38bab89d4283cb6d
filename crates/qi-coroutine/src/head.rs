//! What a coroutine knows of itself, at the upper end of its own stack.
//!
//! The coroutine and whoever resumes it are on one thread and take turns, so plain cells do. Where
//! a thread stands in for a stack, a lock is handed over between the two at each turn.
//!
//! While a frame is unwound, or the coroutine dropped, it is not suspended but blocks (I57); one that
//! was cancelled is unwound a few times only (I58).
//!
//! The waker: a future polled inside may itself wait, and be suspended in the midst of its poll; the
//! waker that it was polled with must stay there although the next resume brings another one. So the
//! outermost wait uses a waker that the head owns and exchanges only while it polls nothing, and a
//! wait inside of a poll uses a copy of its own.

use crate::cancel::{CAN_RAISE, Cancelled, RAISES, REFUSALS};
use crate::embedder::{BlockedWhy, Embedder};
use crate::label::Label;
use crate::pool::StackPool;
use crate::stack::Stack;
use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::Arc;
use std::task::Waker;
use std::thread;

/// See the module. Aligned as a stack must be.
#[repr(align(16))]
pub(crate) struct Head {
    label: Label,
    /// The lowest address that may be used.
    low: usize,
    usable: usize,
    /// Kept alive by the stack.
    pool: *const StackPool,
    /// Where the engine finds its way out; null before the start.
    exit: Cell<*const ()>,
    /// The waker of the poll that resumed; null if it was no poll.
    given: Cell<*const Waker>,
    /// A copy of it, for the outermost wait.
    own: UnsafeCell<Option<Waker>>,
    /// How many waits lie within each other.
    depth: Cell<u32>,
    shields: Cell<u32>,
    raises: Cell<u32>,
    refusals: Cell<u32>,
    is_cancelled: Cell<bool>,
    /// Whether nobody will resume it again.
    is_dropped: Cell<bool>,
    /// Whether whoever polls blocks the thread where the coroutine would have to.
    poller_blocks: Cell<bool>,
    /// Why it is to do so now.
    must_block: Cell<Option<BlockedWhy>>,
}

/// What a wait does when it is cancelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Unwind,
    Answer,
}

/// What a wait must do whose future is not ready.
pub(crate) enum Verdict {
    Suspend,
    Raise,
    Refuse(Cancelled),
    Block(BlockedWhy),
}

impl Head {
    #[inline]
    pub(crate) fn new(stack: &Stack, label: Label) -> Self {
        Self {
            label,
            low: stack.slot().low(),
            usable: stack.usable_bytes(),
            pool: stack.pool().map_or(ptr::null(), Arc::as_ptr),
            exit: Cell::new(ptr::null()),
            given: Cell::new(ptr::null()),
            own: UnsafeCell::new(None),
            depth: Cell::new(0),
            shields: Cell::new(0),
            raises: Cell::new(0),
            refusals: Cell::new(0),
            is_cancelled: Cell::new(false),
            is_dropped: Cell::new(false),
            poller_blocks: Cell::new(false),
            must_block: Cell::new(None),
        }
    }

    #[inline]
    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    #[inline]
    pub(crate) fn low(&self) -> usize {
        self.low
    }

    #[inline]
    pub(crate) fn usable(&self) -> usize {
        self.usable
    }

    #[inline]
    pub(crate) fn exit(&self) -> *const () {
        self.exit.get()
    }

    #[inline]
    pub(crate) fn set_exit(&self, exit: *const ()) {
        self.exit.set(exit);
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.get()
    }

    #[inline]
    pub(crate) fn cancel(&self) {
        self.is_cancelled.set(true);
    }

    /// From now on it may not be suspended.
    pub(crate) fn abandon(&self) {
        self.is_cancelled.set(true);
        self.is_dropped.set(true);
    }

    /// Whether whoever polls blocks the thread where the coroutine would have to.
    #[inline]
    pub(crate) fn set_poller_blocks(&self, on: bool) {
        self.poller_blocks.set(on);
    }

    /// Whether the coroutine may leave blocking to whoever polls it.
    #[inline]
    pub(crate) fn poller_blocks(&self) -> bool {
        self.poller_blocks.get() && !self.is_dropped.get()
    }

    /// Why whoever polls is to block the thread.
    #[inline]
    pub(crate) fn must_block(&self) -> Option<BlockedWhy> {
        self.must_block.get()
    }

    /// Asks whoever polls to block the thread, or not to any more.
    pub(crate) fn set_must_block(&self, why: Option<BlockedWhy>) {
        self.must_block.set(why);
    }

    /// Notes the waker of the poll that resumes, or that there is none.
    #[inline]
    pub(crate) fn set_given(&self, given: *const Waker) {
        self.given.set(given);
    }

    pub(crate) fn embedder(&self) -> &dyn Embedder {
        // SAFETY: the coroutine's stack owns a share of the pool, and the head lies on that stack.
        unsafe { &*self.pool }.embedder()
    }

    /// Takes the copy of the waker out, to be dropped where a panic of it does no harm.
    #[inline]
    pub(crate) fn take_waker(&self) -> Option<Waker> {
        // SAFETY: the coroutine has ended or not begun, so no wait refers to it.
        unsafe { (*self.own.get()).take() }
    }

    /// Begins a wait.
    #[inline]
    pub(crate) fn enter(&self) -> Frame<'_> {
        let depth = self.depth.get();
        self.depth.set(depth + 1);
        Frame { head: self, is_outermost: depth == 0 }
    }

    /// Keeps cancelling away until the value is dropped.
    pub(crate) fn shield(&self) -> Shield<'_> {
        self.shields.set(self.shields.get() + 1);
        Shield { head: self }
    }

    /// Whether a wait of this manner ends without another poll.
    #[inline]
    pub(crate) fn is_ending(&self, manner: Manner) -> bool {
        let can_end = manner == Manner::Answer || CAN_RAISE;
        self.is_cancelled.get() && self.shields.get() == 0 && can_end
    }

    /// What a wait of this manner must do now that its future is not ready.
    ///
    /// One that was suspended is not called by a destructor of a frame that is being unwound; if
    /// the thread panics all the same, then whoever resumed does. Else nobody can tell, and it
    /// counts as unwinding.
    #[inline]
    pub(crate) fn verdict(&self, manner: Manner, was_suspended: bool) -> Verdict {
        let unwinding = !was_suspended && thread::panicking();
        if !unwinding && !self.is_cancelled.get() {
            return Verdict::Suspend;
        }
        self.exception(manner, unwinding)
    }

    /// The verdict where not everything is as usual. Whoever is dropped is cancelled, too.
    #[cold]
    fn exception(&self, manner: Manner, unwinding: bool) -> Verdict {
        let ending = self.is_ending(manner);
        if ending && manner == Manner::Answer && self.refusals.get() < REFUSALS {
            self.refusals.set(self.refusals.get() + 1);
            return Verdict::Refuse(Cancelled);
        }
        if unwinding {
            return Verdict::Block(BlockedWhy::Unwinding);
        }
        if ending && manner == Manner::Unwind && self.raises.get() < RAISES {
            self.raises.set(self.raises.get() + 1);
            return Verdict::Raise;
        }
        match (self.is_dropped.get(), ending) {
            (_, true) => Verdict::Block(BlockedWhy::Stuck),
            (true, false) => Verdict::Block(BlockedWhy::Dropped),
            (false, false) => Verdict::Suspend,
        }
    }

    #[inline]
    fn given(&self) -> &Waker {
        let given = self.given.get();
        if given.is_null() {
            return Waker::noop();
        }
        // SAFETY: it was borrowed from the poll that resumed this coroutine, which has not returned
        // while the coroutine runs; callers do not keep it over a suspension.
        unsafe { &*given }
    }
}

/// A wait in progress.
pub(crate) struct Frame<'a> {
    head: &'a Head,
    is_outermost: bool,
}

impl Frame<'_> {
    /// The waker to poll with now, which stays until this is called again; a wait inside of a poll
    /// keeps it in `copy`.
    #[inline]
    pub(crate) fn waker<'a>(&'a mut self, copy: &'a mut Option<Waker>) -> &'a Waker {
        if !self.is_outermost {
            return self.copied(copy);
        }
        let own = self.head.own.get();
        // SAFETY: only the one outermost wait reaches it, and lends it out for a poll that has ended
        // when this is called again.
        match unsafe { &*own } {
            Some(waker) if waker.will_wake(self.head.given()) => waker,
            _ => self.renew(),
        }
    }

    #[cold]
    fn renew(&mut self) -> &Waker {
        let own = self.head.own.get();
        let fresh = self.head.given().clone();
        // SAFETY: as in `waker`.
        let before = unsafe { (*own).replace(fresh) };
        drop(before);
        // SAFETY: as in `waker`.
        unsafe { &*own }.as_ref().unwrap_or(Waker::noop())
    }

    #[cold]
    fn copied<'a>(&self, copy: &'a mut Option<Waker>) -> &'a Waker {
        let given = self.head.given();
        if !copy.as_ref().is_some_and(|own| own.will_wake(given)) {
            *copy = Some(given.clone());
        }
        copy.as_ref().unwrap_or(Waker::noop())
    }
}

impl Drop for Frame<'_> {
    #[inline]
    fn drop(&mut self) {
        self.head.depth.set(self.head.depth.get() - 1);
    }
}

/// See [`Head::shield`].
pub(crate) struct Shield<'a> {
    head: &'a Head,
}

impl Drop for Shield<'_> {
    fn drop(&mut self) {
        self.head.shields.set(self.head.shields.get() - 1);
    }
}
