//! What cancelling looks like from inside of a coroutine.
//!
//! A cancelled coroutine unwinds: `wait` raises a payload of this module by `resume_unwind`, which
//! runs destructors and no panic hook. Code that catches it and waits on would go on for ever, so
//! that happens [`RAISES`] times at most (I58); after that a wait blocks its thread, and is reported.
#![forbid(unsafe_code)]

use std::any::Any;
use thiserror::Error;

/// How often a cancelled coroutine is unwound. The second and the third time are for code that
/// catches a panic on purpose and then waits for one thing more.
pub(crate) const RAISES: u32 = 3;

/// How many waits in a row may answer [`Cancelled`] before they block: a loop that takes no notice
/// of the answer would otherwise hold its thread for ever. Far more than cleaning up takes.
pub(crate) const REFUSALS: u32 = 10_000;

/// The coroutine was cancelled, and what it waited for was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the coroutine was cancelled")]
#[non_exhaustive]
pub struct Cancelled;

impl Cancelled {
    /// Whether a caught payload is that of a cancelled coroutine that unwinds, and no panic. Whoever
    /// catches it is to resume the unwinding.
    #[must_use]
    pub fn is_payload(payload: &(dyn Any + Send)) -> bool {
        payload.is::<Unwind>()
    }

    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "协程已被取消".into()
    }
}

/// What is raised through the frames of a cancelled coroutine.
pub(crate) struct Unwind;

/// Unwinds the caller, unless panics abort here.
#[cfg(panic = "unwind")]
pub(crate) fn raise() -> ! {
    std::panic::resume_unwind(Box::new(Unwind))
}

/// Whether [`raise`] can be called.
pub(crate) const CAN_RAISE: bool = cfg!(panic = "unwind");

/// Never called: [`CAN_RAISE`] says so.
#[cfg(not(panic = "unwind"))]
pub(crate) fn raise() -> ! {
    std::process::abort()
}
