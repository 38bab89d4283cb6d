//! Texts that strands have as values: strings and what exceptions said.
//!
//! A strand holds a number and not the text, so one who asks too late finds nothing, and never another's
//! memory. Numbers are not used again.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::{Mutex, MutexGuard, PoisonError};

struct Texts {
    last: i64,
    all: Option<HashMap<i64, CString>>,
}

static TEXTS: Mutex<Texts> = Mutex::new(Texts { last: 0, all: None });

fn texts() -> MutexGuard<'static, Texts> {
    TEXTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a text; its number, which is not 0.
pub(crate) fn keep(text: CString) -> i64 {
    let mut texts = texts();
    texts.last += 1;
    let number = texts.last;
    texts.all.get_or_insert_default().insert(number, text);
    number
}

/// The text of a number.
pub(crate) fn get(number: i64) -> Option<CString> {
    texts().all.as_ref()?.get(&number).cloned()
}

/// Drops the text of a number.
pub(crate) fn forget(number: i64) {
    let dropped = texts().all.as_mut().and_then(|all| all.remove(&number));
    drop(dropped);
}

/// A text of bytes as they came: up to the first NUL.
pub(crate) fn from_bytes(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}

/// As [`from_bytes`].
pub(crate) fn from_str(text: &str) -> CString {
    from_bytes(text.as_bytes())
}

/// For people.
pub(crate) fn shown(text: &CStr) -> std::borrow::Cow<'_, str> {
    text.to_string_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_its_first_nul_and_is_gone_when_it_is_forgotten() {
        let number = keep(from_bytes(b"half\0rest"));
        assert_eq!(get(number).as_deref(), Some(c"half"));
        forget(number);
        assert_eq!(get(number), None);
    }
}
