//! What a lock guards: shared between threads, looked at by whoever holds the lock.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

/// A value that may be shared, because only the holder of a lock follows its address.
#[derive(Debug, Default)]
pub(crate) struct Content<T: ?Sized>(UnsafeCell<T>);

// SAFETY: shared, it gives no more than an address. Guards, which follow it, say themselves on which
// threads they may be; that a lock is needed to make one is their business too. What the lock hands
// from thread to thread is a `T`, so that must be `Send`.
unsafe impl<T: ?Sized + Send> Sync for Content<T> {}

impl<T> Content<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Content<T> {
    /// Where the value is.
    pub(crate) fn address(&self) -> NonNull<T> {
        // SAFETY: the address of a cell is not null.
        unsafe { NonNull::new_unchecked(self.0.get()) }
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}
