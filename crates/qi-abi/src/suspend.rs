//! What a call that has to wait does, by where it is made.
//!
//! | the caller is | the call |
//! |---|---|
//! | a coroutine | parks it; its worker goes on with other tasks |
//! | a poll function | answers `QI_ERR_WOULD_BLOCK`: it has to use the `_poll` twin |
//! | any other thread | blocks it; a worker's seat is handed to another thread meanwhile |
#![forbid(unsafe_code)]

use std::future::Future;

use crate::code::Code;
use crate::poll_context;
use crate::runtime::Instance;

/// Waits for an operation.
///
/// # Errors
/// [`Code::ERR_WOULD_BLOCK`] inside a poll function, [`Code::ERR_NOT_INIT`] on a thread that belongs to
/// no runtime when there is no global one.
pub(crate) fn wait<F: Future>(operation: F) -> Result<F::Output, Code> {
    if poll_context::is_inside() {
        return Err(Code::ERR_WOULD_BLOCK);
    }
    Ok(Instance::here()?.block_on(operation))
}
