//! An event that happens once, made of nothing that is under test.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

/// A door that is opened once: futures await it, threads look at it. A future itself; clones are of
/// the same event.
///
/// # Examples
/// ```
/// use qi_test_kit::{Event, assert_pending, assert_ready};
/// let event = Event::new();
/// let mut wait = std::pin::pin!(event.wait());
/// assert_pending!(wait.as_mut());
/// assert_eq!(event.waiting(), 1);
/// event.set();
/// assert_ready!(wait.as_mut());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Event(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    wakers: Vec<Waker>,
}

impl Event {
    /// One that has not happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets it happen.
    pub fn set(&self) {
        let mut state = self.state();
        state.is_set = true;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether it has happened.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.state().is_set
    }

    /// The event as a future that can go anywhere.
    #[must_use]
    pub fn wait(&self) -> Self {
        self.clone()
    }

    /// How many wakers wait for it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().wakers.len()
    }

    /// The wakers that wait, which the event forgets.
    #[must_use]
    pub fn take_wakers(&self) -> Vec<Waker> {
        std::mem::take(&mut self.state().wakers)
    }

    /// Keeps the calling thread busy until it happens.
    pub fn spin(&self) {
        while !self.is_set() {
            thread::yield_now();
        }
    }
}

impl Future for Event {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.is_set {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}
