//! A coroutine as the future of a task.
//!
//! # Blocking
//! A coroutine that must not be suspended and yet has to wait (in a destructor while it unwinds; or
//! because it caught its cancellation again and again) is suspended all the same, but its poll does
//! not return: the thread gives its seat away and polls on, here, on its own stack, until the wait is
//! over. Tasks pinned to the thread are run meanwhile, as in any nested `block_on`; on the
//! coroutine's stack, which may be small, they could not be. (I62)

use crate::along::MARKS;
use crate::coroutines::{self, Coroutines, NoStack};
use qi_coroutine::{BlockedWhy, Coroutine, Label, Outcome};
use qi_sched::stackful::{self, Baggage};
use qi_sched::{Handle, context};
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a coroutine is made with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) stack_bytes: Option<usize>,
}

/// A coroutine that is polled by a worker.
#[derive(Debug)]
pub(crate) struct CoroutineTask<T: 'static> {
    coroutine: Coroutine<T>,
    baggage: Baggage,
    reported: bool,
}

impl<T: 'static> CoroutineTask<T> {
    /// Takes a stack for `f`. Called by the task's first poll.
    ///
    /// If the system refuses one, or its size is out of range, the task fails.
    ///
    /// # Panics
    /// If the scheduler was built without coroutines.
    pub(crate) fn begin(options: &Options, f: impl FnOnce() -> T + 'static) -> Self {
        let number = context::task_id().map_or(0, |id| id.as_u64());
        let name = options.name.as_deref().map(Into::into);
        let stack = match coroutines::take(options.stack_bytes) {
            Ok(stack) => stack,
            Err(NoStack::Refused(error)) => stackful::fail_for_want_of_a_stack(&error),
            Err(NoStack::NoPool) => panic!("the scheduler was built without coroutines"),
        };
        let mut coroutine = Coroutine::new(stack, Label::numbered(number).named(name), f);
        coroutine.set_poller_blocks(true);
        coroutine.take_along(&MARKS);
        Self { coroutine, baggage: Baggage::default(), reported: false }
    }

    /// Resumes it once.
    #[inline(always)]
    fn resume(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Outcome>> {
        let Self { coroutine, baggage, .. } = self;
        // SAFETY: `baggage` is this coroutine's and nobody else's. Its stack is freed by `Coroutine`
        // alone, which unwinds it first; and who lets it change threads promised the rest.
        unsafe { baggage.carry(|| Pin::new(coroutine).poll(cx)) }
    }

    /// Polls on while the coroutine must not be left, blocking the thread. `Pending`: it may be now.
    #[cold]
    fn block(&mut self) -> Poll<Result<T, Outcome>> {
        if self.coroutine.must_block() != Some(BlockedWhy::Stuck) {
            coroutines::here(|here: &Coroutines| here.count_blocked(false));
        }
        self.report_stuck();
        Handle::current().block_on(poll_fn(|cx| match self.resume(cx) {
            Poll::Ready(result) => Poll::Ready(Poll::Ready(result)),
            Poll::Pending if self.coroutine.must_block().is_some() => {
                self.report_stuck();
                Poll::Pending
            }
            // The wait is over, and another one may be suspended. It has left its own waker where it
            // waits: it is polled once more with the task's.
            Poll::Pending => Poll::Ready(Poll::Pending),
        }))
    }

    /// Says so, once, if it runs on as a blocking call.
    fn report_stuck(&mut self) {
        let stuck = self.coroutine.must_block() == Some(BlockedWhy::Stuck);
        if !stuck || std::mem::replace(&mut self.reported, true) {
            return;
        }
        coroutines::here(|here: &Coroutines| here.count_blocked(true));
        tracing::warn!(
            coroutine = ?self.coroutine,
            "a cancelled coroutine caught the unwinding three times and waits again: it goes on as a \
             blocking call"
        );
    }
}

impl<T: 'static> Future for CoroutineTask<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        if stackful::is_cancelled() {
            this.coroutine.cancel();
        }
        match this.resume(cx) {
            Poll::Pending if this.coroutine.must_block().is_none() => Poll::Pending,
            Poll::Pending => this.poll_blocking(cx),
            Poll::Ready(result) => this.conclude(result),
        }
    }
}

impl<T: 'static> CoroutineTask<T> {
    /// Polls on until the coroutine may be left.
    #[cold]
    fn poll_blocking(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        while self.coroutine.must_block().is_some() {
            let mut polled = self.block();
            if polled.is_pending() {
                polled = self.resume(cx);
            }
            if let Poll::Ready(result) = polled {
                return self.conclude(result);
            }
        }
        Poll::Pending
    }

    /// It has ended: its stack goes back.
    #[inline(never)]
    fn conclude(&mut self, result: Result<T, Outcome>) -> Poll<T> {
        if let Some(stack) = self.coroutine.take_stack() {
            coroutines::give(stack);
        }
        match result {
            Ok(output) => Poll::Ready(output),
            Err(Outcome::Panicked(payload)) => resume_unwind(payload),
            Err(_) => stackful::unwind_as_cancelled(),
        }
    }
}
