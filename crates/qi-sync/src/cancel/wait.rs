//! Waiting for a cancellation.
#![forbid(unsafe_code)]

use super::node::Node;
use crate::wait::Wait;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Waits for a cancellation. Made by
/// [`CancellationToken::cancelled`](super::CancellationToken::cancelled).
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let token = qi_sync::CancellationToken::new();
/// let other = token.clone();
/// std::thread::spawn(move || other.cancel());
/// scheduler.block_on(token.cancelled());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct Cancelled<'a> {
    node: &'a Arc<Node>,
    wait: Wait,
}

impl<'a> Cancelled<'a> {
    pub(super) fn new(node: &'a Arc<Node>) -> Self {
        Self { node, wait: Wait::new() }
    }

    /// A poll that costs nothing of the budget.
    pub(super) fn poll_unlimited(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_over = || self.node.is_cancelled();
        self.wait.poll_unlimited(&self.node.crowd, is_over, is_over, cx)
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let is_over = || this.node.is_cancelled();
        this.wait.poll(&this.node.crowd, is_over, is_over, cx)
    }
}

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        self.wait.end(&self.node.crowd);
    }
}

impl fmt::Debug for Cancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}

/// Waits for a cancellation, and owns its token. Made by
/// [`CancellationToken::cancelled_owned`](super::CancellationToken::cancelled_owned).
///
/// # Cancel safety
/// Nothing is lost when it is dropped.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let token = qi_sync::CancellationToken::new();
/// let task = scheduler.spawn(token.clone().cancelled_owned());
/// token.cancel();
/// assert!(scheduler.block_on(task).is_ok());
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct CancelledOwned {
    node: Arc<Node>,
    wait: Wait,
}

impl CancelledOwned {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Self { node, wait: Wait::new() }
    }
}

impl Future for CancelledOwned {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let is_over = || this.node.is_cancelled();
        this.wait.poll(&this.node.crowd, is_over, is_over, cx)
    }
}

impl Drop for CancelledOwned {
    fn drop(&mut self) {
        self.wait.end(&self.node.crowd);
    }
}

impl fmt::Debug for CancelledOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelledOwned").finish_non_exhaustive()
    }
}
