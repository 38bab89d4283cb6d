//! What code inside of a coroutine calls: waiting, yielding, and what it may know of itself.
#![forbid(unsafe_code)]

use crate::cancel::{Cancelled, raise};
use crate::embedder::{Blocked, BlockedWhy};
use crate::engine;
use crate::head::{Head, Manner, Verdict};
use crate::label::Label;
use crate::park;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::thread;

/// Waits for `future`: the calling coroutine is suspended, with all its callers, until that is
/// ready. Outside of a coroutine it blocks the thread.
///
/// In a coroutine that was cancelled it does not return if it would have to wait: the stack is
/// unwound, without a message, and `future` dropped. Code that catches this and waits again is
/// unwound twice more; after that the wait blocks the thread. A destructor that waits while its
/// frame is unwound blocks the thread, too.
///
/// # Examples
/// ```
/// use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig, block_on, wait};
/// let pool = StackPool::new(StackPoolConfig::default())?;
/// let coroutine = Coroutine::new(pool.take(None)?, Label::unnamed(), || wait(async { 3 }));
/// assert_eq!(block_on(coroutine)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait<F: Future>(future: F) -> F::Output {
    let future = pin!(future);
    let Some(head) = engine::current() else { return park::block_on(future) };
    match drive(head, future, Manner::Unwind) {
        Ok(output) => output,
        // A wait of this manner unwinds instead.
        Err(Cancelled) => raise(),
    }
}

/// Waits for `future` as [`wait`] does, but answers if the coroutine was cancelled, instead of
/// being unwound.
///
/// # Errors
/// The coroutine was cancelled, and `future` dropped. If ten thousand answers were of no effect,
/// it blocks the thread until `future` is ready.
///
/// # Examples
/// ```
/// use qi_coroutine::{Coroutine, Label, StackPool, StackPoolConfig, block_on, try_wait};
/// let pool = StackPool::new(StackPoolConfig::default())?;
/// let coroutine = Coroutine::new(pool.take(None)?, Label::unnamed(), || try_wait(async { 3 }));
/// assert_eq!(block_on(coroutine)?, Ok(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, Cancelled> {
    let future = pin!(future);
    let Some(head) = engine::current() else { return Ok(park::block_on(future)) };
    drive(head, future, Manner::Answer)
}

/// Polls until the future is ready, and suspends the coroutine in between.
#[inline]
fn drive<F: Future>(
    head: &Head,
    mut future: Pin<&mut F>,
    manner: Manner,
) -> Result<F::Output, Cancelled> {
    let mut frame = head.enter();
    let mut copy = None;
    let mut was_suspended = false;
    loop {
        // One that is cancelled while it is suspended drops its future without another poll.
        if !(was_suspended && head.is_ending(manner)) {
            let mut cx = Context::from_waker(frame.waker(&mut copy));
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
        }
        match head.verdict(manner, was_suspended) {
            Verdict::Suspend => engine::suspend(head),
            Verdict::Raise => raise(),
            Verdict::Refuse(answer) => return Err(answer),
            Verdict::Block(why) if head.poller_blocks() => {
                head.set_must_block(Some(why));
                engine::suspend(head);
                head.set_must_block(None);
                // Cancelled or not, this wait goes on.
                was_suspended = false;
                continue;
            }
            Verdict::Block(why) => return Ok(block(head, why, future)),
        }
        was_suspended = true;
    }
}

/// Runs the future to its end here and now, in the way that the embedder wishes.
#[cold]
fn block<F: Future>(head: &Head, why: BlockedWhy, mut future: Pin<&mut F>) -> F::Output {
    let mut output = None;
    {
        let mut rest = pin!(async { output = Some(future.as_mut().await) });
        let mut done = false;
        let mut whole = pin!(std::future::poll_fn(|cx| {
            if !done {
                std::task::ready!(rest.as_mut().poll(cx));
                done = true;
            }
            Poll::Ready(())
        }));
        let blocked = Blocked::new(head.label(), why);
        let asked = AssertUnwindSafe(|| head.embedder().block_on(&blocked, whole.as_mut()));
        // A scope's frame may stand or fall with this wait, so a panic of the embedder, of which
        // the panic hook has told, is not passed on.
        let _ = catch_unwind(asked);
        // Nothing is left to do if the embedder kept its word.
        park::block_on(whole);
    }
    match output {
        Some(output) => output,
        None => unreachable!("a future that is done left nothing"),
    }
}

/// Suspends the coroutine until it is polled again, which nobody is asked to do; whoever suspends
/// so has told somebody. It may return at any time, and does so at once where suspending is not
/// possible. Outside of a coroutine it yields the thread.
///
/// It is a suspension point: a coroutine that was cancelled is unwound here, as in [`wait`].
pub fn suspend() {
    let Some(head) = engine::current() else { return thread::yield_now() };
    for was_suspended in [false, true] {
        if was_suspended && !head.is_ending(Manner::Unwind) {
            return;
        }
        match head.verdict(Manner::Unwind, was_suspended) {
            Verdict::Suspend => engine::suspend(head),
            Verdict::Raise => raise(),
            Verdict::Refuse(_) | Verdict::Block(_) => return thread::yield_now(),
        }
    }
}

/// Lets others run: the coroutine is suspended, and woken at once. Outside of a coroutine it yields
/// the thread.
pub fn yield_now() {
    if !in_coroutine() {
        return thread::yield_now();
    }
    let mut yielded = false;
    wait(std::future::poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
}

/// Runs `f` and keeps cancelling away meanwhile: waits inside suspend the coroutine as if nobody had
/// cancelled it. What was asked meanwhile takes effect at the next wait after it.
///
/// # Examples
/// ```
/// assert_eq!(qi_coroutine::shield(|| 5), 5);
/// ```
pub fn shield<R>(f: impl FnOnce() -> R) -> R {
    let _shield = engine::current().map(Head::shield);
    f()
}

/// Whether the caller runs inside of a coroutine.
#[inline]
#[must_use]
pub fn in_coroutine() -> bool {
    engine::current().is_some()
}

/// Bytes of stack that the calling coroutine has left, or `None` outside of one.
#[inline]
#[must_use]
pub fn stack_remaining() -> Option<usize> {
    engine::current().map(engine::remaining)
}

/// The calling coroutine, or `None` outside of one.
#[must_use]
pub fn current() -> Option<Current> {
    let head = engine::current()?;
    Some(Current { label: head.label().clone(), stack_bytes: head.usable() })
}

/// What a coroutine may know of itself.
#[derive(Clone, Debug)]
pub struct Current {
    label: Label,
    stack_bytes: usize,
}

impl Current {
    /// Its number and name.
    #[must_use]
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Usable bytes of its stack, all in all.
    #[must_use]
    pub fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }
}
