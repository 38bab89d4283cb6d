//! Wakers that programs hold: for event sources that the runtime does not know.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::task::Waker;

use qi_runtime::sync::Notify;

/// A waker behind a handle.
pub(crate) enum HandedWaker {
    /// Of a poll function: it is polled again.
    Task(Waker),
    /// Of a coroutine or a thread: its next park returns.
    Parked(Arc<Notify>),
}

impl HandedWaker {
    pub(crate) fn wake(&self) {
        match self {
            HandedWaker::Task(waker) => waker.wake_by_ref(),
            HandedWaker::Parked(parking) => parking.notify_one(),
        }
    }
}
