//! Guards of a readers-writer lock: whoever has one may read the value, or has it alone.

use super::raw::Raw;
use super::{MappedRwLockWriteGuard, RwLock};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Reads the value of an [`RwLock`], and gives its part of the lock back when it is dropped.
///
/// # Examples
/// ```
/// use qi_sync::{RwLock, RwLockReadGuard};
/// let lock = RwLock::new((1, "one"));
/// let name = RwLockReadGuard::map(lock.try_read().unwrap(), |pair| &pair.1);
/// assert_eq!(*name, "one");
/// assert!(lock.try_write().is_none());
/// # drop(name);
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    raw: &'a Raw,
    content: NonNull<T>,
    borrow: PhantomData<&'a T>,
}

// SAFETY: the guard is as good as a `&T`, and the lock may be released on any thread.
unsafe impl<T: ?Sized + Sync> Send for RwLockReadGuard<'_, T> {}
// SAFETY: a shared guard gives `&T`.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// The caller has just become a reader of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: &'a RwLock<T>) -> Self {
        Self { raw: &lock.raw, content: lock.content.address(), borrow: PhantomData }
    }

    /// A guard of a part of the value. The lock stays taken as a whole.
    ///
    /// # Examples
    /// See [`RwLockReadGuard`].
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&T) -> &U) -> RwLockReadGuard<'a, U> {
        // If `part` panics, the guard releases the lock.
        let content = NonNull::from(part(&guard));
        let guard = ManuallyDrop::new(guard);
        RwLockReadGuard { raw: guard.raw, content, borrow: PhantomData }
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{RwLock, RwLockReadGuard};
    /// let lock = RwLock::new(vec![1, 2]);
    /// let second = RwLockReadGuard::filter_map(lock.try_read().unwrap(), |list| list.get(1));
    /// assert_eq!(*second.unwrap(), 2);
    /// let third = RwLockReadGuard::filter_map(lock.try_read().unwrap(), |list| list.get(2));
    /// assert_eq!(third.unwrap_err().len(), 2);
    /// ```
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<RwLockReadGuard<'a, U>, Self> {
        let Some(content) = part(&guard).map(NonNull::from) else { return Err(guard) };
        let guard = ManuallyDrop::new(guard);
        Ok(RwLockReadGuard { raw: guard.raw, content, borrow: PhantomData })
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is a reader's, so nobody writes meanwhile.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.raw.release_read();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// Writes the value of an [`RwLock`], and releases the lock when it is dropped.
///
/// # Examples
/// ```
/// use qi_sync::{RwLock, RwLockWriteGuard};
/// let lock = RwLock::new(1);
/// let mut writer = lock.try_write().unwrap();
/// *writer = 2;
/// let reader = RwLockWriteGuard::downgrade(writer);
/// assert_eq!((*reader, *lock.try_read().unwrap()), (2, 2));
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    whole: MappedRwLockWriteGuard<'a, T>,
    /// It may go where the lock may be shared: as a reader it shares the value.
    lock: PhantomData<&'a RwLock<T>>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// The caller has just become the writer of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: &'a RwLock<T>) -> Self {
        let whole = MappedRwLockWriteGuard::of(&lock.raw, lock.content.address());
        Self { whole, lock: PhantomData }
    }

    /// Goes on as a reader, without letting another writer in. Waiting readers that are next come in
    /// as well.
    ///
    /// # Examples
    /// See [`RwLockWriteGuard`].
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let (raw, content) = guard.whole.into_parts();
        raw.downgrade();
        RwLockReadGuard { raw, content, borrow: PhantomData }
    }

    /// A guard of a part of the value. The lock stays taken as a whole.
    ///
    /// # Examples
    /// See [`MappedRwLockWriteGuard`].
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        MappedRwLockWriteGuard::map(guard.whole, part)
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{RwLock, RwLockWriteGuard};
    /// let lock = RwLock::new(vec![1]);
    /// let none = RwLockWriteGuard::filter_map(lock.try_write().unwrap(), |list| list.get_mut(1));
    /// assert_eq!(none.unwrap_err().len(), 1);
    /// ```
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedRwLockWriteGuard<'a, U>, Self> {
        MappedRwLockWriteGuard::filter_map(guard.whole, part)
            .map_err(|whole| Self { whole, lock: PhantomData })
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.whole
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.whole
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.whole, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.whole, f)
    }
}
