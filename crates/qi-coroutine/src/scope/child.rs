//! A child of a scope, with its borrows hidden from whoever runs it. Its share of the frame goes after
//! all that it borrowed (I59).

use super::result::Slot;
use super::{Shared, is_unwinding_of_ours};
use crate::coroutine::Outcome;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// The body of a scope's child, to be run once wherever there is room for it.
pub struct Child {
    /// Dropped before the share: fields go in order.
    body: Box<dyn FnOnce() + Send>,
    share: Share,
}

/// As long as one is there, the scope's frame stays.
pub(super) struct Share(Arc<Shared>);

impl Share {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.begin();
        Self(shared)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Child {
    pub(super) fn new<'scope, F, T>(f: F, slot: Arc<Slot<T>>, share: Share) -> Self
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let filling = Filling(slot);
        let body: Box<dyn FnOnce() + Send + 'scope> = Box::new(move || filling.run(f));
        // SAFETY: only the lifetime changes. Whoever has the child runs the body or drops it, and
        // either ends before the share is dropped (`run`, and the order of the fields); the scope
        // does not return before that, and 'scope outlives it.
        let body = unsafe {
            mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Box<dyn FnOnce() + Send>>(body)
        };
        Self { body, share }
    }

    /// Runs it to its end, on the calling coroutine or thread. Its panics stay in its handle, or go
    /// to the scope; the unwinding of a coroutine that was cancelled goes on.
    pub fn run(self) {
        let Self { body, share } = self;
        let result = catch_unwind(AssertUnwindSafe(body));
        // All that the child borrowed is gone by now.
        drop(share);
        if let Err(payload) = result {
            resume_unwind(payload);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").finish_non_exhaustive()
    }
}

/// Puts something into the slot in any case.
struct Filling<T>(Arc<Slot<T>>);

impl<T> Filling<T> {
    fn run(self, f: impl FnOnce() -> T) {
        match catch_unwind(AssertUnwindSafe(f)) {
            Ok(value) => self.0.fill(Ok(value)),
            Err(payload) if is_unwinding_of_ours(&*payload) => {
                drop(self);
                resume_unwind(payload);
            }
            Err(payload) => self.0.fill(Err(Outcome::Panicked(payload))),
        }
    }
}

impl<T> Drop for Filling<T> {
    /// A child that never ran, or was cancelled, left nothing.
    fn drop(&mut self) {
        self.0.fill(Err(Outcome::Cancelled));
    }
}
