//! Time.

use std::ffi::c_void;

use crate::{here, plain, timer};

/// A timer that ends so many milliseconds later; null if that is negative.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_timer_create(milliseconds: i64) -> *mut c_void {
    here::settle();
    if milliseconds < 0 {
        return std::ptr::null_mut();
    }
    timer::create(timer::milliseconds(milliseconds)) as *mut c_void
}

/// Whether a timer has ended or was stopped: 1 or 0, -1 if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_timer_expired(number: *mut c_void) -> i64 {
    here::settle();
    timer::has_expired(number as i64).map_or(-1, i64::from)
}

/// Stops a timer: 0, or -1 if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_timer_stop(number: *mut c_void) -> i64 {
    here::settle();
    if timer::stop(number as i64) { 0 } else { -1 }
}

/// Sleeps so many milliseconds: 0, or -1 if that is negative.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_set_timeout(milliseconds: i64) -> i64 {
    here::settle();
    if milliseconds < 0 {
        return -1;
    }
    timer::sleep(timer::milliseconds(milliseconds));
    0
}

/// Milliseconds since 1970.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_get_time_ms() -> i64 {
    // A select reads the clock between its tries and its step: what it could not send is not settled.
    here::clock_read();
    timer::now_ms()
}

/// What a select calls between two rounds; after a step there is nothing left to wait for.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_select_backoff() {
    plain::back_off();
}

/// Sleeps so many milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn qi_datetime_sleep_millis(milliseconds: i64) {
    here::settle();
    timer::sleep(timer::milliseconds(milliseconds));
}

/// A future that is ready so many milliseconds later.
#[unsafe(no_mangle)]
pub extern "C" fn qi_datetime_async_sleep_future(milliseconds: i64) -> *mut c_void {
    here::settle();
    super::pointer(timer::sleep_future(timer::milliseconds(milliseconds)))
}
