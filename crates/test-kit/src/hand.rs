//! A future polled by hand, as a task would be: when it was woken.

use crate::{WakeCount, poll_with};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// A future together with the count of its wake-ups.
///
/// # Examples
/// ```
/// use qi_test_kit::{Event, Hand};
/// let event = Event::new();
/// let hand = Hand::waiting(event.wait());
/// event.set();
/// assert!(hand.wakes.is_woken());
/// hand.finish();
/// ```
pub struct Hand<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    /// How often it was woken.
    pub wakes: WakeCount,
}

impl<'a, T> Hand<'a, T> {
    /// Takes a future in hand, and does not poll it yet.
    #[must_use]
    pub fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Box::pin(future), wakes: WakeCount::new() }
    }

    /// Takes a future in hand that waits after its first poll.
    ///
    /// # Panics
    /// If that poll is ready.
    #[must_use]
    #[track_caller]
    pub fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut hand = Self::new(future);
        assert!(hand.poll().is_pending(), "it need not wait");
        hand
    }

    /// Polls it once.
    pub fn poll(&mut self) -> Poll<T> {
        poll_with(self.future.as_mut(), &self.wakes.waker())
    }

    /// Polls as often as it is woken.
    ///
    /// # Panics
    /// If it waits, and nobody has woken it.
    #[track_caller]
    pub fn finish(mut self) -> T {
        loop {
            match self.poll() {
                Poll::Ready(output) => return output,
                Poll::Pending => assert!(self.wakes.take() > 0, "waits, and nobody woke it"),
            }
        }
    }
}

impl<T> fmt::Debug for Hand<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hand").field("wakes", &self.wakes).finish_non_exhaustive()
    }
}
