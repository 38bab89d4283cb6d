//! What the spawner of a blocking scope's child holds.
#![forbid(unsafe_code)]

use super::register::{ChildId, Register};
use crate::error::{ChildError, PanicPayload};
use crate::slot::Slot;
use qi_sched::{AbortHandle, Handle};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A child of a [`scope_blocking`](crate::scope_blocking). Dropping it leaves the child to the scope.
///
/// It is a future, for other children of the scope; the body, which is no future, calls
/// [`join`](Self::join).
///
/// # Cancel safety
/// Nothing is lost but the result.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// # scheduler.handle().enter(|| {
/// let words = ["one", "three"];
/// let letters = qi_scope::scope_blocking(|scope| {
///     let first = scope.spawn(async { words[0].len() });
///     let second = scope.spawn_blocking(|| words[1].len());
///     let both = scope.spawn(async { first.await.unwrap() + second.await.unwrap() });
///     both.join().unwrap()
/// });
/// assert_eq!(letters, 8);
/// # });
/// ```
pub struct ScopedTask<'scope, T> {
    pub(super) slot: Arc<Slot<T>>,
    pub(super) register: Arc<Register>,
    pub(super) child: ChildId,
    /// `None` if the child was refused.
    pub(super) abort: Option<AbortHandle>,
    pub(super) handle: &'scope Handle,
    pub(super) scope: PhantomData<&'scope mut &'scope ()>,
}

impl<T> ScopedTask<'_, T> {
    /// Blocks until the child has ended. Inside a task, the worker's seat goes to another thread
    /// meanwhile.
    ///
    /// # Errors
    /// [`ChildError`] if it panicked (the scope does not panic for it then) or was cancelled.
    pub fn join(self) -> Result<T, ChildError> {
        let handle = self.handle;
        handle.block_on(self)
    }

    /// Asks the child to end at its next suspension point. A closure that has begun goes on.
    pub fn cancel(&self) {
        if let Some(abort) = &self.abort {
            // An error says that it has ended, or is a call that has begun.
            let _ = abort.cancel();
        }
    }

    /// Whether the child has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.slot.is_closed()
    }
}

impl<T> Future for ScopedTask<'_, T> {
    type Output = Result<T, ChildError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.slot.poll_take(cx).map(|value| match value {
            Some(value) => Ok(value),
            None => Err(match self.register.take_panic(self.child) {
                Some(payload) => ChildError::Panicked(PanicPayload::new(payload)),
                None => ChildError::Cancelled,
            }),
        })
    }
}

impl<T> Drop for ScopedTask<'_, T> {
    fn drop(&mut self) {
        self.slot.forget_waiter();
    }
}

impl<T> fmt::Debug for ScopedTask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ScopedTask");
        debug.field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}
