//! Guards of a part of what a readers-writer lock guards, for writing.
//!
//! # Why types of their own
//! A writer may go on as a reader, but not of a part. It may have got at the part by `&mut`, past a
//! `Cell` around it, which the other readers have as it is: they would change what it reads.

use super::RwLock;
use super::raw::Raw;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// Writes a part of the value of an [`RwLock`], and releases the lock when it is dropped. Made by
/// [`RwLockWriteGuard::map`](super::RwLockWriteGuard::map).
///
/// # Examples
/// ```
/// use qi_sync::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
/// let lock = RwLock::new((1, [1, 2, 3]));
/// let list = RwLockWriteGuard::map(lock.try_write().unwrap(), |pair| &mut pair.1);
/// let mut last = MappedRwLockWriteGuard::map(list, |list| &mut list[2]);
/// *last = 4;
/// assert!(lock.try_read().is_none());
/// drop(last);
/// assert_eq!(lock.into_inner(), (1, [1, 2, 4]));
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct MappedRwLockWriteGuard<'a, T: ?Sized> {
    raw: &'a Raw,
    content: NonNull<T>,
    borrow: PhantomData<&'a mut T>,
}

// SAFETY: the guard is as good as a `&mut T`, and the lock may be released on any thread.
unsafe impl<T: ?Sized + Send> Send for MappedRwLockWriteGuard<'_, T> {}
// SAFETY: a shared guard gives `&T`.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwLockWriteGuard<'a, T> {
    /// The caller was the writer, and gives its guard of `content` up for this one.
    pub(super) fn of(raw: &'a Raw, content: NonNull<T>) -> Self {
        Self { raw, content, borrow: PhantomData }
    }

    /// Gives the guard up without releasing the lock.
    pub(super) fn into_parts(self) -> (&'a Raw, NonNull<T>) {
        let guard = ManuallyDrop::new(self);
        (guard.raw, guard.content)
    }

    /// A guard of a part of the part.
    ///
    /// # Examples
    /// See [`MappedRwLockWriteGuard`].
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        // If `part` panics, the guard releases the lock.
        let mut guard = guard;
        let content = NonNull::from(part(&mut guard));
        MappedRwLockWriteGuard::of(guard.into_parts().0, content)
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
    /// let lock = RwLock::new(Some([1, 2]));
    /// let pair = RwLockWriteGuard::filter_map(lock.try_write().unwrap(), Option::as_mut).unwrap();
    /// let mut last = MappedRwLockWriteGuard::filter_map(pair, |pair| pair.last_mut()).unwrap();
    /// *last = 3;
    /// # drop(last);
    /// assert_eq!(lock.into_inner(), Some([1, 3]));
    /// ```
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedRwLockWriteGuard<'a, U>, Self> {
        let mut guard = guard;
        let Some(content) = part(&mut guard).map(NonNull::from) else { return Err(guard) };
        Ok(MappedRwLockWriteGuard::of(guard.into_parts().0, content))
    }
}

