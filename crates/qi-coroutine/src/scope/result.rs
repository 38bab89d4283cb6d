//! What a child of a scope leaves, and the handle that waits for it.
#![forbid(unsafe_code)]

use super::Shared;
use crate::coroutine::Outcome;
use crate::wait::wait;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where a child's result is put, once.
pub(super) struct Slot<T> {
    /// Gets the panic that nobody joins.
    shared: Arc<Shared>,
    inside: Mutex<Inside<T>>,
}

struct Inside<T> {
    result: Option<Result<T, Outcome>>,
    is_filled: bool,
    waiting: Option<Waker>,
    /// Whether somebody has the handle still.
    is_wanted: bool,
}

impl<T> Slot<T> {
    pub(super) fn new(shared: Arc<Shared>) -> Arc<Self> {
        let inside = Inside { result: None, is_filled: false, waiting: None, is_wanted: true };
        Arc::new(Self { shared, inside: Mutex::new(inside) })
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        // No user code runs under it.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the first result in; a later one is dropped.
    pub(super) fn fill(&self, result: Result<T, Outcome>) {
        let mut inside = self.inside();
        let is_first = !std::mem::replace(&mut inside.is_filled, true);
        let mut unwanted = Some(result);
        if is_first && inside.is_wanted {
            inside.result = unwanted.take();
        }
        let waiting = inside.waiting.take();
        drop(inside);
        if let Some(unwanted) = unwanted {
            self.leave(unwanted);
        }
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Drops what nobody wants, but for a panic, which is the scope's then.
    fn leave(&self, unwanted: Result<T, Outcome>) {
        if let Err(Outcome::Panicked(payload)) = unwanted {
            self.shared.keep_panic(payload);
        }
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Result<T, Outcome>> {
        if let Some(result) = self.inside().result.take() {
            return Poll::Ready(result);
        }
        let waker = cx.waker().clone();
        let mut inside = self.inside();
        if let Some(result) = inside.result.take() {
            return Poll::Ready(result);
        }
        let before = inside.waiting.replace(waker);
        drop(inside);
        drop(before);
        Poll::Pending
    }
}

/// A child of a scope. Dropped, it leaves the child running, whose panic then is the scope's.
pub struct ScopedHandle<'scope, T> {
    slot: Arc<Slot<T>>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedHandle<'_, T> {
    pub(super) fn new(slot: Arc<Slot<T>>) -> Self {
        Self { slot, scope: PhantomData }
    }

    /// Waits for the child as [`wait`] does, and takes what it left.
    ///
    /// # Errors
    /// It panicked, or was cancelled.
    pub fn join(self) -> Result<T, Outcome> {
        wait(std::future::poll_fn(|cx| self.slot.poll_take(cx)))
    }
}

impl<T> Drop for ScopedHandle<'_, T> {
    fn drop(&mut self) {
        let mut inside = self.slot.inside();
        inside.is_wanted = false;
        let (result, waiting) = (inside.result.take(), inside.waiting.take());
        drop(inside);
        drop(waiting);
        if let Some(result) = result {
            self.slot.leave(result);
        }
    }
}

impl<T> fmt::Debug for ScopedHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ended = self.slot.inside().is_filled;
        f.debug_struct("ScopedHandle").field("is_ended", &is_ended).finish()
    }
}
