//! What a call that has to wait does, by where it is made.
//!
//! | the caller is | the call |
//! |---|---|
//! | a coroutine | parks it; its worker goes on with other tasks. `QI_ERR_CANCELLED` once it was cancelled |
//! | a poll function | answers `QI_ERR_WOULD_BLOCK`: it has to use the `_poll` twin |
//! | any other thread | blocks it; a worker's seat is handed to another thread meanwhile |
//!
//! Frames of C cannot be unwound, so in a coroutine only waits are used that answer when it was
//! cancelled. (I81)
#![forbid(unsafe_code)]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use qi_runtime::{Handle, RuntimeState, coroutine};

use crate::boundary;
use crate::code::Code;
use crate::poll_context;
use crate::runtime::Instance;

/// # Errors
/// [`Code::ERR_WOULD_BLOCK`] inside a poll function.
pub(crate) fn refuse_in_a_poll() -> Result<(), Code> {
    if poll_context::is_inside() { Err(Code::ERR_WOULD_BLOCK) } else { Ok(()) }
}

/// Waits for an operation.
///
/// # Errors
/// [`Code::ERR_WOULD_BLOCK`] inside a poll function, [`Code::ERR_NOT_INIT`] on a thread that belongs to
/// no runtime when there is no global one, [`Code::ERR_SHUTDOWN`] if that was shut down and would have to
/// wait, [`Code::ERR_CANCELLED`] in a coroutine that was cancelled.
pub(crate) fn wait<F: Future>(operation: F) -> Result<F::Output, Code> {
    refuse_in_a_poll()?;
    if coroutine::in_coroutine() {
        return coroutine::try_wait(operation).map_err(|_| Code::ERR_CANCELLED);
    }
    if let Ok(own) = Handle::try_current() {
        return Ok(own.block_on(operation));
    }
    let handle = Instance::here()?;
    match handle.state() {
        RuntimeState::Stopped => look(&handle, operation),
        _ => Ok(handle.block_on(operation)),
    }
}

/// As [`wait`], without taking notice of a cancellation until it is over.
pub(crate) fn wait_shielded<F: Future>(operation: F) -> Result<F::Output, Code> {
    coroutine::shield(|| wait(operation))
}

/// Whether the caller is a plain thread whose runtime has ended: there are no timers any more.
pub(crate) fn is_over() -> bool {
    let is_plain = Handle::try_current().is_err();
    is_plain && Instance::here().is_ok_and(|handle| handle.state() == RuntimeState::Stopped)
}

/// # Errors
/// [`Code::ERR_SHUTDOWN`] if it [is over](is_over).
pub(crate) fn refuse_if_over() -> Result<(), Code> {
    if is_over() { Err(Code::ERR_SHUTDOWN) } else { Ok(()) }
}

/// Looks once: nothing that an operation would wait for comes any more.
fn look<F: Future>(handle: &Handle, operation: F) -> Result<F::Output, Code> {
    let operation = pin!(operation);
    let once = || operation.poll(&mut Context::from_waker(Waker::noop()));
    match catch_unwind(AssertUnwindSafe(|| handle.enter(once))) {
        Ok(Poll::Ready(output)) => Ok(output),
        Ok(Poll::Pending) => Err(Code::ERR_SHUTDOWN),
        // Sockets of a closed reactor say so.
        Err(payload) => {
            boundary::drop_quietly(payload);
            Err(Code::ERR_SHUTDOWN)
        }
    }
}
