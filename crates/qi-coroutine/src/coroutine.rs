//! A coroutine as a future.
//!
//! States: not started (a closure on a stack) → suspended ⇄ running (a poll) → spent (its stack can
//! be taken). Dropping cancels one that is suspended and resumes it a last time, in which it may not
//! suspend: so destructors run once, on the thread that drops.

use crate::along::Along;
use crate::cancel::Unwind;
use crate::embedder::BlockedWhy;
use crate::engine::Fiber;
use crate::label::Label;
use crate::stack::Stack;
use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};
use thiserror::Error;

/// A closure with a stack of its own, as a future of its result.
///
/// It stays on one thread: what lies on its stack may belong to the thread. See [`Portable`].
///
/// ```compile_fail
/// fn goes<T: Send>() {}
/// goes::<qi_coroutine::Coroutine<u8>>();
/// ```
///
/// Dropped before its end it is unwound, as by cancelling: destructors run, on the thread that
/// drops it, and where they wait, they block that thread.
///
/// # Cancel safety
/// Dropping it is cancelling it, so no.
///
/// # Examples
/// ```
/// use qi_coroutine::{Coroutine, Label, Outcome, StackPool, StackPoolConfig, block_on};
/// let pool = StackPool::new(StackPoolConfig::default())?;
/// let broken = Coroutine::new(pool.take(None)?, Label::unnamed(), || {
///     if true { std::panic::resume_unwind(Box::new(7)) }
/// });
/// assert!(matches!(block_on(broken), Err(Outcome::Panicked(payload)) if payload.is::<i32>()));
/// # Ok::<(), qi_coroutine::StackError>(())
/// ```
pub struct Coroutine<T: 'static> {
    state: State<T>,
}

enum State<T: 'static> {
    Live(Fiber<Result<T, Payload>>),
    Spent(Option<Stack>),
}

type Payload = Box<dyn Any + Send>;

/// Why a coroutine has no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Outcome {
    /// It was cancelled.
    #[error("the coroutine was cancelled")]
    Cancelled,
    /// It panicked, with this payload.
    #[error("the coroutine panicked")]
    Panicked(Box<dyn Any + Send>),
}

impl Outcome {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Cancelled => "协程已被取消".into(),
            Self::Panicked(_) => "协程发生了 panic".into(),
        }
    }
}

impl<T: 'static> Coroutine<T> {
    /// A coroutine that will run `f` on `stack`; it begins when it is polled.
    #[inline]
    pub fn new(stack: Stack, label: Label, f: impl FnOnce() -> T + 'static) -> Self {
        let body = move || catch_unwind(AssertUnwindSafe(f));
        Self { state: State::Live(Fiber::new(stack, label, body)) }
    }

    /// Whether it has begun. From then on it belongs to its thread.
    #[must_use]
    pub fn is_started(&self) -> bool {
        match &self.state {
            State::Live(fiber) => fiber.is_started(),
            State::Spent(_) => true,
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Spent(_))
    }

    /// Asks it to end: where it waits next, or waits already, it is unwound or answered. To be
    /// polled until it is ready, because what it does then may wait. One that has not begun never
    /// does.
    pub fn cancel(&mut self) {
        if let State::Live(fiber) = &self.state {
            fiber.head().cancel();
        }
    }

    /// Lets whoever polls block the thread where the coroutine would have to: it is suspended there,
    /// and [`must_block`](Self::must_block) says why. The poller then polls on, on this thread, until
    /// that is over, and lets nothing run meanwhile that the reason forbids. So other work of the
    /// thread need not run on the coroutine's stack, which may be small. Off at first.
    #[inline]
    pub fn set_poller_blocks(&mut self, on: bool) {
        if let State::Live(fiber) = &self.state {
            fiber.head().set_poller_blocks(on);
        }
    }

    /// Has it find what its poller's thread is marked with, where it runs on a thread of its own. Where
    /// stacks are switched it finds that anyway, and this does nothing.
    #[inline]
    pub fn take_along(&mut self, along: &'static dyn Along) {
        if let State::Live(fiber) = &self.state {
            fiber.set_along(along);
        }
    }

    /// Why its thread must be blocked until it was polled again and this says `None`.
    #[inline]
    #[must_use]
    pub fn must_block(&self) -> Option<BlockedWhy> {
        match &self.state {
            State::Live(fiber) => fiber.head().must_block(),
            State::Spent(_) => None,
        }
    }

    /// Ends it here and now, as dropping it does.
    #[inline]
    pub fn end(&mut self) {
        if !self.is_ended() {
            self.end_now();
        }
    }

    #[cold]
    fn end_now(&mut self) {
        let State::Live(fiber) = &mut self.state else { return };
        if fiber.is_started() {
            fiber.head().abandon();
            // What it left behind is dropped: nobody waits for it.
            let Some(rest) = fiber.resume(ptr::null()) else {
                eprintln!("qi-coroutine: a coroutine that may not be suspended was");
                std::process::abort();
            };
            self.spend();
            drop(rest);
        } else {
            self.state = State::Spent(None);
        }
    }

    /// The stack of one that has ended, once; it returns to the pool by itself if nobody takes it.
    #[inline]
    pub fn take_stack(&mut self) -> Option<Stack> {
        match &mut self.state {
            State::Live(_) => None,
            State::Spent(stack) => stack.take(),
        }
    }

    /// Takes the stack back from a fiber that has ended.
    fn spend(&mut self) {
        if let State::Live(fiber) = mem::replace(&mut self.state, State::Spent(None)) {
            self.state = State::Spent(fiber.finish());
        }
    }

    #[cold]
    fn never_begin(&mut self) -> Result<T, Outcome> {
        self.state = State::Spent(None);
        Err(Outcome::Cancelled)
    }

    /// What became of it.
    #[inline(never)]
    fn conclude(&mut self, result: Result<T, Payload>) -> Result<T, Outcome> {
        let is_cancelled = match &self.state {
            State::Live(fiber) => fiber.head().is_cancelled(),
            State::Spent(_) => true,
        };
        self.spend();
        result.map_err(|payload| {
            let is_ours = is_cancelled && payload.is::<Unwind>();
            if is_ours { Outcome::Cancelled } else { Outcome::Panicked(payload) }
        })
    }
}

