//! The context of a poll function, and the operations that its task has begun.
//!
//! # Operations of a poll function
//! A poll function cannot wait, so what would wait has a twin that begins an operation and answers
//! `QI_PENDING`; the function returns that, is polled again when the operation may have come
//! further, and calls the same twin with the same arguments, which then finds what it began. So an
//! operation needs no handle and no memory of the compiled code's own.
//!
//! An operation is known by the object, the kind of operation and the place of its data. It stays
//! begun as long as every poll of its task asks for it: one that a poll did not ask for is dropped at
//! the end of that poll, as the loser of a `select` is. What its drop may lose is what the drop of the
//! Rust future may lose: nothing, for all of them.
//!
//! A context is valid during one poll, on one thread: any other pointer is told from it by comparison
//! with the one that this thread is inside of.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

use crate::code::Code;

/// What an operation is known by: the handle, the kind of operation, the address of its data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    pub(crate) handle: u64,
    pub(crate) operation: u32,
    pub(crate) data: usize,
}

type Operation = Pin<Box<dyn Future<Output = Result<Code, Code>> + Send>>;

struct Begun {
    key: Key,
    was_asked_for: bool,
    operation: Operation,
}

/// How an operation starts.
pub(crate) enum Start<F> {
    /// It was done at once.
    Done,
    /// It may have to wait.
    Waits(F),
}

/// What the task of a poll function has begun.
#[derive(Default)]
pub(crate) struct Operations(Vec<Begun>);

impl Operations {
    /// Polls what was begun under this key, or begins it.
    fn poll(
        &mut self,
        key: Key,
        cx: &mut Context<'_>,
        begin: impl FnOnce() -> Operation,
    ) -> Result<Code, Code> {
        let index = self.0.iter().position(|begun| begun.key == key).unwrap_or_else(|| {
            self.0.push(Begun { key, was_asked_for: true, operation: begin() });
            self.0.len() - 1
        });
        let begun = &mut self.0[index];
        begun.was_asked_for = true;
        match begun.operation.as_mut().poll(cx) {
            Poll::Pending => Ok(Code::PENDING),
            Poll::Ready(result) => {
                self.0.swap_remove(index);
                result
            }
        }
    }

    /// As [`poll`](Self::poll), for what may be moved: it is kept only if it is not ready at once.
    fn poll_or_keep<F>(
        &mut self,
        key: Key,
        cx: &mut Context<'_>,
        begin: impl FnOnce() -> Result<Start<F>, Code>,
    ) -> Result<Code, Code>
    where
        F: Future<Output = Result<Code, Code>> + Send + Unpin + 'static,
    {
        if self.0.iter().any(|begun| begun.key == key) {
            return self.poll(key, cx, || Box::pin(pending()));
        }
        let Start::Waits(mut operation) = begin()? else { return Ok(Code::OK) };
        match Pin::new(&mut operation).poll(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                self.0.push(Begun { key, was_asked_for: true, operation: Box::pin(operation) });
                Ok(Code::PENDING)
            }
        }
    }

    /// Ends a poll: what it did not ask for is given up.
    fn end_poll(&mut self) {
        self.0.retain_mut(|begun| std::mem::take(&mut begun.was_asked_for));
    }
}

/// What a poll function is handed: opaque to it, and valid until it returns.
pub struct PollContext {
    context: *mut Context<'static>,
    operations: *mut Operations,
}

thread_local! {
    /// The context of the poll function that this thread is inside of.
    static CURRENT: Cell<*const PollContext> = const { Cell::new(ptr::null()) };
}

/// Puts back what was current, however the call ends.
struct Restore(*const PollContext);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Runs a poll function with a context of its own.
pub(crate) fn enter<R>(
    cx: &mut Context<'_>,
    operations: &mut Operations,
    poll: impl FnOnce(*mut PollContext) -> R,
) -> R {
    let outer = CURRENT.get();
    let mut frame =
        PollContext { context: ptr::from_mut(cx).cast(), operations: ptr::from_mut(operations) };
    let pointer = ptr::from_mut(&mut frame);
    CURRENT.set(pointer);
    let restore = Restore(outer);
    let result = poll(pointer);
    drop(restore);
    operations.end_poll();
    result
}

/// Whether the calling thread is inside a poll function.
pub(crate) fn is_inside() -> bool {
    !current().is_null()
}

/// The context of the poll function that the calling thread is inside of, null outside of one.
pub(crate) fn current() -> *const PollContext {
    CURRENT.try_with(Cell::get).unwrap_or(ptr::null())
}

/// Leaves the poll function for the time of `code`, which may run other tasks: an awaited child may
/// be run in place, and is not inside its parent's poll function.
fn outside<R>(code: impl FnOnce() -> R) -> R {
    let _restore = Restore(CURRENT.replace(ptr::null()));
    code()
}

