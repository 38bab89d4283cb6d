//! Futures: values that are there at once, and waiting for those that are not.
#![forbid(unsafe_code)]

use std::ffi::CString;

use crate::arena::{self, Found};
use crate::here;
use crate::intent::Awaited;
use crate::library::{self, State};
use crate::ready::Ready;
use crate::strand::{Reason, Strand, Value};
use crate::wait::{self, Quiet};
use crate::{report, run, text};

/// How a value is to be read; the numbers are those of `c/library.c`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum As {
    Integer = 0,
    Float = 1,
    Boolean = 2,
    /// Taken: the second time it is null.
    Pointer = 3,
    String = 4,
}

/// What an await gives.
pub(crate) enum Given {
    Bits(i64),
    /// To be made a string of the language.
    Text(CString),
}

/// Whether a future of the program is ready; if not, which one it is.
#[inline]
pub(crate) fn poll(address: usize) -> Result<(), Awaited> {
    match arena::find(address) {
        Found::Strand(strand) if !strand.is_done() => Err(Awaited::Ours(strand)),
        Found::Foreign if address != 0 && library::state(address) == State::Pending => {
            Err(Awaited::Foreign(address))
        }
        _ => Ok(()),
    }
}

/// Waits for a future of the program.
///
/// # Errors
/// What is to be thrown.
#[inline]
pub(crate) fn value(address: usize, wanted: As) -> Result<Given, CString> {
    if address == 0 {
        // What the language has always answered for no future.
        return Ok(Given::Bits(if wanted == As::Integer { -1 } else { 0 }));
    }
    match arena::find(address) {
        Found::Strand(strand) => {
            if !strand.is_done() {
                end_of(strand, Reason::Future)?;
            }
            strand.seen();
            given(strand.value_kind(), wanted, strand.bits(), || strand.take_bits())
        }
        Found::Ready(ready) => of_ready(ready, wanted),
        Found::Gone { lossy: false } => Ok(Given::Bits(0)),
        Found::Gone { lossy: true } => Err(text::from_str(
            "未来的值早已取走，不再保留 (the value of this future was taken long ago and is no longer kept)",
        )),
        Found::Foreign => foreign(address, wanted),
    }
}

/// Waits for a strand's end.
///
/// # Errors
/// What is to be thrown, if it cannot end.
pub(crate) fn end_of(strand: &'static Strand, reason: Reason) -> Result<(), CString> {
    let outcome = wait::until(|waiter| (!strand.listen(waiter, reason)).then_some(()));
    if outcome == Err(Quiet) {
        strand.unlisten(here::strand());
        let key = std::ptr::from_ref(strand) as usize;
        return Err(report::say_deadlock(reason, key));
    }
    Ok(())
}

#[inline]
fn of_ready(ready: Ready, wanted: As) -> Result<Given, CString> {
    let kind = ready.seen();
    given(kind, wanted, ready.bits(), || ready.take_bits())
}

#[inline]
fn given(kind: Value, wanted: As, bits: i64, take: impl FnOnce() -> i64) -> Result<Given, CString> {
    let gone = || CString::default();
    match kind {
        Value::Failure => Err(text::get(bits).unwrap_or_else(gone)),
        Value::Text if matches!(wanted, As::String | As::Pointer) => {
            Ok(Given::Text(text::get(bits).unwrap_or_else(gone)))
        }
        Value::Text => Ok(Given::Bits(0)),
        Value::Bits if matches!(wanted, As::String | As::Pointer) => Ok(Given::Bits(take())),
        Value::Bits => Ok(Given::Bits(bits)),
    }
}

fn foreign(address: usize, wanted: As) -> Result<Given, CString> {
    let mut state = library::state(address);
    if state == State::Pending {
        state = run::wait_away(library::ended(address));
    }
    match state {
        State::Completed => Ok(Given::Bits(library::bits(address, wanted))),
        State::Failed => {
            Err(text::from_str("语言库的未来失败 (a future of the language's library failed)"))
        }
        State::Pending | State::Unknown => Err(text::from_str(
            "不认识的未来：链接的库没有 qi_future_is_ready (unknown future: the library linked has no qi_future_is_ready)",
        )),
    }
}
