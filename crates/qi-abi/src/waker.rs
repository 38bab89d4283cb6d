//! Wakers that programs hold: for event sources that the runtime does not know.
#![forbid(unsafe_code)]

use std::task::Waker;

/// A waker behind a handle.
pub(crate) struct HandedWaker(pub(crate) Waker);
