//! The blocking scope itself, and the only unsafe code of this crate: children that borrow become
//! tasks, which the scheduler takes for `'static`.
//!
//! # Why it is sound
//! Erased is the lifetime `'scope` of a child's future, closure and result. Whatever of that exists
//! is in one of two places:
//!
//! 1. **The child**, a box that a [`Child`] owns together with a [`Guard`]. The box is dropped before
//!    the guard, also when its drop panics, because fields are dropped in order and one that panics
//!    does not keep the next from being dropped. [`wait_for_children`] returns only when every guard
//!    is gone (I42), so afterwards no child exists. A task that is leaked keeps its guard, and the
//!    scope waits for ever: that is no use of freed memory.
//! 2. **The result**, in a slot shared by the child and its [`ScopedTask`]. The child's share is in the
//!    box. The other's type says `'scope`, so the borrow checker keeps it, the result that it gives,
//!    and whatever holds either, inside of the body or of a child.
//!
//! [`scope_blocking_on`] calls `wait_for_children` on every way out: a panic of the body is caught
//! before and resumed after; a panic of the wait itself aborts the process. Cancelling the task that
//! called it takes effect at a suspension point, of which a blocked thread has none; a stackful
//! coroutine, which has one here, is shielded from it. Nothing here is a future that could be
//! forgotten: a stack frame is left by returning or by unwinding only. (A stackful coroutine must
//! therefore never free its stack without unwinding it.) (I63)
//!
//! Panics' payloads and the register are `'static` by their types.

#![allow(unsafe_code, reason = "see above")]

use super::register::{Guard, Register};
use super::run::{self, Run};
use super::task::ScopedTask;
use crate::slot::{Filler, Slot};
use qi_sched::{Handle, TaskHandle, TaskPriority, stackful};
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

type BorrowingFuture<'scope> = Pin<Box<dyn Future<Output = ()> + Send + 'scope>>;
type BorrowingCall<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Spawns children into a [`scope_blocking`].
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// # scheduler.handle().enter(|| {
/// use qi_scope::{BlockingScope, scope_blocking};
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// fn count_up<'scope>(scope: &'scope BlockingScope<'scope, '_>, numbers: &'scope [AtomicU32]) {
///     for number in numbers {
///         scope.spawn(async { number.fetch_add(1, Relaxed) });
///     }
/// }
/// let numbers = [AtomicU32::new(1), AtomicU32::new(10)];
/// scope_blocking(|scope| count_up(scope, &numbers));
/// assert_eq!(numbers.map(AtomicU32::into_inner), [2, 11]);
/// # });
/// ```
pub struct BlockingScope<'scope, 'env: 'scope> {
    register: Arc<Register>,
    handle: Handle,
    /// Neither lifetime may be shortened: children would be let borrow what goes too early.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `body` on the calling thread; returns when the children that it spawned have ended.
///
/// Children are tasks, or closures on the pool for blocking calls: they run in parallel, and borrow
/// whatever outlives the scope. Return, panic and cancellation all wait for them. Inside a task the
/// worker's seat is given to another thread for as long as this one has to wait.
///
/// If the body panics, the children are cancelled, waited for, and the panic goes on. If a child
/// panics, the others go on; when all have ended the panic goes on here, unless the child was
/// [joined](ScopedTask::join).
///
/// # Panics
/// On a thread that works for no scheduler, see [`scope_blocking_on`]; and as said above.
///
/// # Examples
/// ```
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build().unwrap();
/// # scheduler.handle().enter(|| {
/// let mut numbers = vec![1, 2, 3, 4];
/// let (left, right) = numbers.split_at_mut(2);
/// qi_scope::scope_blocking(|scope| {
///     scope.spawn(async { left.iter_mut().for_each(|number| *number *= 10) });
///     scope.spawn_blocking(|| right.iter_mut().for_each(|number| *number *= 100));
/// });
/// assert_eq!(numbers, [10, 20, 300, 400]);
/// # });
/// ```
/// A child cannot borrow what lives in the body:
/// ```compile_fail,E0597
/// qi_scope::scope_blocking(|scope| {
///     let number = 5;
///     let borrowed = &number;
///     scope.spawn(async move { println!("{borrowed}") });
/// });
/// ```
/// It can borrow what lives around it:
/// ```no_run
/// let number = 5;
/// qi_scope::scope_blocking(|scope| {
///     let borrowed = &number;
///     scope.spawn(async move { println!("{borrowed}") });
/// });
/// ```
/// Nor does anything of a child leave the scope:
/// ```compile_fail,E0521
/// let mut escaped = None;
/// qi_scope::scope_blocking(|scope| {
///     escaped = Some(scope.spawn(async { 5 }));
/// });
/// ```
/// ```no_run
/// let mut inside = None;
/// qi_scope::scope_blocking(|scope| {
///     inside = scope.spawn(async { 5 }).join().ok();
/// });
/// ```
pub fn scope_blocking<'env, B, R>(body: B) -> R
where
    B: for<'scope> FnOnce(&'scope BlockingScope<'scope, 'env>) -> R,
{
    scope_blocking_on(&Handle::current(), body)
}

