//! The whole block of a task: the head, and the future or what became of it.
//!
//! The content of [`Stage`] follows the state word: the future until the holder of RUNNING drops
//! it; then, for Completed, the output; for Failed, the panic's payload; for Cancelled, nothing.
//! Behind it lies the home of a task whose code has a stack of its own.

use super::header::{Birth, Header, Home, Payload, TaskPtr, Vtable};
use super::transition::Outcome;
use crate::error::JoinError;
use crate::pool::FreeBlock;
use crate::stackful::CancelUnwind;
use std::alloc::Layout;
use std::cell::{Cell as StdCell, UnsafeCell};
use std::future::Future;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

#[repr(C)]
struct Cell<F: Future> {
    head: Header,
    stage: UnsafeCell<Stage<F>>,
}

/// The block of a task that has its home behind its stage.
#[repr(C)]
struct HomedCell<F: Future> {
    cell: Cell<F>,
    home: Home,
}

union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<F::Output>,
    panic: ManuallyDrop<Payload>,
}

/// The layout of a block for a task of `F`.
pub(crate) const fn layout<F: Future>() -> Layout {
    Layout::new::<Cell<F>>()
}

/// The layout of a block for a task of `F` with its home behind the stage.
pub(crate) const fn homed_layout<F: Future>() -> Layout {
    Layout::new::<HomedCell<F>>()
}

/// What depends on `F`.
pub(crate) fn vtable<F: Future>() -> &'static Vtable {
    const {
        &Vtable {
            poll: poll::<F>,
            drop_future: drop_future::<F>,
            drop_output: drop_output::<F>,
            take_output: take_output::<F>,
            home_at: offset_of!(HomedCell<F>, home),
        }
    }
}

/// Makes a free block a task; its state word is left for the caller to publish.
///
/// # Safety
/// The block is free, fits `layout::<F>()`, and is the caller's alone; `birth.vtable` is `F`'s.
pub(crate) unsafe fn init<F: Future>(
    block: NonNull<FreeBlock>,
    birth: Birth,
    future: F,
) -> TaskPtr {
    // SAFETY: the caller's word.
    let task = unsafe { Header::init(block, birth) };
    // SAFETY: the block fits a `Cell<F>`, and its stage has no content yet.
    unsafe { stage::<F>(task).write(Stage { future: ManuallyDrop::new(future) }) };
    task
}

/// As [`init`], with a home behind the stage; `birth.origin` says that there is one.
///
/// # Safety
/// As there, with `homed_layout::<F>()`.
pub(crate) unsafe fn init_homed<F: Future>(
    block: NonNull<FreeBlock>,
    birth: Birth,
    future: F,
    home: Home,
) -> TaskPtr {
    let cell = block.cast::<HomedCell<F>>().as_ptr();
    // SAFETY: the block fits a `HomedCell<F>`, by the caller's word, and its home has no content.
    unsafe { (&raw mut (*cell).home).write(home) };
    // SAFETY: the caller's word.
    unsafe { init(block, birth, future) }
}

/// The stage of a task of `F`.
///
/// # Safety
/// The block holds a task of `F`, or is about to.
unsafe fn stage<F: Future>(task: TaskPtr) -> *mut Stage<F> {
    let cell = task.cast::<Cell<F>>().as_ptr();
    // SAFETY: inside the block, by the caller's word. (`UnsafeCell` is transparent.)
    unsafe { (&raw mut (*cell).stage).cast() }
}

