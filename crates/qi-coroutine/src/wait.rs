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
use std::task::{Context, Poll, Waker};
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
#[inline]
pub fn wait<F: Future>(future: F) -> F::Output {
    wait_inside(future).unwrap_or_else(block_thread)
}

/// As [`wait`], but only in a coroutine: for schedulers, whose threads have something better to do than
/// to block.
///
/// # Errors
/// Outside of a coroutine the future comes back.
///
/// # Examples
/// ```
/// use qi_coroutine::{block_on, wait_inside};
/// assert_eq!(wait_inside(async { 3 }).unwrap_or_else(|future| block_on(future) + 1), 4);
/// ```
#[inline]
pub fn wait_inside<F: Future>(future: F) -> Result<F::Output, F> {
    let Some(head) = engine::current() else { return Err(future) };
    match drive(head, pin!(future), Manner::Unwind) {
        Ok(output) => Ok(output),
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
#[inline]
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, Cancelled> {
    let Some(head) = engine::current() else { return Ok(block_thread(future)) };
    drive(head, pin!(future), Manner::Answer)
}

#[cold]
fn block_thread<F: Future>(future: F) -> F::Output {
    park::block_on(future)
}

/// A call of its own: what the future looks up on the thread must not be remembered over a suspension,
/// after which a coroutine that may migrate is on another one.
#[inline(never)]
fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls until the future is ready, and suspends the coroutine in between.
///
/// The way through a suspension lies in the caller's frame as far as it can: each return from a call that
/// was suspended is one that the processor has guessed wrong.
#[inline(always)]
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
            if let Poll::Ready(output) = poll_once(future.as_mut(), frame.waker(&mut copy)) {
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
        // A frame that lends to others may stand or fall with this wait, so a panic of the embedder, of which
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
#[inline]
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
#[inline]
pub fn yield_now() {
    let mut yielded = false;
    let once = std::future::poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    if wait_inside(once).is_err() {
        thread::yield_now();
    }
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