/// Uses the context of the poll function that the calling thread is inside of.
///
/// # Errors
/// [`Code::ERR_INVALID`] if `pointer` is any other, or if this is called from within another use.
fn with<R>(
    pointer: *const PollContext,
    code: impl FnOnce(&mut Context<'_>, &mut Operations) -> R,
) -> Result<R, Code> {
    if pointer.is_null() {
        return Err(Code::ERR_NULL);
    }
    if CURRENT.get() != pointer {
        return Err(Code::ERR_INVALID);
    }
    // SAFETY: it is the context of a call of `enter` that has not returned, on this thread; nobody
    // has a unique reference to it.
    let frame = unsafe { &*pointer };
    // While `code` runs the thread is not inside the poll function, so that a second use is refused.
    outside(|| {
        // SAFETY: both are borrowed by that call for as long as it lasts, and used here only, by one
        // use at a time.
        let (cx, operations) = unsafe { (&mut *frame.context, &mut *frame.operations) };
        Ok(code(cx, operations))
    })
}

/// The twin of a call that suspends: polls the operation of this key, begun if need be.
pub(crate) fn poll_operation<F>(
    pointer: *const PollContext,
    key: Key,
    begin: impl FnOnce() -> F,
) -> Result<Code, Code>
where
    F: Future<Output = Result<Code, Code>> + Send + 'static,
{
    with(pointer, |cx, operations| operations.poll(key, cx, || Box::pin(begin())))?
}

/// As [`poll_operation`], for an operation that may be moved: it is kept, in memory of its own, only if
/// it is not ready at once.
pub(crate) fn poll_or_keep<F>(
    pointer: *const PollContext,
    key: Key,
    begin: impl FnOnce() -> Result<Start<F>, Code>,
) -> Result<Code, Code>
where
    F: Future<Output = Result<Code, Code>> + Send + Unpin + 'static,
{
    with(pointer, |cx, operations| operations.poll_or_keep(key, cx, begin))?
}

/// The waker of the task that is being polled.
pub(crate) fn waker(pointer: *const PollContext) -> Result<Waker, Code> {
    with(pointer, |cx, _| cx.waker().clone())
}

/// Has the task polled again, soon.
pub(crate) fn wake_self(pointer: *const PollContext) -> Result<(), Code> {
    with(pointer, |cx, _| cx.waker().wake_by_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use std::sync::Arc;

    fn key(data: usize) -> Key {
        Key { handle: 1, operation: 2, data }
    }

    fn in_a_poll<R>(operations: &mut Operations, code: impl FnOnce(*mut PollContext) -> R) -> R {
        enter(&mut Context::from_waker(Waker::noop()), operations, code)
    }

    #[test]
    fn context_is_valid_inside_its_poll_only() {
        let mut operations = Operations::default();
        let kept = in_a_poll(&mut operations, |cx| {
            assert!(is_inside());
            assert!(wake_self(cx).is_ok());
            assert_eq!(waker(ptr::null()).err(), Some(Code::ERR_NULL));
            assert_eq!(waker(cx.wrapping_add(1)).err(), Some(Code::ERR_INVALID));
            outside(|| {
                assert!(!is_inside());
                assert_eq!(wake_self(cx), Err(Code::ERR_INVALID));
            });
            cx
        });
        assert!(!is_inside());
        assert_eq!(wake_self(kept), Err(Code::ERR_INVALID));
    }

    #[test]
    fn operation_goes_on_while_it_is_asked_for_and_is_dropped_otherwise() {
        let alive = Arc::new(());
        let mut operations = Operations::default();
        let begin = || {
            let alive = Arc::clone(&alive);
            async move {
                pending::<()>().await;
                drop(alive);
                Ok(Code::OK)
            }
        };
        for _ in 0..3 {
            in_a_poll(&mut operations, |cx| {
                assert_eq!(poll_operation(cx, key(1), begin), Ok(Code::PENDING));
                assert_eq!(poll_operation(cx, key(2), begin), Ok(Code::PENDING));
            });
            assert_eq!(Arc::strong_count(&alive), 3, "each was begun once");
        }
        in_a_poll(&mut operations, |cx| {
            assert_eq!(poll_operation(cx, key(1), begin), Ok(Code::PENDING));
        });
        assert_eq!(Arc::strong_count(&alive), 2);
    }

    #[test]
    fn operation_that_ends_is_forgotten_and_may_begin_anew() {
        let mut operations = Operations::default();
        in_a_poll(&mut operations, |cx| {
            assert_eq!(
                poll_operation(cx, key(1), || ready(Err(Code::ERR_CLOSED))),
                Err(Code::ERR_CLOSED)
            );
            assert_eq!(poll_operation(cx, key(1), || ready(Ok(Code::OK))), Ok(Code::OK));
        });
        assert!(operations.0.is_empty());
    }

    #[test]
    fn call_from_within_an_operation_is_refused() {
        let mut operations = Operations::default();
        in_a_poll(&mut operations, |cx| {
            let address = cx as usize;
            let begin =
                move || async move { wake_self(address as *const PollContext).map(|()| Code::OK) };
            assert_eq!(poll_operation(cx, key(1), begin), Err(Code::ERR_INVALID));
            assert!(wake_self(cx).is_ok());
        });
    }
}
