//! Waiting for another thread that is between two instructions, as loom wants to be told of it.
#![forbid(unsafe_code)]

/// A wait for something that another thread does next, whatever it is doing.
#[derive(Debug, Default)]
pub(crate) struct Spin;

impl Spin {
    /// Lets the other threads go on.
    pub(crate) fn wait(&mut self) {
        loom::thread::yield_now();
    }

    /// Does not wait: the model explores the way on which it has taken too long.
    pub(crate) fn wait_briefly(&mut self) -> bool {
        false
    }
}

/// Standing back after a race was lost: nothing to model.
#[derive(Debug, Default)]
pub(crate) struct Backoff;

impl Backoff {
    /// Does not wait, and says so.
    pub(crate) fn wait(&mut self) -> bool {
        false
    }
}
