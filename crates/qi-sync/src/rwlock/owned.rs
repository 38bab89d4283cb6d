//! Guards of a readers-writer lock that keep the lock, and can so go anywhere.

use super::RwLock;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Reads the value of an [`RwLock`] and keeps the lock alive.
///
/// # Examples
/// ```
/// let lock = std::sync::Arc::new(qi_sync::RwLock::new(1));
/// let guard = lock.clone().try_read_owned().unwrap();
/// assert_eq!(std::thread::spawn(move || *guard).join().unwrap(), 1);
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct OwnedRwLockReadGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// The caller has just become a reader of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: Arc<RwLock<T>>) -> Self {
        Self { lock }
    }

    /// The lock that is held.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedRwLockReadGuard, RwLock};
    /// use std::sync::Arc;
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.clone().try_read_owned().unwrap();
    /// assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&guard), &lock));
    /// ```
    pub fn rwlock(guard: &Self) -> &Arc<RwLock<T>> {
        &guard.lock
    }
}

impl<T: ?Sized> Deref for OwnedRwLockReadGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is a reader's, so nobody writes meanwhile; and it keeps the lock.
        unsafe { self.lock.content.address().as_ref() }
    }
}

impl<T: ?Sized> Drop for OwnedRwLockReadGuard<T> {
    fn drop(&mut self) {
        self.lock.raw.release_read();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Writes the value of an [`RwLock`] and keeps the lock alive.
///
/// # Examples
/// ```
/// use qi_sync::{OwnedRwLockWriteGuard, RwLock};
/// let lock = std::sync::Arc::new(RwLock::new(1));
/// let mut writer = lock.clone().try_write_owned().unwrap();
/// *writer = 2;
/// let reader = OwnedRwLockWriteGuard::downgrade(writer);
/// assert_eq!((*reader, *lock.try_read().unwrap()), (2, 2));
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// The caller has just become the writer of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: Arc<RwLock<T>>) -> Self {
        Self { lock }
    }

    /// Goes on as a reader, without letting another writer in.
    ///
    /// # Examples
    /// See [`OwnedRwLockWriteGuard`].
    pub fn downgrade(guard: Self) -> OwnedRwLockReadGuard<T> {
        let guard = ManuallyDrop::new(guard);
        // SAFETY: the guard is not used again, nor dropped.
        let lock = unsafe { std::ptr::read(&raw const guard.lock) };
        lock.raw.downgrade();
        OwnedRwLockReadGuard::of(lock)
    }

    /// The lock that is held.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.clone().try_write_owned().unwrap();
    /// assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&guard), &lock));
    /// ```
    pub fn rwlock(guard: &Self) -> &Arc<RwLock<T>> {
        &guard.lock
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the writer's, keeps the lock, and is borrowed meanwhile.
        unsafe { self.lock.content.address().as_ref() }
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and it is borrowed alone.
        unsafe { self.lock.content.address().as_mut() }
    }
}

impl<T: ?Sized> Drop for OwnedRwLockWriteGuard<T> {
    fn drop(&mut self) {
        self.lock.raw.release_write();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