/// # Safety
/// The caller holds RUNNING of a task of `F` whose future is there.
unsafe fn poll<F: Future>(task: TaskPtr, cx: &mut Context<'_>) -> Option<Outcome> {
    // SAFETY: the block holds a task of `F`.
    let stage = unsafe { stage::<F>(task) };
    // Whether the future has been given to `drop`: a panic after that is the drop's own, and the
    // future must not be dropped again.
    let dropping = StdCell::new(false);
    let polled = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: RUNNING makes the future ours, and it never moves while in the block.
        let future = unsafe { Pin::new_unchecked(&mut *(*stage).future) };
        let Poll::Ready(output) = future.poll(cx) else { return None };
        dropping.set(true);
        // SAFETY: the future is there, and not looked at again.
        unsafe { ManuallyDrop::drop(&mut (*stage).future) };
        Some(output)
    }));
    match polled {
        Ok(None) => None,
        Ok(Some(output)) => {
            // SAFETY: the stage has no content now.
            unsafe { stage.write(Stage { output: ManuallyDrop::new(output) }) };
            Some(Outcome::Completed)
        }
        Err(payload) => {
            if !dropping.get() {
                // SAFETY: the poll panicked before the future was dropped. A second panic adds
                // nothing to the first.
                let second = catch_unwind(AssertUnwindSafe(|| unsafe {
                    ManuallyDrop::drop(&mut (*stage).future);
                }));
                if let Err(second) = second {
                    super::report("a task that panicked panicked again in drop", second);
                }
            }
            if payload.is::<CancelUnwind>() {
                return Some(Outcome::Cancelled);
            }
            // SAFETY: the stage has no content now.
            unsafe { stage.write(Stage { panic: ManuallyDrop::new(payload) }) };
            Some(Outcome::Failed)
        }
    }
}

/// # Safety
/// The caller holds RUNNING of a task of `F` whose future is there.
unsafe fn drop_future<F: Future>(task: TaskPtr) -> Outcome {
    // SAFETY: the block holds a task of `F`.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: RUNNING makes the future ours, and it is not looked at again.
    let dropped = catch_unwind(AssertUnwindSafe(|| unsafe {
        ManuallyDrop::drop(&mut (*stage).future);
    }));
    match dropped {
        Ok(()) => Outcome::Cancelled,
        Err(payload) => {
            // SAFETY: the stage has no content now.
            unsafe { stage.write(Stage { panic: ManuallyDrop::new(payload) }) };
            Outcome::Failed
        }
    }
}

/// # Safety
/// The task of `F` has ended, and its output is the caller's and still there.
unsafe fn drop_output<F: Future>(task: TaskPtr) -> Result<(), Payload> {
    // SAFETY: the block holds a task of `F`.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: the caller refers to the task.
    let outcome = unsafe { task.as_ref() }.state.load().outcome();
    // SAFETY (in the closure): the outcome says which content there is, and it is ours.
    catch_unwind(AssertUnwindSafe(|| match outcome {
        // SAFETY: Completed: the output is there.
        Some(Outcome::Completed) => unsafe { ManuallyDrop::drop(&mut (*stage).output) },
        // SAFETY: Failed: the payload is there.
        Some(Outcome::Failed) => unsafe { ManuallyDrop::drop(&mut (*stage).panic) },
        Some(Outcome::Cancelled) | None => {}
    }))
}

/// # Safety
/// The task of `F` ended so, its output is the caller's and still there, and `to` points at room
/// for a `Result<F::Output, JoinError>`.
unsafe fn take_output<F: Future>(task: TaskPtr, outcome: Outcome, to: *mut ()) {
    // SAFETY: the block holds a task of `F`.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: the caller refers to the task.
    let head = unsafe { task.as_ref() };
    let result: Result<F::Output, JoinError> = match outcome {
        // SAFETY: Completed: the output is there, and not looked at again.
        Outcome::Completed => Ok(unsafe { ManuallyDrop::take(&mut (*stage).output) }),
        Outcome::Failed => {
            // SAFETY: Failed: the payload is there, and not looked at again.
            let payload = unsafe { ManuallyDrop::take(&mut (*stage).panic) };
            Err(JoinError::panicked(head.id(), payload))
        }
        Outcome::Cancelled => Err(JoinError::cancelled(head.id())),
    };
    // SAFETY: the caller's word about `to`.
    unsafe { to.cast::<Result<F::Output, JoinError>>().write(result) };
}
