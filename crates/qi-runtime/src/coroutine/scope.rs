//! A scope whose coroutines borrow from the stack of the one that waits for them.

use qi_scope::{BlockingScope, ScopedTask};
use qi_stackful::CoroutineBuilder;
use std::panic::Location;

/// Spawns children that borrow; see [`scope`].
pub type Scope<'scope, 'env> = BlockingScope<'scope, 'env>;

/// Runs `body`; returns when the children that it spawned have ended.
///
/// Children run in parallel, and borrow what outlives the scope: the frame that owns it waits. A
/// coroutine is suspended meanwhile, a thread blocked. Cancelling the coroutine cancels the children,
/// and they are waited for all the same; so they are when it unwinds.
///
/// If the body panics the children are cancelled; if a child panics the others go on, and the panic
/// goes on here when all have ended, unless the child was joined.
///
/// # Panics
/// On a thread that works for no runtime; as said above.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(2).build().unwrap();
/// use qi_runtime::coroutine::{self, SpawnCoroutine, yield_now};
/// let task = runtime.spawn_coroutine(|| {
///     let mut numbers = vec![1, 2, 3, 4];
///     let (left, right) = numbers.split_at_mut(2);
///     coroutine::scope(|scope| {
///         scope.spawn_coroutine(|| {
///             yield_now();
///             left.iter_mut().for_each(|number| *number *= 10);
///         });
///         scope.spawn(async { right.iter_mut().for_each(|number| *number *= 100) });
///     });
///     numbers
/// });
/// assert_eq!(runtime.block_on(task)?, [10, 20, 300, 400]);
/// # Ok::<(), qi_runtime::JoinError>(())
/// ```
pub fn scope<'env, B, R>(body: B) -> R
where
    B: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    qi_scope::scope_blocking(body)
}

/// Coroutines as children of a [`scope`].
pub trait SpawnCoroutine<'scope> {
    /// Spawns a coroutine that may borrow what outlives the scope.
    #[track_caller]
    fn spawn_coroutine<F, T>(&'scope self, f: F) -> ScopedTask<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope;
}

impl<'scope> SpawnCoroutine<'scope> for BlockingScope<'scope, '_> {
    #[track_caller]
    fn spawn_coroutine<F, T>(&'scope self, f: F) -> ScopedTask<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let location = Location::caller();
        self.spawn_call_by(
            |handle, call| CoroutineBuilder::new(handle).spawned_at(location).spawn(call),
            f,
        )
    }
}
