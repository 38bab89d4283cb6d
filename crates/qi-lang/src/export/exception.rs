//! Exceptions.

use std::ffi::{c_char, c_void};

use crate::exception;

/// A buffer for the `setjmp` that follows, 256 bytes, aligned to 16.
#[unsafe(no_mangle)]
pub extern "C" fn qi_exc_alloc_frame() -> *mut c_void {
    exception::mark().cast()
}

/// Takes the newest buffer back.
#[unsafe(no_mangle)]
pub extern "C" fn qi_exc_pop() {
    exception::unmark();
}

/// What was thrown last, as a new string.
#[unsafe(no_mangle)]
pub extern "C" fn qi_exc_message() -> *mut c_char {
    super::give(exception::message())
}

/// Forgets what was thrown last.
#[unsafe(no_mangle)]
pub extern "C" fn qi_exc_clear() {
    exception::stage(Default::default());
}

/// Keeps a copy of what `qi_exc_throw_staged` will throw.
///
/// # Safety
/// Null, or a string that ends with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_exc_stage(message: *const c_char) {
    // SAFETY: the caller's word.
    exception::stage(unsafe { exception::copy(message) });
}

/// Goes to the newest buffer. Without one a coroutine or goroutine ends, and elsewhere the program.
///
/// # Safety
/// The functions that have filled buffers and not taken them back have not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_exc_throw_staged() -> ! {
    exception::throw()
}

/// Both in one.
///
/// # Safety
/// As both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_exc_throw(message: *const c_char) -> ! {
    // SAFETY: the caller's word.
    super::throw(unsafe { exception::copy(message) })
}
