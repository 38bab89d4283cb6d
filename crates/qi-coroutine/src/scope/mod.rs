//! A scope whose children borrow from the frame that waits for them.
//!
//! Sound here, and not for futures, because the frame is real: it cannot be left, nor forgotten,
//! before the scope has seen all children end (I59), not by a panic either. If its coroutine is leaked the
//! frame stays where it is, for ever.
//!
//! Protocol: a child is counted before anybody has it, and holds a `Share`; whatever it borrowed
//! is gone before the share is. The last share wakes the frame. The body's panic, or its unwinding
//! because it was cancelled, is caught; the children are cancelled; the frame waits for them outside
//! of unwinding and shielded from cancelling; then the panic goes on.
//!
//! Where children run is up to a [`Spawn`]: a scheduler makes tasks of them.

mod child;
mod result;

pub use child::Child;
pub use result::ScopedHandle;

use crate::cancel::Unwind;
use crate::engine;
use crate::park;
use crate::wait::{shield, wait};
use child::Share;
use result::Slot;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where the children of a scope run.
///
/// Whoever implements it makes a coroutine, or a thread, of each child and runs it. To drop a child
/// is to cancel it before it begins; to forget it makes the scope wait for ever.
pub trait Spawn: Sync {
    /// By what a child that runs is cancelled.
    type Task: Send;

    /// Starts a child. One that cannot be started is dropped, and ends as cancelled.
    fn spawn(&self, child: Child) -> Option<Self::Task>;

    /// Asks a child to end. It may have ended.
    fn cancel(&self, task: &Self::Task);

    /// Runs `future` to its end, outside of a coroutine, before it returns.
    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        park::block_on(future);
    }
}

impl<S: Spawn> Spawn for &S {
    type Task = S::Task;

    fn spawn(&self, child: Child) -> Option<S::Task> {
        (**self).spawn(child)
    }

    fn cancel(&self, task: &S::Task) {
        (**self).cancel(task);
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        (**self).block_on(future);
    }
}

/// What [`scope`] lends to its body and its children.
pub struct Scope<'scope, 'env: 'scope, S: Spawn> {
    spawner: S,
    shared: Arc<Shared>,
    tasks: Mutex<Vec<S::Task>>,
    /// Invariant in both, as in `std::thread::Scope`: neither may shrink, or children could borrow
    /// from inside of the body.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// What outlives the scope if a child still holds on to it.
pub(crate) struct Shared {
    running: AtomicUsize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    waiting: Option<Waker>,
    /// Of the first child that panicked and that nobody joined.
    panic: Option<Box<dyn Any + Send>>,
    is_cancelled: bool,
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        // No user code runs under it.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self) {
        // Relaxed: whoever begins a child is itself counted, or is the body.
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        // Release: what the child did happens before the frame goes on; pairs with the Acquire in
        // `poll_ended`. Each decrement continues the release sequence of those before.
        if self.running.fetch_sub(1, Ordering::Release) == 1 {
            let waiting = self.inside().waiting.take();
            if let Some(waker) = waiting {
                // A waker that panics must not take a child's thread along.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
        }
    }

    pub(crate) fn keep_panic(&self, payload: Box<dyn Any + Send>) {
        let mut inside = self.inside();
        let rest = match inside.panic {
            Some(_) => Some(payload),
            None => inside.panic.replace(payload),
        };
        drop(inside);
        // A payload may have a destructor of its own.
        drop(rest);
    }

    fn has_ended(&self) -> bool {
        // Acquire: pairs with the Release in `end`.
        self.running.load(Ordering::Acquire) == 0
    }

    fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_ended() {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let before = self.inside().waiting.replace(waker);
        drop(before);
        // The last child may have looked before the waker was there; the lock puts its look for a
        // waker before or after ours.
        if self.has_ended() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Runs `body`, which may start children that borrow what lives outside of the scope, and returns
/// when all have ended. The calling coroutine is suspended meanwhile; outside of one the thread
/// blocks.
///
/// If the coroutine is cancelled, the children are, and waited for.
///
/// # Panics
/// The body did, or a child did that was not joined; after all children have ended.
///
/// # Examples
/// ```
/// use qi_coroutine::scope::{Child, Spawn, scope};
///
/// /// Runs each child on a thread.
/// struct Threads;
/// impl Spawn for Threads {
///     type Task = ();
///     fn spawn(&self, child: Child) -> Option<()> {
///         std::thread::spawn(|| child.run());
///         Some(())
///     }
///     fn cancel(&self, _task: &()) {}
/// }
///
/// let words = ["one".to_owned(), "three".to_owned()];
/// let letters = scope(Threads, |scope| {
///     let lengths: Vec<_> = words.iter().map(|word| scope.spawn(|| word.len())).collect();
///     lengths.into_iter().map(|length| length.join().unwrap_or(0)).sum::<usize>()
/// });
/// assert_eq!(letters, 8);
/// ```
pub fn scope<'env, S: Spawn, R>(
    spawner: S,
    body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env, S>) -> R,
) -> R {
    let scope = Scope {
        spawner,
        shared: Arc::new(Shared { running: AtomicUsize::new(0), inside: Mutex::default() }),
        tasks: Mutex::new(Vec::new()),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    if result.is_err() {
        scope.cancel();
    }
    scope.close();
    let panic = scope.shared.inside().panic.take();
    match (result, panic) {
        (Err(payload), _) | (Ok(_), Some(payload)) => resume_unwind(payload),
        (Ok(value), None) => value,
    }
}

impl<'scope, 'env, S: Spawn> Scope<'scope, 'env, S> {
    /// Starts a child. It may borrow whatever outlives the scope, and start siblings.
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let slot = Slot::new(Arc::clone(&self.shared));
        let share = Share::new(Arc::clone(&self.shared));
        let child = Child::new(f, Arc::clone(&slot), share);
        if !self.is_cancelled() {
            if let Some(task) = self.spawner.spawn(child) {
                self.keep(task);
            }
        }
        ScopedHandle::new(slot)
    }

    /// Asks all children to end; those started from now on end before they begin.
    pub fn cancel(&self) {
        self.shared.inside().is_cancelled = true;
        let tasks = std::mem::take(&mut *self.tasks());
        // One that panics must not keep the others from being cancelled.
        for task in &tasks {
            let _ = catch_unwind(AssertUnwindSafe(|| self.spawner.cancel(task)));
        }
    }

    /// Whether the children were asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.shared.inside().is_cancelled
    }

    fn keep(&self, task: S::Task) {
        self.tasks().push(task);
        // A cancel may have come in between, and not have found it.
        if self.is_cancelled() {
            self.cancel();
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<S::Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when no child is left, whatever happens meanwhile: children borrow from this frame.
    fn close(&self) {
        while !self.shared.has_ended() {
            // What panics here, an embedder or a waker, ends the wait and not the scope.
            let waited = catch_unwind(AssertUnwindSafe(|| self.wait_for_children()));
            if waited.is_err() {
                park::block_on(std::future::poll_fn(|cx| self.shared.poll_ended(cx)));
            }
        }
    }

    fn wait_for_children(&self) {
        let mut passed_on = self.is_cancelled();
        let ended = std::future::poll_fn(|cx| {
            let is_cancelled = || engine::current().is_some_and(|head| head.is_cancelled());
            if !passed_on && is_cancelled() {
                passed_on = true;
                self.cancel();
            }
            self.shared.poll_ended(cx)
        });
        if engine::current().is_some() {
            shield(|| wait(ended));
        } else {
            self.spawner.block_on(pin!(ended));
        }
    }
}

impl<S: Spawn> fmt::Debug for Scope<'_, '_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a figure only.
        let running = self.shared.running.load(Ordering::Relaxed);
        f.debug_struct("Scope").field("running", &running).finish_non_exhaustive()
    }
}

/// Whether this is how a cancelled coroutine unwinds.
pub(crate) fn is_unwinding_of_ours(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Unwind>()
}
