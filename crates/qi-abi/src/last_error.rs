//! More about the last error of the calling thread than its code can say.
#![forbid(unsafe_code)]

use std::cell::RefCell;

use crate::code::Language;

thread_local! {
    static LAST: RefCell<[String; 2]> = const { RefCell::new([String::new(), String::new()]) };
}

/// Keeps what an error said, until the thread's next one.
pub(crate) fn keep(english: &str, chinese: &str) {
    // A thread whose locals are gone has nobody left to tell.
    let _ = LAST.try_with(|last| {
        *last.borrow_mut() = [english.to_owned(), chinese.to_owned()];
    });
}

/// What the last error said; empty if there was none.
pub(crate) fn text(language: Language) -> String {
    let index = usize::from(language == Language::Chinese);
    LAST.try_with(|last| last.borrow()[index].clone()).unwrap_or_default()
}
