//! Futures.

use std::ffi::{CString, c_char, c_void};

use crate::arena::{self, Found};
use crate::future::{self, As, Given};
use crate::here;
use crate::ready::{self, Ready};
use crate::strand::Value;
use crate::text;

/// A future that is ready with an integer.
#[unsafe(no_mangle)]
pub extern "C" fn qi_future_ready_i64(value: i64) -> *mut c_void {
    here::settle();
    ready::put(Value::Bits, value) as *mut c_void
}

/// A future that is ready with a number.
#[unsafe(no_mangle)]
pub extern "C" fn qi_future_ready_f64(value: f64) -> *mut c_void {
    qi_future_ready_i64(value.to_bits() as i64)
}

/// A future that is ready with a truth: anything but 0.
#[unsafe(no_mangle)]
pub extern "C" fn qi_future_ready_bool(value: i32) -> *mut c_void {
    qi_future_ready_i64(i64::from(value != 0))
}

/// A future that is ready with a pointer and the one count of it.
#[unsafe(no_mangle)]
pub extern "C" fn qi_future_ready_ptr(value: *mut c_void) -> *mut c_void {
    qi_future_ready_i64(value as i64)
}

/// # Safety
/// Null, or so many bytes.
unsafe fn copy(bytes: *const c_char, length: i64) -> CString {
    let length = usize::try_from(length).unwrap_or(0);
    if bytes.is_null() || length == 0 {
        return CString::default();
    }
    // SAFETY: the caller's word.
    text::from_bytes(unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) })
}

/// A future that is ready with a copy of a string of so many bytes.
///
/// # Safety
/// Null, or so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_ready_string(bytes: *const c_char, length: i64) -> *mut c_void {
    here::settle();
    // SAFETY: the caller's word.
    ready::put_text(Value::Text, unsafe { copy(bytes, length) }) as *mut c_void
}

/// A future whose await throws a copy of that text.
///
/// # Safety
/// Null, or so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_failed(bytes: *const c_char, length: i64) -> *mut c_void {
    here::settle();
    // SAFETY: the caller's word.
    ready::put_text(Value::Failure, unsafe { copy(bytes, length) }) as *mut c_void
}

/// The bits of a number. Most are the last that were put, and so there is nothing to settle: see
/// `here::unsent`.
///
/// # Safety
/// Null, or a future.
#[inline]
unsafe fn number(future: *mut c_void, wanted: As) -> i64 {
    // SAFETY: the caller's word.
    match unsafe { arena::last(future as usize) }.and_then(Ready::first_number) {
        Some(number) => number,
        None => bits(future, wanted),
    }
}

#[inline(never)]
extern "C" fn bits(future: *mut c_void, wanted: As) -> i64 {
    here::settle();
    match future::value(future as usize, wanted) {
        Ok(Given::Bits(bits)) => bits,
        Ok(Given::Text(text)) => super::give(text) as i64,
        Err(message) => super::throw(message),
    }
}

/// Waits for an integer.
///
/// # Safety
/// Null, or a future of this library or of the language's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_await_i64(future: *mut c_void) -> i64 {
    // SAFETY: the caller's word.
    unsafe { number(future, As::Integer) }
}

/// Waits for a number.
///
/// # Safety
/// As `qi_future_await_i64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_await_f64(future: *mut c_void) -> f64 {
    // SAFETY: the caller's word.
    let bits = unsafe { number(future, As::Float) };
    f64::from_bits(bits as u64)
}

/// Waits for a truth: 1 or 0.
///
/// # Safety
/// As `qi_future_await_i64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_await_bool(future: *mut c_void) -> i32 {
    // SAFETY: the caller's word.
    i32::from(unsafe { number(future, As::Boolean) } != 0)
}

/// Waits for a pointer and takes its count: the second await gives null. A string comes as a new one.
///
/// # Safety
/// As `qi_future_await_i64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_await_ptr(future: *mut c_void) -> *mut c_void {
    bits(future, As::Pointer) as *mut c_void
}

/// Waits for a string, which the caller owns.
///
/// # Safety
/// As `qi_future_await_i64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_await_string(future: *mut c_void) -> *mut c_char {
    bits(future, As::String) as *mut c_char
}

/// Says that a future is not asked any more. A future of the language's library stays as it is.
///
/// # Safety
/// Null, or a future.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_future_free(future: *mut c_void) {
    here::settle();
    match arena::find(future as usize) {
        Found::Strand(strand) => strand.release(),
        Found::Ready(ready) => ready.release(),
        Found::Gone { .. } | Found::Foreign => {}
    }
}
