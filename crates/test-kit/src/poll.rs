//! Polling by hand, and saying what the poll must answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls `future` once, with a waker that does nothing.
///
/// # Examples
/// ```
/// use qi_test_kit::poll_once;
/// use std::pin::pin;
/// assert!(poll_once(pin!(std::future::pending::<()>())).is_pending());
/// assert!(poll_once(pin!(async { 7 })).is_ready());
/// ```
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Polls `future` once, with this waker.
///
/// # Examples
/// ```
/// use qi_test_kit::{WakeCount, poll_with};
/// let wakes = WakeCount::new();
/// let poll = poll_with(std::pin::pin!(async { 7 }), &wakes.waker());
/// assert!(poll.is_ready());
/// assert_eq!(wakes.count(), 0);
/// ```
pub fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls a pinned future (or takes a `Poll`) and asserts that it is pending.
///
/// # Examples
/// ```
/// use qi_test_kit::assert_pending;
/// let mut never = std::pin::pin!(std::future::pending::<()>());
/// assert_pending!(never.as_mut());
/// assert_pending!(poll qi_test_kit::poll_once(never.as_mut()), "it says {}", "never");
/// ```
#[macro_export]
macro_rules! assert_pending {
    (poll $poll:expr) => {
        $crate::assert_pending!(poll $poll, "ready too early")
    };
    (poll $poll:expr, $($message:tt)+) => {
        assert!(::std::task::Poll::is_pending(&$poll), $($message)+)
    };
    ($future:expr $(, $($message:tt)+)?) => {
        $crate::assert_pending!(poll $crate::poll_once($future) $(, $($message)+)?)
    };
}

/// Polls a pinned future (or takes a `Poll`), asserts that it is ready, and gives its output.
///
/// # Examples
/// ```
/// use qi_test_kit::assert_ready;
/// assert_eq!(assert_ready!(std::pin::pin!(async { 7 })), 7);
/// assert_eq!(assert_ready!(poll std::task::Poll::Ready(7), "it says {}", 7), 7);
/// ```
#[macro_export]
macro_rules! assert_ready {
    (poll $poll:expr) => {
        $crate::assert_ready!(poll $poll, "still pending")
    };
    (poll $poll:expr, $($message:tt)+) => {
        match $poll {
            ::std::task::Poll::Ready(output) => output,
            ::std::task::Poll::Pending => panic!($($message)+),
        }
    };
    ($future:expr $(, $($message:tt)+)?) => {
        $crate::assert_ready!(poll $crate::poll_once($future) $(, $($message)+)?)
    };
}
