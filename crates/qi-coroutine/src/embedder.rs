//! What a coroutine asks of whoever runs it.
#![forbid(unsafe_code)]

use crate::label::Label;
use crate::park;
use std::pin::Pin;

/// Why a coroutine blocks its thread where it would otherwise be suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockedWhy {
    /// A destructor waits while its frame is unwound. Were it suspended, the thread would be
    /// taken for panicking by whatever runs there next.
    Unwinding,
    /// The coroutine is being dropped, so nobody will poll it again.
    Dropped,
    /// The coroutine was cancelled, caught the unwinding each time, and waits again. It runs on as
    /// a blocking call.
    Stuck,
}

/// A coroutine that must block its thread, and why.
#[derive(Clone, Copy, Debug)]
pub struct Blocked<'a> {
    label: &'a Label,
    why: BlockedWhy,
}

impl<'a> Blocked<'a> {
    pub(crate) fn new(label: &'a Label, why: BlockedWhy) -> Self {
        Self { label, why }
    }

    /// The coroutine's number and name.
    #[must_use]
    pub fn label(&self) -> &'a Label {
        self.label
    }

    /// Why.
    #[must_use]
    pub fn why(&self) -> BlockedWhy {
        self.why
    }
}

/// Whoever runs coroutines on threads that it needs for other things too.
///
/// # Examples
/// ```
/// use qi_coroutine::{Blocked, Embedder, block_on};
/// use std::{future::Future, pin::Pin};
///
/// struct Loud;
/// impl Embedder for Loud {
///     fn block_on(&self, blocked: &Blocked<'_>, future: Pin<&mut dyn Future<Output = ()>>) {
///         eprintln!("coroutine {} blocks its thread: {:?}", blocked.label().id(), blocked.why());
///         block_on(future);
///     }
/// }
/// ```
pub trait Embedder: Send + Sync {
    /// Runs `future` to its end before it returns, blocking the thread. It is called on the
    /// coroutine's stack. A scheduler gives the thread's other work to another thread first, and
    /// runs what is bound to this thread meanwhile.
    ///
    /// If it returns early or panics, the coroutine blocks the thread itself.
    fn block_on(&self, blocked: &Blocked<'_>, future: Pin<&mut dyn Future<Output = ()>>) {
        let _ = blocked;
        park::block_on(future);
    }
}

/// Just blocks.
pub(crate) struct Nobody;

impl Embedder for Nobody {}
