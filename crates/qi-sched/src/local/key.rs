//! Keys of task-locals, and what can be asked of them.
#![forbid(unsafe_code)]

use super::future::TaskLocalFuture;
use super::heritage::Heritage;
use super::stack;
use crate::error::TaskLocalError;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

/// A task-local, declared by [`task_local!`](crate::task_local).
///
/// # Examples
/// ```
/// qi_sched::task_local! { static REQUEST: u64; }
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let seen = scheduler.block_on(REQUEST.scope(7, async { REQUEST.with(|id| id + 1) }));
/// assert_eq!(seen, 8);
/// assert!(REQUEST.try_get().is_err(), "not set out here");
/// ```
pub struct LocalKey<T: 'static> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

/// A task-local that spawned tasks inherit, declared by [`task_local!`](crate::task_local) with
/// `inherit static`.
///
/// A child shares the value that is set where it is spawned; to change it for itself (and its own
/// children) it enters a scope of its own. [`TaskBuilder::inherit`](crate::TaskBuilder::inherit)
/// spawns without it.
///
/// # Examples
/// ```
/// qi_sched::task_local! { inherit static USER: &'static str; }
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
/// let seen = scheduler.block_on(USER.scope("ada", async {
///     qi_sched::spawn(async { qi_sched::spawn(async { USER.get() }).await }).await
/// }));
/// assert_eq!(seen.unwrap().unwrap(), "ada");
/// ```
pub struct InheritedKey<T: 'static> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// Sets the value for `future`, whenever that is polled, and for its drop.
    ///
    /// # Cancel safety
    /// As safe as the future.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture::own(self.address(), value, future)
    }

    /// Sets the value while `code` runs.
    pub fn sync_scope<R>(&'static self, value: T, code: impl FnOnce() -> R) -> R {
        stack::enter(self.address(), &value, code)
    }

    /// Calls `code` with the value.
    ///
    /// # Errors
    /// [`TaskLocalError`] if the current task has not set it.
    pub fn try_with<R>(&'static self, code: impl FnOnce(&T) -> R) -> Result<R, TaskLocalError> {
        stack::look_up(self.address(), |value| {
            let value = value.and_then(|value| value.downcast_ref::<T>());
            value.map(code).ok_or(TaskLocalError::not_set(self.name))
        })
    }

    /// Calls `code` with the value.
    ///
    /// # Panics
    /// If the current task has not set it.
    #[track_caller]
    pub fn with<R>(&'static self, code: impl FnOnce(&T) -> R) -> R {
        found(self.try_with(code))
    }

    /// The key as the list of scopes knows it. It has a size, so no other static has its address.
    fn address(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }
}

impl<T: Clone + 'static> LocalKey<T> {
    /// A copy of the value.
    ///
    /// # Panics
    /// If the current task has not set it.
    #[track_caller]
    #[must_use]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value.
    ///
    /// # Errors
    /// [`TaskLocalError`] if the current task has not set it.
    pub fn try_get(&'static self) -> Result<T, TaskLocalError> {
        self.try_with(T::clone)
    }
}

impl<T: Send + Sync + 'static> InheritedKey<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// Sets the value for `future`, whenever that is polled, for its drop, and for the tasks that it
    /// spawns meanwhile.
    ///
    /// # Cancel safety
    /// As safe as the future.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture::inherited(self.address(), Arc::new(value), future)
    }

    /// Sets the value while `code` runs, and for the tasks that it spawns meanwhile.
    pub fn sync_scope<R>(&'static self, value: T, code: impl FnOnce() -> R) -> R {
        let before = Heritage::current();
        Heritage::with(before.as_ref(), self.address(), Arc::new(value)).in_force(code)
    }

    /// Calls `code` with the value.
    ///
    /// # Errors
    /// [`TaskLocalError`] if the current task has neither set nor inherited it.
    pub fn try_with<R>(&'static self, code: impl FnOnce(&T) -> R) -> Result<R, TaskLocalError> {
        // The set is kept meanwhile: `code` may leave or enter scopes.
        let heritage = Heritage::current();
        let value = heritage.as_ref().and_then(|heritage| heritage.get(self.address()));
        let value = value.and_then(|value| (&**value as &dyn Any).downcast_ref::<T>());
        value.map(code).ok_or(TaskLocalError::not_set(self.name))
    }

    /// Calls `code` with the value.
    ///
    /// # Panics
    /// If the current task has neither set nor inherited it.
    #[track_caller]
    pub fn with<R>(&'static self, code: impl FnOnce(&T) -> R) -> R {
        found(self.try_with(code))
    }

    fn address(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }
}

impl<T: Clone + Send + Sync + 'static> InheritedKey<T> {
    /// A copy of the value.
    ///
    /// # Panics
    /// If the current task has neither set nor inherited it.
    #[track_caller]
    #[must_use]
    pub fn get(&'static self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value.
    ///
    /// # Errors
    /// [`TaskLocalError`] if the current task has neither set nor inherited it.
    pub fn try_get(&'static self) -> Result<T, TaskLocalError> {
        self.try_with(T::clone)
    }
}

#[track_caller]
fn found<R>(result: Result<R, TaskLocalError>) -> R {
    match result {
        Ok(result) => result,
        Err(error) => panic!("{error}"),
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalKey").field(&self.name).finish()
    }
}

impl<T: 'static> fmt::Debug for InheritedKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InheritedKey").field(&self.name).finish()
    }
}
