//! Versions, and what codes mean.

use std::ffi::c_char;

use crate::boundary;
use crate::code::{Code, Language};
use crate::{last_error, pointer};

/// Messages in English.
pub const QI_ENGLISH: i32 = 0;
/// Messages in Chinese.
pub const QI_CHINESE: i32 = 1;

/// The version of the ABI that the header describes.
pub const QI_ABI_VERSION: u32 = 1;

fn language(number: i32) -> Language {
    if number == QI_CHINESE { Language::Chinese } else { Language::English }
}

/// The version of the ABI that the library has: `QI_ABI_VERSION` of the header it was built with.
#[unsafe(no_mangle)]
pub extern "C" fn qi_abi_version() -> u32 {
    QI_ABI_VERSION
}

/// The version of the library, ended by a zero; it lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn qi_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The name of a code as this header spells it, ended by a zero; it lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn qi_error_name(code: i32) -> *const c_char {
    Code(code).name().as_ptr().cast()
}

/// The operating system's number in a code, 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn qi_error_os_code(code: i32) -> i32 {
    Code(code).os_number()
}

/// What a code means, in a language (`QI_ENGLISH`, `QI_CHINESE`), as UTF-8 ended by a zero and cut to
/// fit. Returns the bytes of the whole text without the zero; a null buffer asks for that alone.
///
/// # Safety
/// `buffer` is null or valid for writing `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_error_message(
    code: i32,
    language_number: i32,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    boundary::value(0, || {
        let text = Code(code).message(language(language_number));
        // SAFETY: as the caller promises.
        unsafe { pointer::copy_text(&text, buffer.cast(), capacity) }
    })
}

/// More about the last error of a call that made or ended a runtime on this thread, as
/// `qi_error_message` gives it; empty if there was none.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_last_error_message(
    language_number: i32,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    boundary::value(0, || {
        let text = last_error::text(language(language_number));
        // SAFETY: as the caller promises.
        unsafe { pointer::copy_text(&text, buffer.cast(), capacity) }
    })
}
