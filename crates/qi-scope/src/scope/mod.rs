//! The scope whose children live inside the parent's future: they borrow, and are not parallel.
//!
//! ```text
//!   ScopeFuture ── body ──► Scope::spawn ──► incoming (a list behind a lock)
//!        │ each poll: the body, then what came in, then the children that were woken
//!        └── children: FuturesUnordered of boxed futures, dropped with the ScopeFuture
//! ```
//!
//! # Why it is sound without unsafe code
//! A child may borrow what outlives `'env`, and nothing else refers to it but the `ScopeFuture`,
//! whose type says `'env` as well: so whatever happens to the `ScopeFuture`, also if it is forgotten,
//! nobody polls or drops a child after `'env`. (I41) The compiler checks it.
//!
//! # Rejected alternatives
//! Children that are tasks of their own: a `ScopeFuture` that is forgotten would leave them running
//! on borrowed data. Polling every child at each poll: quadratic in their number.
#![forbid(unsafe_code)]

mod child;
mod future;

pub use child::ScopedChild;
pub use future::ScopeFuture;

use crate::slot::Slot;
use child::run;
use future::Shared;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// Runs `body`, and the children that it spawns, inside the calling task; ready when all of them are.
///
/// Children may borrow whatever outlives the scope. They go on side by side with the body, but not
/// in parallel: one thread polls them, those that were woken. A panic of a child goes through the
/// parent as if it had happened there. See the [crate](crate) for the other forms.
///
/// # Cancel safety
/// If it is dropped, the body and all children are dropped with it; what they had done so far is
/// done. If it is forgotten, they are never polled again.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let numbers = vec![1, 2, 3, 4];
/// let total: i32 = scheduler.block_on(qi_scope::scope(async |scope| {
///     let halves = numbers.chunks(2);
///     let children: Vec<_> =
///         halves.map(|half| scope.spawn(async move { half.iter().sum::<i32>() })).collect();
///     let mut total = 0;
///     for child in children {
///         total += child.await;
///     }
///     total
/// }));
/// assert_eq!(total, 10);
/// ```
/// A child cannot borrow what lives in the body, which may be dropped before it:
/// ```compile_fail,E0373
/// qi_scope::scope(async |scope| {
///     let number = 5;
///     scope.spawn(async { println!("{number}") });
/// });
/// ```
/// What it takes along instead is its own:
/// ```
/// let scope = qi_scope::scope(async |scope| {
///     let number = 5;
///     scope.spawn(async move { println!("{number}") });
/// });
/// # drop(scope);
/// ```
/// Nor can the scope outlive what its children borrow:
/// ```compile_fail,E0597
/// let outer;
/// {
///     let number = 5;
///     outer = qi_scope::scope(async |scope| {
///         scope.spawn(async { println!("{number}") });
///     });
/// }
/// drop(outer);
/// ```
/// ```
/// let number = 5;
/// {
///     let outer = qi_scope::scope(async |scope| {
///         scope.spawn(async { println!("{number}") });
///     });
///     drop(outer);
/// }
/// ```
pub fn scope<'env, B, F>(body: B) -> ScopeFuture<BoxFuture<'env, ()>, F>
where
    B: FnOnce(Scope<'env>) -> F,
    F: Future,
{
    let shared = Arc::new(Shared::new());
    let scope = Scope { shared: shared.clone() };
    ScopeFuture::new(body(scope), shared)
}

/// As [`scope`], for children that are not `Send`; neither is the future then.
///
/// # Cancel safety
/// As [`scope`].
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// use std::rc::Rc;
/// let shared = Rc::new(5);
/// let seen = scheduler.block_on(qi_scope::scope_local(async |scope| {
///     let shared = shared.clone();
///     scope.spawn(async move { *shared }).await
/// }));
/// assert_eq!(seen, 5);
/// ```
pub fn scope_local<'env, B, F>(body: B) -> ScopeFuture<LocalBoxFuture<'env, ()>, F>
where
    B: FnOnce(LocalScope<'env>) -> F,
    F: Future,
{
    #[allow(clippy::arc_with_non_send_sync, reason = "the same code serves both kinds of scope")]
    let shared = Arc::new(Shared::new());
    let scope = LocalScope { shared: shared.clone() };
    ScopeFuture::new(body(scope), shared)
}

/// Spawns children into a [`scope`]. A clone refers to the same scope.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// use qi_scope::{Scope, scope};
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// fn count_up<'env>(scope: &Scope<'env>, numbers: &'env [AtomicU32]) {
///     for number in numbers {
///         scope.spawn(async { number.fetch_add(1, Relaxed) });
///     }
/// }
/// let numbers = [AtomicU32::new(1), AtomicU32::new(10)];
/// scheduler.block_on(scope(async |scope| count_up(&scope, &numbers)));
/// assert_eq!(numbers.map(AtomicU32::into_inner), [2, 11]);
/// ```
pub struct Scope<'env> {
    shared: Arc<Shared<BoxFuture<'env, ()>>>,
}

/// Spawns children into a [`scope_local`]. A clone refers to the same scope.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// use qi_scope::{LocalScope, scope_local};
/// use std::cell::Cell;
/// fn count_up<'env>(scope: &LocalScope<'env>, numbers: &'env [Cell<u32>]) {
///     for number in numbers {
///         scope.spawn(async { number.set(number.get() + 1) });
///     }
/// }
/// let numbers = [Cell::new(1), Cell::new(10)];
/// scheduler.block_on(scope_local(async |scope| count_up(&scope, &numbers)));
/// assert_eq!(numbers.map(Cell::into_inner), [2, 11]);
/// ```
pub struct LocalScope<'env> {
    shared: Arc<Shared<LocalBoxFuture<'env, ()>>>,
}

impl<'env> Scope<'env> {
    /// Adds a child to the scope. It goes on without anybody waiting for it; the scope waits for it.
    ///
    /// After the scope has ended the future is dropped at once.
    pub fn spawn<F>(&self, future: F) -> ScopedChild<F::Output>
    where
        F: Future + Send + 'env,
        F::Output: Send + 'env,
    {
        let (slot, filler) = Slot::pair();
        self.shared.add(Box::pin(run(future, filler)));
        ScopedChild::new(slot)
    }

    /// Drops all children that have not ended, at the next turn of the scope, and those that are
    /// spawned before that. Whoever spawns afterwards begins anew.
    pub fn cancel_children(&self) {
        self.shared.cancel_children();
    }
}

impl<'env> LocalScope<'env> {
    /// As [`Scope::spawn`].
    pub fn spawn<F>(&self, future: F) -> ScopedChild<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let (slot, filler) = Slot::pair();
        self.shared.add(Box::pin(run(future, filler)));
        ScopedChild::new(slot)
    }

    /// As [`Scope::cancel_children`].
    pub fn cancel_children(&self) {
        self.shared.cancel_children();
    }
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl Clone for LocalScope<'_> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl fmt::Debug for LocalScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalScope").finish_non_exhaustive()
    }
}
