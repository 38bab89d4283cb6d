//! Cancellation tokens: a tree in which cancelling one token cancels all below it.
#![forbid(unsafe_code)]

mod guard;
mod node;
mod tree;
mod wait;

pub use guard::{DropGuard, DropGuardRef};
pub use wait::{Cancelled, CancelledOwned};

use node::Node;
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// A request to stop that tasks can wait for, and that is passed on to child tokens.
///
/// Clones are the same token. A [child](Self::child_token) is cancelled with its parent, but not
/// the parent with the child. A token that is gone leaves nothing behind in its parent, and if it
/// has children of its own, they stay below those above it. Trees may be as deep and as wide
/// as memory allows; nothing recurses.
///
/// Asking is one load. Making, cancelling and dropping children takes a lock that the tree shares.
///
/// # Cancel safety
/// Waiting loses nothing when it is dropped; what is run until the token is cancelled is dropped with
/// the future that runs it.
///
/// # Examples
/// ```
/// use qi_sync::CancellationToken;
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build()?;
/// let server = CancellationToken::new();
/// let connection = server.child_token();
/// let task = scheduler.spawn(async move {
///     let work = std::future::pending::<()>();
///     match connection.run_until_cancelled(work).await {
///         Some(()) => "done",
///         None => "cancelled",
///     }
/// });
/// server.cancel();
/// assert_eq!(scheduler.block_on(task)?, "cancelled");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CancellationToken {
    node: Arc<Node>,
}

impl CancellationToken {
    /// Makes a token that is not cancelled, and above which there is none.
    #[must_use]
    pub fn new() -> Self {
        Self { node: Node::lone(false) }
    }

    /// Makes a token that is cancelled when this one is; at once, if this one is already.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::CancellationToken;
    /// let parent = CancellationToken::new();
    /// let (first, second) = (parent.child_token(), parent.child_token());
    /// first.cancel();
    /// assert!(!parent.is_cancelled() && !second.is_cancelled());
    /// parent.cancel();
    /// assert!(second.is_cancelled() && parent.child_token().is_cancelled());
    /// ```
    #[must_use = "a child that is dropped at once is of no use"]
    pub fn child_token(&self) -> Self {
        Self { node: self.node.child() }
    }

    /// Cancels this token and all below it. When it returns, all of them say so; who waits has
    /// been woken, unless another thread is just doing that. A second request does nothing.
    pub fn cancel(&self) {
        self.node.cancel();
    }

    /// Returns whether this token or one above it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Waits until the token is cancelled.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::CancellationToken;
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// let token = CancellationToken::new();
    /// let other = token.clone();
    /// let task = scheduler.spawn(async move { other.cancelled().await });
    /// token.cancel();
    /// assert!(scheduler.block_on(task).is_ok());
    /// ```
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled::new(&self.node)
    }

    /// Waits until the token is cancelled, and owns the token meanwhile.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped, but the token, if it was the last of its clones.
    pub fn cancelled_owned(self) -> CancelledOwned {
        CancelledOwned::new(self.node)
    }

    /// Runs `future` until it ends or the token is cancelled: then it is dropped, and the answer
    /// is `None`. If both happen before a poll, the cancellation counts; so `future` is not polled
    /// at all if the token is cancelled already.
    ///
    /// # Cancel safety
    /// As cancel-safe as `future`.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::CancellationToken;
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let token = CancellationToken::new();
    /// assert_eq!(token.run_until_cancelled(async { 7 }).await, Some(7));
    /// token.cancel();
    /// assert_eq!(token.run_until_cancelled(async { 7 }).await, None);
    /// # });
    /// ```
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut cancelled = pin!(self.cancelled());
        poll_fn(|cx| {
            // Only what the future itself does is charged to the budget.
            if cancelled.as_mut().poll_unlimited(cx).is_ready() {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Runs `future` until it ends or the token is cancelled, as
    /// [`run_until_cancelled`](Self::run_until_cancelled) does, and owns the token meanwhile.
    ///
    /// # Cancel safety
    /// As cancel-safe as `future`.
    pub async fn run_until_cancelled_owned<F: Future>(self, future: F) -> Option<F::Output> {
        self.run_until_cancelled(future).await
    }

    /// Turns the token into a guard that cancels it when it is dropped.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::CancellationToken;
    /// let token = CancellationToken::new();
    /// let guard = token.clone().drop_guard();
    /// assert!(!token.is_cancelled());
    /// drop(guard);
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard::new(self)
    }

    /// Makes a guard that cancels the token when it is dropped.
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef::new(self)
    }
}

impl Clone for CancellationToken {
    fn clone(&self) -> Self {
        Self { node: self.node.clone() }
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

/// Two are equal if they are the same token.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for CancellationToken {}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.node).hash(state);
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}
