//! Mailboxes.

use std::ffi::c_char;

use crate::mailbox::{self, Message};
use crate::{here, text, timer};

/// # Safety
/// Null, or strings that end with NUL.
unsafe fn message(name: *const c_char, payload: *const c_char) -> Message {
    // SAFETY: the caller's word.
    let (name, payload) = unsafe { (super::text(name), super::text(payload)) };
    Message { name, payload }
}

/// A new mailbox; its number.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mailbox_create() -> i64 {
    here::settle();
    mailbox::create()
}

/// Puts a message in: 1, or 0 if the box is full or closed.
///
/// # Safety
/// Null, or strings that end with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_mailbox_post(
    number: i64,
    name: *const c_char,
    payload: *const c_char,
) -> i64 {
    here::settle();
    // SAFETY: the caller's word.
    i64::from(mailbox::post(number, unsafe { message(name, payload) }))
}

/// Puts a message in so many milliseconds later: 1.
///
/// # Safety
/// As `qi_mailbox_post`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_mailbox_post_after(
    number: i64,
    milliseconds: i64,
    name: *const c_char,
    payload: *const c_char,
) -> i64 {
    here::settle();
    // SAFETY: the caller's word.
    let message = unsafe { message(name, payload) };
    mailbox::post_after(number, timer::milliseconds(milliseconds), message);
    1
}

/// The oldest message, as the JSON object `{"m":name,"p":payload}`; an empty string if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mailbox_take(number: i64) -> *mut c_char {
    here::settle();
    super::give(text::from_str(&mailbox::take(number)))
}

/// Messages in it.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mailbox_count(number: i64) -> i64 {
    here::settle();
    i64::try_from(mailbox::count(number)).unwrap_or(i64::MAX)
}

/// Takes it away with all in it: 1, or 0 if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn qi_mailbox_close(number: i64) -> i64 {
    here::settle();
    i64::from(mailbox::close(number))
}
