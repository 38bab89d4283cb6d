//! Priorities, figures and the dump: new symbols.

use std::ffi::c_char;

use crate::{figures, here, quiet, report, text};

/// Gives the coroutine or goroutine that this thread starts next a priority, 0 (low) to 3 (critical):
/// 0, or -1 if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_next_priority(priority: i64) -> i32 {
    here::settle();
    let Some(lane) = figures::lane(priority) else { return -1 };
    here::next_lane(lane);
    0
}

/// A figure: 0 live coroutines, 1 active tasks, 2 queued, 3 completed, 4 spawned, 5 workers, 6 stalls,
/// 7 timers, 8 sockets, 9 bytes of futures; -1 for any other number.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_stat(number: i64) -> i64 {
    here::settle();
    figures::figure(number).unwrap_or(-1)
}

/// Who waits on what, a line each, as a new string.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_dump() -> *mut c_char {
    here::settle();
    super::give(text::from_str(&report::dump(quiet::live().0)))
}
