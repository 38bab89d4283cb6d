//! Guards of a mutex: whoever has one holds the lock, and has the value alone.

use super::Mutex;
use qi_sched::lock::RawLock;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// Holds the lock of a [`Mutex`], and unlocks it when it is dropped.
///
/// # Examples
/// ```
/// use qi_sync::{Mutex, MutexGuard};
/// let mutex = Mutex::new((1, "one"));
/// let number = MutexGuard::map(mutex.try_lock().unwrap(), |pair| &mut pair.0);
/// assert_eq!(*number, 1);
/// assert!(mutex.is_locked());
/// # drop(number);
/// ```
#[must_use = "a guard that is dropped unlocks the mutex at once"]
pub struct MutexGuard<'a, T: ?Sized> {
    lock: &'a RawLock,
    content: NonNull<T>,
    borrow: PhantomData<&'a mut T>,
}

// SAFETY: the guard is as good as a `&mut T`, and the lock may be released on any thread.
unsafe impl<T: ?Sized + Send> Send for MutexGuard<'_, T> {}
// SAFETY: a shared guard gives `&T`.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The caller has just taken the lock of `mutex`, and makes this one guard for it.
    pub(super) fn of(mutex: &'a Mutex<T>) -> Self {
        Self { lock: &mutex.lock, content: mutex.content.address(), borrow: PhantomData }
    }

    /// A guard of a part of the value. The mutex stays locked as a whole.
    ///
    /// # Examples
    /// See [`MutexGuard`].
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&mut T) -> &mut U) -> MutexGuard<'a, U> {
        // If `part` panics, the guard unlocks.
        let mut guard = guard;
        let content = NonNull::from(part(&mut guard));
        let guard = ManuallyDrop::new(guard);
        MutexGuard { lock: guard.lock, content, borrow: PhantomData }
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{Mutex, MutexGuard};
    /// let mutex = Mutex::new(vec![1, 2]);
    /// let second = MutexGuard::filter_map(mutex.try_lock().unwrap(), |list| list.get_mut(1));
    /// assert_eq!(*second.unwrap(), 2);
    /// let third = MutexGuard::filter_map(mutex.try_lock().unwrap(), |list| list.get_mut(2));
    /// assert_eq!(third.unwrap_err().len(), 2);
    /// ```
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MutexGuard<'a, U>, Self> {
        let mut guard = guard;
        let Some(content) = part(&mut guard).map(NonNull::from) else { return Err(guard) };
        let guard = ManuallyDrop::new(guard);
        Ok(MutexGuard { lock: guard.lock, content, borrow: PhantomData })
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, and the lock's content is reached through it alone.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { self.content.as_mut() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.release();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// Holds the lock of a [`Mutex`] and keeps the mutex, so that it can go anywhere. `U` is the part of
/// the value that it guards.
///
/// # Examples
/// ```
/// use qi_sync::{Mutex, OwnedMutexGuard};
/// use std::sync::Arc;
/// let mutex = Arc::new(Mutex::new((1, "one")));
/// let guard = mutex.clone().try_lock_owned().unwrap();
/// let mut name = OwnedMutexGuard::map(guard, |pair| &mut pair.1);
/// *name = "uno";
/// drop(name);
/// assert_eq!(mutex.try_lock().unwrap().1, "uno");
/// ```
#[must_use = "a guard that is dropped unlocks the mutex at once"]
pub struct OwnedMutexGuard<T: ?Sized, U: ?Sized = T> {
    content: NonNull<U>,
    mutex: Unlock<T>,
    /// As a `&mut U` it must not be taken for a guard of less.
    invariant: PhantomData<*mut U>,
}

/// Unlocks a mutex, then lets go of it.
struct Unlock<T: ?Sized>(Arc<Mutex<T>>);

impl<T: ?Sized> Drop for Unlock<T> {
    fn drop(&mut self) {
        self.0.lock.release();
    }
}

// SAFETY: as for `MutexGuard`; the mutex, too, may be dropped where the guard is, and `T` with it.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMutexGuard<T, U> {}
// SAFETY: a shared guard gives `&U`, and nothing of `T` besides.
unsafe impl<T: ?Sized + Send, U: ?Sized + Sync> Sync for OwnedMutexGuard<T, U> {}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// The caller has just taken the lock of `mutex`, and makes this one guard for it.
    pub(super) fn of(mutex: Arc<Mutex<T>>) -> Self {
        Self { content: mutex.content.address(), mutex: Unlock(mutex), invariant: PhantomData }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMutexGuard<T, U> {
    /// A guard of a part of what this one guards. The mutex stays locked as a whole.
    ///
    /// # Examples
    /// See [`OwnedMutexGuard`].
    pub fn map<V: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> OwnedMutexGuard<T, V> {
        let mut guard = guard;
        let content = NonNull::from(part(&mut guard));
        OwnedMutexGuard { content, mutex: guard.mutex, invariant: PhantomData }
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{Mutex, OwnedMutexGuard};
    /// let mutex = std::sync::Arc::new(Mutex::new(vec![1]));
    /// let guard = mutex.try_lock_owned().unwrap();
    /// assert!(OwnedMutexGuard::filter_map(guard, |list| list.get_mut(5)).is_err());
    /// ```
    pub fn filter_map<V: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedMutexGuard<T, V>, Self> {
        let mut guard = guard;
        let Some(content) = part(&mut guard).map(NonNull::from) else { return Err(guard) };
        Ok(OwnedMutexGuard { content, mutex: guard.mutex, invariant: PhantomData })
    }

    /// The mutex whose lock is held.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{Mutex, OwnedMutexGuard};
    /// use std::sync::Arc;
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = mutex.clone().try_lock_owned().unwrap();
    /// assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    /// ```
    pub fn mutex(guard: &Self) -> &Arc<Mutex<T>> {
        &guard.mutex.0
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMutexGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: as for `MutexGuard`; the mutex is kept.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMutexGuard<T, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { self.content.as_mut() }
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