// Nothing refers to the handle itself, only to the stack.
impl<T: 'static> Unpin for Coroutine<T> {}

impl<T: 'static> Future for Coroutine<T> {
    type Output = Result<T, Outcome>;

    /// In place: each frame between whoever polls and the switch is one more to return through.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let State::Live(fiber) = &mut self.state else {
            panic!("a coroutine was polled after its end")
        };
        let begins = fiber.is_started() || cfg!(qi_mutant = "coroutine_begins_though_cancelled");
        if fiber.head().is_cancelled() && !begins {
            return Poll::Ready(self.never_begin());
        }
        match fiber.resume(cx.waker()) {
            None => Poll::Pending,
            Some(result) => Poll::Ready(self.conclude(result)),
        }
    }
}

impl<T: 'static> Drop for Coroutine<T> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<T: 'static> fmt::Debug for Coroutine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = match &self.state {
            State::Live(fiber) => Some(fiber.head().label()),
            State::Spent(_) => None,
        };
        f.debug_struct("Coroutine")
            .field("label", &label)
            .field("is_started", &self.is_started())
            .field("is_ended", &self.is_ended())
            .finish()
    }
}

/// A coroutine that may go to another thread, by promise of whoever wraps it.
///
/// A scheduler makes one from a closure that is `Send`, may move it while it has not begun, and
/// polls and drops it on one thread from then on.
#[derive(Debug)]
pub struct Portable<T: 'static>(Coroutine<T>);

impl<T: 'static> Portable<T> {
    /// # Safety
    /// Its closure and result are `Send`; and once it was polled, it is polled, ended and dropped on
    /// that thread alone. Only for a closure that keeps nothing of its thread over a suspension, no
    /// thread-local, no guard, no value that is not `Send`, and for compilers that do not either,
    /// may it go elsewhere between two polls.
    #[must_use]
    pub unsafe fn new(coroutine: Coroutine<T>) -> Self {
        Self(coroutine)
    }

    /// The coroutine inside.
    pub fn get_mut(&mut self) -> &mut Coroutine<T> {
        &mut self.0
    }

    /// The coroutine inside.
    #[must_use]
    pub fn get_ref(&self) -> &Coroutine<T> {
        &self.0
    }
}

// SAFETY: `new` was promised that everything that happens after a move is allowed there.
unsafe impl<T: 'static> Send for Portable<T> {}

impl<T: 'static> Future for Portable<T> {
    type Output = Result<T, Outcome>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}
