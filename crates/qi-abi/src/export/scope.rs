//! Scopes.

use super::{ScopeRef, operation, polling, shell, waiting};
use crate::code::Code;
use crate::object;
use crate::pointer::Out;
use crate::poll_context::{Key, PollContext};
use crate::scope::Scope;
use crate::suspend;

/// Opens a scope. Tasks that name it in their options belong to it. `flags`: `QI_SCOPE_…`, or'ed.
/// Released before it is closed, a scope has its tasks cancelled.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_scope_open(flags: u32, out: *mut ScopeRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(object::publish(Scope::new(flags)?)?);
        Ok(Code::OK)
    })
}

/// Waits until all tasks of a scope have ended, also those that they spawn into it meanwhile; then no
/// more can be spawned (`QI_ERR_CLOSED`). Answers the first error that one of them ended with, or
/// `QI_ERR_CANCELLED` if the scope was cancelled. A coroutine that is cancelled meanwhile has the tasks
/// cancelled, and waits for them all the same. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_scope_close(scope: ScopeRef) -> i32 {
    let closed = waiting(|| closing(scope));
    if closed != Code::ERR_CANCELLED.0 {
        return closed;
    }
    // The scope was cancelled, or the caller is: then its children must not outlive this call.
    shell(|| {
        object::find::<Scope>(scope)?.cancel();
        suspend::wait_shielded(closing(scope)?)?
    })
}

fn closing(scope: ScopeRef) -> Result<impl Future<Output = Result<Code, Code>> + Send, Code> {
    let scope = object::find::<Scope>(scope)?;
    Ok(async move { scope.close().await })
}

/// The twin of `qi_scope_close` for poll functions. A poll function that is cancelled is not polled any
/// more: it has the tasks cancelled by releasing the scope.
///
/// # Safety
/// `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_scope_poll_close(scope: ScopeRef, cx: *mut PollContext) -> i32 {
    let key = Key { handle: scope, operation: operation::SCOPE, data: 0 };
    polling(cx, key, move || closing(scope))
}

/// Asks for all tasks of a scope to be cancelled, and for those that come.
#[unsafe(no_mangle)]
pub extern "C" fn qi_scope_cancel(scope: ScopeRef) -> i32 {
    shell(|| {
        object::find::<Scope>(scope)?.cancel();
        Ok(Code::OK)
    })
}
