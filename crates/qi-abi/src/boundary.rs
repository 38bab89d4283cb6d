//! The wall between two languages: what every exported function is wrapped in.
//!
//! Nothing unwinds across it. A panic of this side becomes [`Code::ERR_PANIC`]; functions of the other
//! side are called as `extern "C"`, which ends the process should they unwind.
#![forbid(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::Code;

/// Runs the body of an exported function that answers with a code.
pub(crate) fn call(body: impl FnOnce() -> Result<Code, Code>) -> i32 {
    // Whatever a panic left half done belongs to objects that guard themselves (their locks are
    // released, their state is one of the protocol's), so going on is sound.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(code) | Err(code)) => code.0,
        Err(payload) => {
            drop_quietly(payload);
            Code::ERR_PANIC.0
        }
    }
}

/// Runs the body of an exported function that answers with a value; `otherwise` after a panic.
pub(crate) fn value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        drop_quietly(payload);
        otherwise
    })
}

/// A payload whose own drop panics must not get out either.
pub(crate) fn drop_quietly(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// What a panic said, if it said it in words.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    let fixed = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let made = || payload.downcast_ref::<String>().cloned();
    fixed.or_else(made).unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nasty;

    impl Drop for Nasty {
        fn drop(&mut self) {
            panic!("the payload panics as well");
        }
    }

    #[test]
    fn panic_becomes_a_code_even_if_its_payload_panics() {
        assert_eq!(call(|| panic!("at the wall")), Code::ERR_PANIC.0);
        assert_eq!(call(|| std::panic::panic_any(Nasty)), Code::ERR_PANIC.0);
        assert_eq!(value(7, || panic!("at the wall")), 7);
    }

    #[test]
    fn words_of_a_panic_are_kept() {
        let payload = catch_unwind(|| panic!("number {}", 5)).unwrap_err();
        assert_eq!(panic_text(&*payload), "number 5");
        assert_eq!(panic_text(&7), "a panic without words");
    }
}
