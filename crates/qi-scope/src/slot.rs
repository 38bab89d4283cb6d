//! A place for one value that a child leaves to whoever waits for it.
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The place; shared by the two.
#[derive(Debug)]
pub(crate) struct Slot<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    /// Nothing will come any more.
    closed: bool,
    waiter: Option<Waker>,
}

impl<T> Slot<T> {
    /// A place, and the right to leave something there.
    pub(crate) fn pair() -> (Arc<Self>, Filler<T>) {
        let state = State { value: None, closed: false, waiter: None };
        let slot = Arc::new(Self(Mutex::new(state)));
        (slot.clone(), Filler(slot))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code of the user's runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is nothing more to wait for.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The value, once it is there; `None` if none will come, or it was taken.
    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<Option<T>> {
        // Cloned before the lock is taken, dropped after it is given back.
        let mut waker = Some(cx.waker().clone());
        let mut state = self.lock();
        if state.closed {
            let value = state.value.take();
            drop(state);
            return Poll::Ready(value);
        }
        std::mem::swap(&mut state.waiter, &mut waker);
        drop(state);
        Poll::Pending
    }

    /// Nobody waits any more.
    pub(crate) fn forget_waiter(&self) {
        let waiter = self.lock().waiter.take();
        drop(waiter);
    }
}

/// Leaves the value. If it is dropped instead, none will come.
#[derive(Debug)]
pub(crate) struct Filler<T>(Arc<Slot<T>>);

impl<T> Filler<T> {
    pub(crate) fn fill(self, value: T) {
        self.0.lock().value = Some(value);
    }
}

impl<T> Drop for Filler<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let waiter = state.waiter.take();
        drop(state);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filler_that_is_dropped_ends_the_wait_without_a_value() {
        let (slot, filler) = Slot::<u32>::pair();
        let cx = Context::from_waker(Waker::noop());
        assert!(slot.poll_take(&cx).is_pending());
        drop(filler);
        assert_eq!(slot.poll_take(&cx), Poll::Ready(None));
    }

    #[test]
    fn a_value_is_given_once() {
        let (slot, filler) = Slot::pair();
        filler.fill(7);
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(slot.poll_take(&cx), Poll::Ready(Some(7)));
        assert_eq!(slot.poll_take(&cx), Poll::Ready(None));
    }
}
