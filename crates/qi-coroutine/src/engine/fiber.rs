//! Coroutines by switching stacks, over corosensei.
//!
//! ```text
//!   slot.top()  ┌──────────────┐
//!               │ Head         │  found from any stack pointer in the slot
//!   base()      ├──────────────┤
//!               │ corosensei's │  parent link; the closure until it starts
//!               │ frames       │
//!   slot.low()  ├──────────────┤
//!   limit()     │ guard        │
//!               └──────────────┘
//! ```
//!
//! Rejected: the current coroutine in a thread-local. Compilers keep its address over a suspension,
//! after which it may be another thread's. What there is in one, [`RUNNING`], is a guess at the slot,
//! which the stack pointer confirms or not; it spares the look into the arena's table, whose loads and
//! multiplications all stand between the stack pointer and the place to switch to.

use super::pointer::{opaque, stack_pointer};
use crate::arena;
use crate::head::Head;
use crate::label::Label;
use crate::slot::Slot;
use crate::stack::Stack;
use crate::tsan;
use corosensei::stack::{Stack as Ground, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::task::Waker;

thread_local! {
    /// The upper end of the slot that this thread switched to last, or zero. Slots never move, so it
    /// holds for every stack pointer in that slot, however old it is.
    static RUNNING: Cell<usize> = const { Cell::new(0) };
    /// Its usable bytes. Apart, so that the way to the upper end is a single load.
    static USABLE: Cell<usize> = const { Cell::new(0) };
}

/// What `RUNNING` and `USABLE` say. A call of its own, because a compiler that saw through it could keep
/// the address of a thread-local over a suspension.
#[inline(never)]
fn running() -> (usize, usize) {
    (RUNNING.get(), USABLE.get())
}

/// Says on which slot this thread runs, and on which it did.
#[inline]
fn run_on(top: usize, usable: usize) -> (usize, usize) {
    (RUNNING.replace(top), USABLE.replace(usable))
}

/// A closure on a stack of its own.
pub(crate) struct Fiber<R> {
    /// None once the stack was taken out.
    inner: Option<Coroutine<(), (), R, Place>>,
    head: NonNull<Head>,
    shadow: tsan::Fiber,
}

/// A stack as corosensei sees it: what is below the head.
struct Place {
    stack: Stack,
    base: StackPointer,
}

#[inline]
fn head_below(top: usize) -> *mut Head {
    (top - size_of::<Head>()) as *mut Head
}

const _: () = assert!(size_of::<Head>() % corosensei::stack::STACK_ALIGNMENT == 0);

// SAFETY: base and limit are those of a slot that nobody else has, with the guard that the arena
// made at its lower end, and of at least the 16 KiB that a configuration must give.
unsafe impl Ground for Place {
    #[inline]
    fn base(&self) -> StackPointer {
        self.base
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        // Never 0: the arena is not at the lowest addresses.
        StackPointer::new(self.stack.slot().base).unwrap_or(StackPointer::MIN)
    }

    #[cfg(windows)]
    fn teb_fields(&self) -> corosensei::stack::StackTebFields {
        let slot = self.stack.slot();
        slot.extra.fields(slot.top(), slot.base)
    }

    #[cfg(windows)]
    fn update_teb_fields(&mut self, stack_limit: usize, guaranteed_stack_bytes: usize) {
        self.stack.slot_mut().extra.update(stack_limit, guaranteed_stack_bytes);
    }
}

impl<R: 'static> Fiber<R> {
    #[inline]
    pub(crate) fn new(stack: Stack, label: Label, f: impl FnOnce() -> R + 'static) -> Self {
        let head = head_below(stack.slot().top());
        // SAFETY: the upper end of a stack that nobody else has, aligned because slots are whole
        // pages and the size is a multiple of the alignment.
        unsafe { head.write(Head::new(&stack, label)) };
        // SAFETY: just made from an address that is not 0.
        let head = unsafe { NonNull::new_unchecked(head) };
        let body = move |yielder: &Yielder<(), ()>, ()| {
            // SAFETY: the head stays until `finish`, which comes after this body has ended.
            unsafe { head.as_ref() }.set_exit((&raw const *yielder).cast());
            f()
        };
        let base = head.addr();
        let inner = Coroutine::with_stack(Place { stack, base }, body);
        Self { inner: Some(inner), head, shadow: tsan::Fiber::new() }
    }

    #[inline]
    pub(crate) fn head(&self) -> &Head {
        // SAFETY: written in `new`, and dropped only where the fiber is.
        unsafe { self.head.as_ref() }
    }

    #[inline]
    pub(crate) fn is_started(&self) -> bool {
        !self.head().exit().is_null()
    }

    /// Runs it until it is suspended or has ended, and then gives its result.
    #[inline]
    pub(crate) fn resume(&mut self, given: *const Waker) -> Option<R> {
        self.head().set_given(given);
        let usable = self.head().usable();
        let inner = self.inner.as_mut()?;
        let top = self.head.addr().get() + size_of::<Head>();
        let (top, usable) = run_on(top, usable);
        let parent = tsan::enter(&mut self.shadow);
        let result = inner.resume(());
        tsan::leave(parent);
        run_on(top, usable);
        match result {
            CoroutineResult::Yield(()) => None,
            CoroutineResult::Return(result) => Some(result),
        }
    }

    /// The stack of one that has ended. The fiber is of no use afterwards.
    #[inline]
    pub(crate) fn finish(&mut self) -> Option<Stack> {
        let inner = self.inner.take()?;
        let waker = self.head().take_waker();
        // SAFETY: the coroutine has ended, so nobody looks at its head again, and nobody drops it
        // again, since `inner` is gone.
        unsafe { self.head.drop_in_place() };
        let stack = inner.into_stack().stack;
        drop(waker);
        Some(stack)
    }
}