impl<T: ?Sized> Deref for MappedRwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the writer's, and it is borrowed while the reference lives.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and it is borrowed alone.
        unsafe { self.content.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.raw.release_write();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// Writes a part of the value of an [`RwLock`] and keeps the lock alive. Made by
/// [`OwnedRwLockWriteGuard::map`](super::OwnedRwLockWriteGuard::map). `U` is the part.
///
/// # Examples
/// ```
/// use qi_sync::{OwnedRwLockWriteGuard, RwLock};
/// let lock = std::sync::Arc::new(RwLock::new((1, "one")));
/// let guard = lock.clone().try_write_owned().unwrap();
/// let mut number = OwnedRwLockWriteGuard::map(guard, |pair| &mut pair.0);
/// std::thread::spawn(move || *number = 2).join().unwrap();
/// assert_eq!(lock.try_read().unwrap().0, 2);
/// ```
#[must_use = "a guard that is dropped releases the lock at once"]
pub struct OwnedMappedRwLockWriteGuard<T: ?Sized, U: ?Sized> {
    content: NonNull<U>,
    lock: WriteShare<T>,
    /// As a `&mut U` it must not be taken for a guard of less.
    invariant: PhantomData<*mut U>,
}

/// Ends the writing, then lets go of the lock.
struct WriteShare<T: ?Sized>(Arc<RwLock<T>>);

impl<T: ?Sized> Drop for WriteShare<T> {
    fn drop(&mut self) {
        self.0.raw.release_write();
    }
}

// SAFETY: as for `MappedRwLockWriteGuard`; the lock, too, may be dropped where the guard is, and `T`
// with it. A shared lock needs `T: Sync` besides.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send> Send for OwnedMappedRwLockWriteGuard<T, U> {}
// SAFETY: a shared guard gives `&U`, and the lock to whom `T` allows that.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Sync for OwnedMappedRwLockWriteGuard<T, U> {}

impl<T: ?Sized> OwnedMappedRwLockWriteGuard<T, T> {
    /// The caller has just become the writer of `lock`, and makes this one guard for it.
    pub(super) fn of(lock: Arc<RwLock<T>>) -> Self {
        let content = lock.content.address();
        Self::of_share(WriteShare(lock), content)
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedRwLockWriteGuard<T, U> {
    /// The caller was the writer, and gives its guard of `content` up for this one.
    fn of_share(lock: WriteShare<T>, content: NonNull<U>) -> Self {
        Self { content, lock, invariant: PhantomData }
    }

    /// Gives the guard up without releasing the lock.
    pub(super) fn into_lock(self) -> Arc<RwLock<T>> {
        let share = ManuallyDrop::new(self.lock);
        // SAFETY: the share is not used again, nor dropped.
        unsafe { std::ptr::read(&raw const share.0) }
    }

    /// A guard of a part of the part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedMappedRwLockWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// let lock = std::sync::Arc::new(RwLock::new((1, [2, 3])));
    /// let guard = lock.clone().try_write_owned().unwrap();
    /// let list = OwnedRwLockWriteGuard::map(guard, |pair| &mut pair.1);
    /// *OwnedMappedRwLockWriteGuard::map(list, |list| &mut list[0]) = 4;
    /// assert_eq!(lock.try_read().unwrap().1, [4, 3]);
    /// ```
    pub fn map<V: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> OwnedMappedRwLockWriteGuard<T, V> {
        let mut guard = guard;
        let content = NonNull::from(part(&mut guard));
        OwnedMappedRwLockWriteGuard::of_share(guard.lock, content)
    }

    /// A guard of a part that may be missing; else the guard comes back.
    ///
    /// # Errors
    /// The guard, if there is no such part.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedMappedRwLockWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// let lock = std::sync::Arc::new(RwLock::new((1, [2, 3])));
    /// let guard = lock.try_write_owned().unwrap();
    /// let list = OwnedRwLockWriteGuard::map(guard, |pair| &mut pair.1[..]);
    /// assert!(OwnedMappedRwLockWriteGuard::filter_map(list, |list| list.get_mut(2)).is_err());
    /// ```
    pub fn filter_map<V: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedMappedRwLockWriteGuard<T, V>, Self> {
        let mut guard = guard;
        let Some(content) = part(&mut guard).map(NonNull::from) else { return Err(guard) };
        Ok(OwnedMappedRwLockWriteGuard::of_share(guard.lock, content))
    }

    /// The lock that is held.
    ///
    /// # Examples
    /// ```
    /// use qi_sync::{OwnedMappedRwLockWriteGuard, OwnedRwLockWriteGuard, RwLock};
    /// let lock = std::sync::Arc::new(RwLock::new([1, 2]));
    /// let guard = lock.clone().try_write_owned().unwrap();
    /// let first = OwnedRwLockWriteGuard::map(guard, |pair| &mut pair[0]);
    /// assert!(std::sync::Arc::ptr_eq(OwnedMappedRwLockWriteGuard::rwlock(&first), &lock));
    /// ```
    pub fn rwlock(guard: &Self) -> &Arc<RwLock<T>> {
        &guard.lock.0
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedRwLockWriteGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the guard is the writer's, keeps the lock, and is borrowed meanwhile.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedRwLockWriteGuard<T, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as in `deref`, and it is borrowed alone.
        unsafe { self.content.as_mut() }
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedMappedRwLockWriteGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedMappedRwLockWriteGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
