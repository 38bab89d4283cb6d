//! Guards of a readers-writer lock: whoever has one may read the value, or has it alone.

use super::RwLock;
use super::raw::Raw;
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
    lock: &'a RwLock<T>,
    borrow: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// The caller has just become the writer of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: &'a RwLock<T>) -> Self {
        Self { lock, borrow: PhantomData }
    }

    /// Goes on as a reader, without letting another writer in. Waiting readers that are next come in
    /// as well.
    ///
    /// # Examples
    /// See [`RwLockWriteGuard`].
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let lock = ManuallyDrop::new(guard).lock;
        lock.raw.downgrade();
        RwLockReadGuard::of(lock)
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the writer's, and it is borrowed while the reference lives.
        unsafe { self.lock.content.address().as_ref() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and it is borrowed alone.
        unsafe { self.lock.content.address().as_mut() }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.release_write();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
