//! From signal handlers to tasks.

use super::{operation, polling, waiting};
use crate::code::Code;
use crate::poll_context::{Key, PollContext};
use crate::signal;

/// Tells whoever waits for a number (1 to 64) by `qi_signal_wait`, one for each call, or the next who
/// comes; calls that come in quick succession may count as one. This is the only function that may be
/// called in a signal handler. As other calls there it may change `errno`.
#[unsafe(no_mangle)]
pub extern "C" fn qi_signal_notify(number: i32) {
    signal::notify(number);
}

async fn told(number: i32) -> Result<Code, Code> {
    signal::waiters(number)?.notified().await;
    Ok(Code::OK)
}

/// Waits until `qi_signal_notify` is called with this number; returns at once if it was since the last
/// wait. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_signal_wait(number: i32) -> i32 {
    waiting(|| Ok(told(number)))
}

/// The twin of `qi_signal_wait` for poll functions.
///
/// # Safety
/// `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_signal_poll_wait(number: i32, cx: *mut PollContext) -> i32 {
    let key =
        Key { handle: u64::from(number.unsigned_abs()), operation: operation::SIGNAL, data: 0 };
    polling(cx, key, move || Ok(told(number)))
}
