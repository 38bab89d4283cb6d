//! Goroutines: calls that run beside the one who starts them.

use std::ffi::{CString, c_char, c_void};

use crate::goroutine::{self, Body, Joined};
use crate::{exception, here};

/// A function that takes its environment or its arguments.
type Function = extern "C" fn(*mut c_void);

/// Starts `wrapper(arguments)` with a copy of so many words.
///
/// # Safety
/// Null or a function of such a pointer; null or so many words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_spawn_goroutine_with_args(
    wrapper: Option<Function>,
    arguments: *const i64,
    count: i64,
) {
    here::settle();
    let Some(wrapper) = wrapper else { return };
    let count = usize::try_from(count).unwrap_or(0);
    let words = if arguments.is_null() || count == 0 {
        Box::default()
    } else {
        // SAFETY: the caller's word.
        unsafe { std::slice::from_raw_parts(arguments, count) }.into()
    };
    // SAFETY: the caller's word.
    goroutine::spawn(unsafe { Body::with_words(wrapper, words) }, false);
}

/// Starts a closure; its handle, or -1 for null. What it throws is kept for those who ask.
///
/// # Safety
/// Null, or a closure: an object whose first word is a function of the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_spawn_goroutine_handle(closure: *mut c_void) -> i64 {
    here::settle();
    if closure.is_null() {
        return -1;
    }
    // SAFETY: the caller's word.
    let Some(function) = (unsafe { closure.cast::<Option<Function>>().read() }) else { return -1 };
    // SAFETY: the caller's word.
    let body = unsafe { Body::with_pointer(function, closure) };
    super::pointer(goroutine::spawn(body, true)) as i64
}

fn join(handle: i64) -> Joined {
    here::settle();
    match goroutine::join(handle) {
        Ok(joined) => joined,
        Err(message) => super::throw(message),
    }
}

/// Waits for a goroutine's end: 0, or -1 for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_goroutine_join(handle: i64) -> i64 {
    match join(handle) {
        Joined::Unknown => -1,
        Joined::Ended | Joined::Threw(_) => 0,
    }
}

/// Waits for a goroutine's end: 1 if it threw, 0 if not, -1 for an unknown handle.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_goroutine_has_exception(handle: i64) -> i64 {
    match join(handle) {
        Joined::Unknown => -1,
        Joined::Ended => 0,
        Joined::Threw(_) => 1,
    }
}

/// Waits for a goroutine's end: what it threw, or an empty string.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_goroutine_take_exception(handle: i64) -> *mut c_char {
    super::give(match join(handle) {
        Joined::Threw(message) => message,
        Joined::Unknown | Joined::Ended => CString::default(),
    })
}

/// How many exceptions of goroutines without a handle nobody has taken yet.
#[unsafe(no_mangle)]
pub extern "C" fn qi_exc_goroutine_count() -> i64 {
    here::settle();
    i64::try_from(exception::left()).unwrap_or(i64::MAX)
}

/// The oldest of them, or an empty string.
#[unsafe(no_mangle)]
pub extern "C" fn qi_exc_goroutine_take() -> *mut c_char {
    here::settle();
    super::give(exception::take_left().unwrap_or_default())
}
