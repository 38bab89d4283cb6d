//! A place that several threads of a model touch, and loom watches for races.

use loom::cell::UnsafeCell;

/// Content that the protocol under test must hand from one thread to the next: loom fails the
/// execution in which two touch it at once, or one has not seen what the one before it did.
#[derive(Debug, Default)]
pub(super) struct Watched<T>(UnsafeCell<T>);

// SAFETY: an access that is not ordered after all others ends the execution with a panic.
unsafe impl<T: Send> Sync for Watched<T> {}

impl<T> Watched<T> {
    pub(super) fn new(content: T) -> Self {
        Self(UnsafeCell::new(content))
    }

    /// Looks at the content: others may look, too.
    pub(super) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: loom has just checked that nobody changes it.
        self.0.with(|content| look(unsafe { &*content }))
    }

    /// Changes the content: nobody else may be there.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: loom has just checked that nobody else is there.
        self.0.with_mut(|content| change(unsafe { &mut *content }))
    }
}
