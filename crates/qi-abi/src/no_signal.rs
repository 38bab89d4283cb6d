//! This system's handlers run on threads of their own, where anything may be called.
#![forbid(unsafe_code)]

use qi_runtime::sync::Notify;

use crate::code::Code;
use crate::signal_number::{index, waiters_of};

pub(crate) fn notify(number: i32) {
    if let Some(index) = index(number) {
        waiters_of(index).notify_one();
    }
}

/// The place where waiters for a number stand.
///
/// # Errors
/// [`Code::ERR_INVALID`] if there is no such number.
pub(crate) fn waiters(number: i32) -> Result<&'static Notify, Code> {
    Ok(waiters_of(index(number).ok_or(Code::ERR_INVALID)?))
}
