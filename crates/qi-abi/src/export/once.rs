//! What is done once.

use std::ffi::c_void;

use super::coroutine::EntryFn;
use super::{OnceRef, operation, polling, shell, waiting};
use crate::code::Code;
use crate::object;
use crate::pointer::Out;
use crate::poll_context::{Key, PollContext};
use crate::sync::once::{Once, Turn};

/// Makes something that is done once.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_once_create(out: *mut OnceRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(object::publish(Once::new())?);
        Ok(Code::OK)
    })
}

/// The caller's turn: nobody else does it, and the others wait until the code is known.
///
/// # Safety
/// The other side gave the function together with the argument, for this call.
unsafe fn attempt(
    once: OnceRef,
    call: unsafe extern "C" fn(*mut c_void) -> i32,
    argument: *mut c_void,
) -> i32 {
    shell(|| {
        let once = object::find::<Once>(once)?;
        // SAFETY: as the caller promises.
        let code = Code(unsafe { call(argument) });
        once.end(code == Code::OK);
        match code {
            positive if positive.0 > 0 => Err(Code::ERR_INVALID),
            code => Ok(code),
        }
    })
}

/// Calls `call` with `argument` unless that was done before; whoever comes meanwhile waits. `call` may
/// suspend where the caller may. It answers `QI_OK`, or a negative code, which this answers then; the
/// next caller tries again. `QI_ERR_DEADLOCK` inside of that very call. SUSPENDS.
///
/// # Safety
/// `call` may be called with `argument`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_once_call(once: OnceRef, call: EntryFn, argument: *mut c_void) -> i32 {
    let Some(call) = call else { return shell(|| Err(Code::ERR_NULL)) };
    let begun = waiting(|| beginning(once));
    // SAFETY: as the caller promises.
    if begun == MINE { unsafe { attempt(once, call, argument) } } else { begun }
}

/// What an operation answers whose caller has the turn: no code of the header.
const MINE: i32 = i32::MAX;

fn beginning(once: OnceRef) -> Result<impl Future<Output = Result<Code, Code>> + Send, Code> {
    let once = object::find::<Once>(once)?;
    Ok(async move {
        once.begin().await.map(|turn| if turn == Turn::Mine { Code(MINE) } else { Code::OK })
    })
}

/// The twin of `qi_once_call` for poll functions, inside of which `call` then runs.
///
/// # Safety
/// As there; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_once_poll_call(
    once: OnceRef,
    cx: *mut PollContext,
    call: EntryFn,
    argument: *mut c_void,
) -> i32 {
    let Some(call) = call else { return shell(|| Err(Code::ERR_NULL)) };
    let key = Key { handle: once, operation: operation::ONCE, data: 0 };
    let begun = polling(cx, key, move || beginning(once));
    // SAFETY: as the caller promises.
    if begun == MINE { unsafe { attempt(once, call, argument) } } else { begun }
}

/// 1 if it was done, 0 if not, or an error.
#[unsafe(no_mangle)]
pub extern "C" fn qi_once_is_done(once: OnceRef) -> i32 {
    shell(|| Ok(Code(i32::from(object::find::<Once>(once)?.is_done()))))
}
