//! Where threads do the work of coroutines, the standard library watches their stacks.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

pub(super) fn install() {}

/// A thread's stack for handlers. Threads have theirs already.
#[derive(Debug)]
pub struct AltStack {
    /// It belongs to its thread.
    on_thread: PhantomData<*mut ()>,
}

impl AltStack {
    pub(super) fn new() -> Self {
        Self { on_thread: PhantomData }
    }
}