impl<R> Drop for Fiber<R> {
    /// Drops one that never began, with its closure, and its stack returns to the pool.
    fn drop(&mut self) {
        if self.inner.is_some() {
            // SAFETY: it never began, so nobody else looks at its head.
            unsafe { self.head.drop_in_place() };
        }
    }
}

/// The head of the coroutine that calls this (I56). It is there as long as the caller's frame.
#[inline]
pub(crate) fn current<'a>() -> Option<&'a Head> {
    let pointer = stack_pointer();
    let (top, usable) = running();
    let is_there = top.wrapping_sub(pointer) <= usable;
    let top = if is_there { top } else { arena::top_at(pointer)? };
    // SAFETY: somebody runs on this stack, namely the caller; so there is a coroutine on it, whose
    // head was written before it began and stays until it has ended.
    Some(unsafe { &*head_below(top) })
}

/// By what the coroutine on this slot is called, for a handler that found its stack pointer there.
pub(crate) fn label_of(slot: &Slot) -> &Label {
    // SAFETY: somebody runs on this slot's stack; see `current`. On a slot that was never used the
    // memory is zeroed, which is a label without a name.
    unsafe { &*head_below(slot.top()) }.label()
}

/// How far below the head corosensei keeps its way out, on some processors. Only a guess: where it is
/// wrong, a suspension waits for one load more.
const EXIT_BELOW: usize = 16;

/// Switches back to whoever resumed the calling coroutine, whose head this is.
///
/// Right after a switch the processor has guessed wrong where the code returns to, and waits for the
/// place to switch to next. So every load on the way to it counts: one of them is guessed, and confirmed
/// when its result is there.
#[inline]
pub(crate) fn suspend(head: &Head) {
    let guess = ptr::from_ref(head).addr() - EXIT_BELOW;
    if head.exit().addr() != guess {
        return leave_elsewhere(head.exit());
    }
    leave_by(opaque(guess) as *const ());
}

#[cold]
#[inline(never)]
fn leave_elsewhere(exit: *const ()) {
    leave_by(exit);
}

#[inline(always)]
fn leave_by(exit: *const ()) {
    // SAFETY: the coroutine's body has set it to its yielder, which stays until the body ends.
    let yielder = unsafe { &*exit.cast::<Yielder<(), ()>>() };
    yielder.suspend(());
}

/// Bytes between the calling coroutine's stack pointer and its guard.
#[inline]
pub(crate) fn remaining(head: &Head) -> usize {
    stack_pointer().saturating_sub(head.low())
}
