//! The language's own library: what is used of it.
//!
//! Strings handed to the program come from its `qi_string_from_cstr`, which every program of the language
//! has. All else may be absent: see `c/library.c`.

use std::ffi::{CStr, CString, c_char, c_void};
use std::time::Duration;

use qi_runtime::time;

use crate::future::As;

unsafe extern "C" {
    fn qi_lang_string(text: *const c_char) -> *mut c_char;
    fn qi_lang_future_state(future: *mut c_void) -> i32;
    fn qi_lang_future_bits(future: *mut c_void, kind: i32, bits: *mut i64) -> i32;
    fn qi_lang_bytes_from_hex(hex: *const c_char) -> i64;
    fn qi_lang_bytes_to_hex(bytes: i64) -> *mut c_char;
    fn qi_lang_string_free(string: *mut c_char);
}

/// Between two looks at one of its futures.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(8));

/// What one of its futures is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Completed,
    Failed,
    /// The library cannot say.
    Unknown,
}

/// A string of the language; the program owns it.
pub(crate) fn string(text: &CStr) -> *mut c_char {
    // SAFETY: it reads a string that ends with NUL, and copies it.
    unsafe { qi_lang_string(text.as_ptr()) }
}

/// The state of one of its futures.
pub(crate) fn state(future: usize) -> State {
    // SAFETY: the program gave it as a future, and it is none of this library.
    match unsafe { qi_lang_future_state(future as *mut c_void) } {
        0 => State::Pending,
        1 => State::Completed,
        2 => State::Failed,
        _ => State::Unknown,
    }
}

/// The value of one that is completed.
pub(crate) fn bits(future: usize, wanted: As) -> i64 {
    let mut bits = 0;
    // SAFETY: as in `state`; the value goes where it may.
    unsafe { qi_lang_future_bits(future as *mut c_void, wanted as i32, &raw mut bits) };
    bits
}

/// Waits for the end of one of its futures, by looking: it tells nobody.
pub(crate) async fn ended(future: usize) -> State {
    let mut pause = LOOKS.0;
    loop {
        time::sleep(pause).await;
        let state = state(future);
        if state != State::Pending {
            return state;
        }
        pause = (pause * 2).min(LOOKS.1);
    }
}

/// Bytes of the library, from hexadecimal digits; `None` if it has none.
pub(crate) fn bytes_from_hex(hex: &CStr) -> Option<i64> {
    // SAFETY: it reads a string that ends with NUL.
    let bytes = unsafe { qi_lang_bytes_from_hex(hex.as_ptr()) };
    (bytes > 0).then_some(bytes)
}

/// The hexadecimal digits of bytes of the library; `None` if it has none.
pub(crate) fn bytes_to_hex(bytes: i64) -> Option<CString> {
    // SAFETY: any number may be asked for.
    let string = unsafe { qi_lang_bytes_to_hex(bytes) };
    if string.is_null() {
        return None;
    }
    // SAFETY: a string of the library that nobody else has.
    let copy = unsafe { CStr::from_ptr(string) }.to_owned();
    // SAFETY: as above, and not used again.
    unsafe { qi_lang_string_free(string) };
    Some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The unit tests are linked without a library.
    #[unsafe(no_mangle)]
    extern "C" fn qi_string_from_cstr(text: *const c_char) -> *mut c_char {
        text.cast_mut()
    }

    #[test]
    fn library_that_is_not_there_knows_nothing() {
        assert_eq!(state(16), State::Unknown);
        assert_eq!(bits(16, As::Integer), 0);
        assert_eq!((bytes_from_hex(c"00"), bytes_to_hex(1)), (None, None));
        assert_eq!(string(c"same").cast_const(), c"same".as_ptr());
    }
}
