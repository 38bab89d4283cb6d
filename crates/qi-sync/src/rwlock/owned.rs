//! Guards of a readers-writer lock that keep the lock, and can so go anywhere.

use super::{OwnedMappedRwLockWriteGuard, RwLock};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// Reads the value of an [`RwLock`] and keeps the lock alive. `U` is the part of the value that it
/// guards.
///
/// # Examples
/// ```
/// use qi_sync::{OwnedRwLockReadGuard, RwLock};
/// let lock = std::sync::Arc::new(RwLock::new((1, "one")));
/// let guard = lock.clone().try_read_owned().unwrap();
/// let name = OwnedRwLockReadGuard::map(guard, |pair| &pair.1);
/// assert_eq!(std::thread::spawn(move || *name).join().unwrap(), "one");
/// assert!(lock.try_write().is_some());
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    content: NonNull<U>,
    lock: ReadShare<T>,
}

/// Ends the reading, then lets go of the lock.
struct ReadShare<T: ?Sized>(Arc<RwLock<T>>);

impl<T: ?Sized> Drop for ReadShare<T> {
    fn drop(&mut self) {
        self.0.raw.release_read();
    }
}

// SAFETY: the guard is as good as a `&U` and a shared lock, which may be released on any thread, and
// be dropped there, and `T` with it.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Send for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as for `Send`.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Sync for OwnedRwLockReadGuard<T, U> {}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// The caller has just become a reader of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: Arc<RwLock<T>>) -> Self {
        Self { content: lock.content.address(), lock: ReadShare(lock) }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// A guard of a part of what this one guards. The lock stays taken as a whole.
    ///
    /// # Examples
    /// See [`OwnedRwLockReadGuard`].
    pub fn map<V: ?Sized>(guard: Self, part: impl FnOnce(&U) -> &V) -> OwnedRwLockReadGuard<T, V> {
        let content = NonNull::from(part(&guard));
        OwnedRwLockReadGuard { content, lock: guard.lock }
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedRwLockReadGuard, RwLock};
    /// let lock = std::sync::Arc::new(RwLock::new(vec![1]));
    /// let guard = lock.try_read_owned().unwrap();
    /// assert!(OwnedRwLockReadGuard::filter_map(guard, |list| list.get(1)).is_err());
    /// ```
    pub fn filter_map<V: ?Sized>(
        guard: Self,
        part: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<OwnedRwLockReadGuard<T, V>, Self> {
        let Some(content) = part(&guard).map(NonNull::from) else { return Err(guard) };
        Ok(OwnedRwLockReadGuard { content, lock: guard.lock })
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
        &guard.lock.0
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedRwLockReadGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the guard is a reader's, so nobody writes meanwhile; and it keeps the lock.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedRwLockReadGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
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
pub struct OwnedRwLockWriteGuard<T: ?Sized>(OwnedMappedRwLockWriteGuard<T, T>);

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// The caller has just become the writer of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: Arc<RwLock<T>>) -> Self {
        Self(OwnedMappedRwLockWriteGuard::of(lock))
    }

    /// Goes on as a reader, without letting another writer in.
    ///
    /// # Examples
    /// See [`OwnedRwLockWriteGuard`].
    pub fn downgrade(guard: Self) -> OwnedRwLockReadGuard<T> {
        let lock = guard.0.into_lock();
        lock.raw.downgrade();
        OwnedRwLockReadGuard::of(lock)
    }

    /// A guard of a part of the value. The lock stays taken as a whole.
    ///
    /// # Examples
    /// See [`OwnedMappedRwLockWriteGuard`].
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> OwnedMappedRwLockWriteGuard<T, U> {
        OwnedMappedRwLockWriteGuard::map(guard.0, part)
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedRwLockWriteGuard, RwLock};
    /// let lock = std::sync::Arc::new(RwLock::new(vec![1]));
    /// let guard = lock.try_write_owned().unwrap();
    /// assert!(OwnedRwLockWriteGuard::filter_map(guard, |list| list.get_mut(1)).is_err());
    /// ```
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<OwnedMappedRwLockWriteGuard<T, U>, Self> {
        OwnedMappedRwLockWriteGuard::filter_map(guard.0, part).map_err(Self)
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
        OwnedMappedRwLockWriteGuard::rwlock(&guard.0)
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