/// As [`scope_blocking`], with children on a scheduler of one's choice: from any thread.
///
/// # Panics
/// As there.
pub fn scope_blocking_on<'env, B, R>(handle: &impl AsRef<Handle>, body: B) -> R
where
    B: for<'scope> FnOnce(&'scope BlockingScope<'scope, 'env>) -> R,
{
    let scope = BlockingScope {
        register: Arc::default(),
        handle: handle.as_ref().clone(),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    if result.is_err() {
        scope.register.cancel_all();
    }
    wait_for_children(&scope.handle, &scope.register);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(result) => match scope.register.take_first_panic() {
            Some(payload) => resume_unwind(payload),
            None => result,
        },
    }
}

/// Returns when every guard is gone, and otherwise not at all.
fn wait_for_children(handle: &Handle, register: &Register) {
    if register.is_empty() {
        return;
    }
    let told = stackful::is_cancelled();
    let never_unwind = Abort;
    handle.block_on_shielded(poll_fn(|cx| {
        if !told && stackful::is_cancelled() {
            // The coroutine that waits here is to end: sooner, if its children do. (A scope of one that
            // cleans up after it was told is left alone.)
            register.cancel_all();
        }
        register.poll_empty(cx)
    }));
    std::mem::forget(never_unwind);
}

/// Ends the process if it is dropped.
struct Abort;

impl Drop for Abort {
    fn drop(&mut self) {
        eprintln!("qi-scope: waiting for the children of a scope panicked, and they may still run");
        std::process::abort();
    }
}

/// A child as the scheduler has it. The order of the fields matters: see "Why it is sound".
struct Child<C> {
    child: Option<C>,
    _guard: Guard,
}

impl Future for Child<BorrowingFuture<'static>> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.child {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Child<BorrowingCall<'static>> {
    fn call(mut self) {
        if let Some(call) = self.child.take() {
            call();
        }
    }
}

impl<'scope, 'env> BlockingScope<'scope, 'env> {
    /// Spawns a future as a task.
    ///
    /// After the body has panicked it is dropped at once, and its handle says Cancelled.
    #[track_caller]
    pub fn spawn<F>(&'scope self, future: F) -> ScopedTask<'scope, F::Output>
    where
        F: Future + Send + 'scope,
        F::Output: Send + 'scope,
    {
        self.spawn_with_priority(future, TaskPriority::Normal)
    }

    /// Spawns a future as a task of this priority.
    #[track_caller]
    pub fn spawn_with_priority<F>(
        &'scope self,
        future: F,
        priority: TaskPriority,
    ) -> ScopedTask<'scope, F::Output>
    where
        F: Future + Send + 'scope,
        F::Output: Send + 'scope,
    {
        let location = Location::caller();
        self.begin(|guard, filler| {
            let register = guard.register().clone();
            let future: BorrowingFuture<'scope> =
                Box::pin(Run::new(future, filler, register, guard.child()));
            // SAFETY: only the lifetime changes; what is erased is gone before the guard beside it
            // is, and the scope waits for that. See "Why it is sound".
            let future: BorrowingFuture<'static> = unsafe { std::mem::transmute(future) };
            let child = Child { child: Some(future), _guard: guard };
            self.handle.task().spawned_at(location).priority(priority).spawn(child)
        })
    }

    /// Runs a closure on the pool for blocking calls. Once it has begun it cannot be cancelled.
    #[track_caller]
    pub fn spawn_blocking<C, T>(&'scope self, call: C) -> ScopedTask<'scope, T>
    where
        C: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let location = Location::caller();
        self.begin(|guard, filler| {
            let (register, id) = (guard.register().clone(), guard.child());
            let call: BorrowingCall<'scope> =
                Box::new(move || run::call(call, filler, &register, id));
            // SAFETY: as in `spawn_with_priority`.
            let call: BorrowingCall<'static> = unsafe { std::mem::transmute(call) };
            let child = Child { child: Some(call), _guard: guard };
            self.handle.task().spawned_at(location).spawn_blocking(move || child.call())
        })
    }

    /// Runs a closure as the task that `spawn` makes of it: for layers whose tasks are closures. If
    /// `spawn` does not run it, and keeps it, the scope never ends.
    #[track_caller]
    pub fn spawn_call_by<C, T>(
        &'scope self,
        spawn: impl FnOnce(&Handle, Box<dyn FnOnce() + Send>) -> TaskHandle<()>,
        call: C,
    ) -> ScopedTask<'scope, T>
    where
        C: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.begin(|guard, filler| {
            let (register, id) = (guard.register().clone(), guard.child());
            let call: BorrowingCall<'scope> =
                Box::new(move || run::call(call, filler, &register, id));
            // SAFETY: as in `spawn_with_priority`.
            let call: BorrowingCall<'static> = unsafe { std::mem::transmute(call) };
            let child = Child { child: Some(call), _guard: guard };
            spawn(&self.handle, Box::new(move || child.call()))
        })
    }

    /// The scheduler that the children run on.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Registers a child, and has it spawned.
    fn begin<T: Send + 'scope>(
        &'scope self,
        spawn: impl FnOnce(Guard, Filler<T>) -> TaskHandle<()>,
    ) -> ScopedTask<'scope, T> {
        let (slot, filler) = Slot::pair();
        let (child, abort) = match self.register.enter() {
            Some(guard) => {
                let child = guard.child();
                let abort = spawn(guard, filler).abort_handle();
                self.register.spawned(child, &abort);
                (child, Some(abort))
            }
            None => {
                drop(filler);
                (u64::MAX, None)
            }
        };
        let register = self.register.clone();
        ScopedTask { slot, register, child, abort, handle: &self.handle, scope: PhantomData }
    }
}

impl fmt::Debug for BlockingScope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingScope").finish_non_exhaustive()
    }
}
