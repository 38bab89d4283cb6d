//! Coroutines by switching stacks, over corosensei.
//!
//! ```text
//!   slot.top()  ┌──────────────┐ ─┐
//!               │ Head         │  │ found from any stack pointer in the slot
//!               ├──────────────┤  │ Crown
//!               │ corosensei's │  │ with the stack itself, so that a coroutine is one word that moves
//!               │ object       │  │
//!   base()      ├──────────────┤ ─┘
//!               │ its frames   │  parent link; the closure until it starts
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
use crate::along::Along;
use crate::arena;
use crate::head::Head;
use crate::label::Label;
use crate::slot::Slot;
use crate::stack::Stack;
use crate::tsan;
use corosensei::stack::{STACK_ALIGNMENT, Stack as Ground, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::mem::{ManuallyDrop, offset_of};
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

/// A closure on a stack of its own, at whose upper end all of it lies.
pub(crate) struct Fiber<R>(NonNull<Crown<R>>);

/// What lies above the frames of a coroutine, whose size does not depend on `R`.
#[repr(C)]
struct Crown<R> {
    inner: Coroutine<(), (), R, Place>,
    shadow: tsan::Fiber,
    head: Head,
}

const CROWN: usize = size_of::<Crown<()>>();

const _: () = assert!(CROWN % STACK_ALIGNMENT == 0);
const _: () = assert!(offset_of!(Crown<()>, head) + size_of::<Head>() == CROWN);

/// A stack as corosensei sees it: what is below the crown.
struct Place {
    stack: Stack,
    base: StackPointer,
}

#[inline]
fn head_below(top: usize) -> *mut Head {
    (top - size_of::<Head>()) as *mut Head
}

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
        const { assert!(size_of::<Crown<R>>() == CROWN) };
        let crown = (stack.slot().top() - CROWN) as *mut Crown<R>;
        // SAFETY: the upper end of a stack that nobody else has is not at the address 0.
        let crown = unsafe { NonNull::new_unchecked(crown) };
        // SAFETY: there is room, and it is aligned, because slots are whole pages and the size is a
        // multiple of the alignment.
        let head = unsafe { &raw mut (*crown.as_ptr()).head };
        // SAFETY: as above.
        unsafe { head.write(Head::new(&stack, label)) };
        let body = move |yielder: &Yielder<(), ()>, ()| {
            // SAFETY: the head stays until `finish`, which comes after this body has ended.
            unsafe { &*head }.set_exit((&raw const *yielder).cast());
            f()
        };
        let inner = Coroutine::with_stack(Place { stack, base: crown.addr() }, body);
        // SAFETY: as for the head.
        unsafe { (&raw mut (*crown.as_ptr()).inner).write(inner) };
        // SAFETY: as for the head.
        unsafe { (&raw mut (*crown.as_ptr()).shadow).write(tsan::Fiber::new()) };
        Self(crown)
    }

    #[inline]
    pub(crate) fn head(&self) -> &Head {
        // SAFETY: written in `new`, and dropped only where the fiber is.
        unsafe { &(*self.0.as_ptr()).head }
    }

    #[inline]
    pub(crate) fn is_started(&self) -> bool {
        !self.head().exit().is_null()
    }

    /// Nothing is to be carried: it runs on its poller's thread.
    #[inline]
    pub(crate) fn set_along(&self, _along: &'static dyn Along) {}

    /// Runs it until it is suspended or has ended, and then gives its result.
    #[inline]
    pub(crate) fn resume(&mut self, given: *const Waker) -> Option<R> {
        self.head().set_given(given);
        let (top, usable) = run_on(self.0.addr().get() + CROWN, self.head().usable());
        // SAFETY: written in `new`; only this fiber, which is borrowed, comes to it.
        let shadow = unsafe { &mut (*self.0.as_ptr()).shadow };
        // SAFETY: as above. What runs on the stack touches the head alone.
        let inner = unsafe { &mut (*self.0.as_ptr()).inner };
        let parent = tsan::enter(shadow);
        let result = inner.resume(());
        tsan::leave(parent);
        run_on(top, usable);
        match result {
            CoroutineResult::Yield(()) => None,
            CoroutineResult::Return(result) => Some(result),
        }
    }

    /// The stack of one that has ended.
    #[inline]
    pub(crate) fn finish(self) -> Option<Stack> {
        let mut fiber = ManuallyDrop::new(self);
        let waker = fiber.head().take_waker();
        // SAFETY: the fiber is not used again, nor dropped.
        let inner = unsafe { fiber.clear() };
        let stack = inner.into_stack().stack;
        drop(waker);
        Some(stack)
    }
}

impl<R> Fiber<R> {
    /// Drops all that lies on the stack but what owns it.
    ///
    /// # Safety
    /// The coroutine has ended or not begun, and the fiber is not used again.
    #[inline]
    unsafe fn clear(&mut self) -> Coroutine<(), (), R, Place> {
        let crown = self.0.as_ptr();
        // SAFETY: the caller's word: nobody looks at the head again, or drops it again.
        unsafe { (&raw mut (*crown).head).drop_in_place() };
        // SAFETY: as above.
        unsafe { (&raw mut (*crown).shadow).drop_in_place() };
        // SAFETY: as above. It is moved away, because it owns the stack on which it lies.
        unsafe { (&raw const (*crown).inner).read() }
    }
}

impl<R> Drop for Fiber<R> {
    /// Drops one that never began, with its closure, and its stack returns to the pool.
    fn drop(&mut self) {
        // SAFETY: the fiber is not used again.
        drop(unsafe { self.clear() });
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
const EXIT_BELOW: usize = offset_of!(Crown<()>, head) + 16;

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
