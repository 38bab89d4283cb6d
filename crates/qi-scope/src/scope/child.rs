//! A child of a scope: what is polled, and what its spawner holds.
#![forbid(unsafe_code)]

use crate::slot::{Filler, Slot};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Runs a child; dropped before its end, it says so.
pub(super) async fn run<F: Future>(future: F, filler: Filler<F::Output>) {
    let output = future.await;
    filler.fill(output);
}

/// Waits for a child of a [`scope`](crate::scope). Dropping it leaves the child to the scope.
///
/// # Panics
/// When it is polled after it was ready, or if the child was dropped before its end: by
/// [`cancel_children`](crate::Scope::cancel_children), or with its scope. See
/// [`try_join`](Self::try_join).
///
/// # Cancel safety
/// Nothing is lost but the result.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let name = String::from("qi");
/// scheduler.block_on(qi_scope::scope(async |scope| {
///     let child = scope.spawn(async { name.len() });
///     assert_eq!(child.await, 2);
///     let endless = scope.spawn(std::future::pending::<()>());
///     scope.cancel_children();
///     assert_eq!(endless.try_join().await, None);
/// }));
/// ```
pub struct ScopedChild<T> {
    slot: Arc<Slot<T>>,
}

impl<T> ScopedChild<T> {
    pub(super) fn new(slot: Arc<Slot<T>>) -> Self {
        Self { slot }
    }

    /// Whether the child has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.slot.is_closed()
    }

    /// Waits for the child; `None` if it was dropped before its end.
    ///
    /// # Cancel safety
    /// Nothing is lost but the result.
    pub async fn try_join(self) -> Option<T> {
        std::future::poll_fn(|cx| self.slot.poll_take(cx)).await
    }
}

impl<T> Future for ScopedChild<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.slot
            .poll_take(cx)
            .map(|value| value.expect("a child of a scope was dropped before its end, or taken"))
    }
}

impl<T> Drop for ScopedChild<T> {
    fn drop(&mut self) {
        self.slot.forget_waiter();
    }
}

impl<T> fmt::Debug for ScopedChild<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedChild").field("finished", &self.is_finished()).finish()
    }
}
