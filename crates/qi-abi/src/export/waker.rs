//! Wakers: for event sources that the runtime does not know.

use super::{WakerRef, shell};
use crate::code::Code;
use crate::object;
use crate::pointer::Out;
use crate::poll_context::{self, PollContext};
use crate::waker::HandedWaker;

/// The waker of the task that is being polled: whoever has it can have the task polled again, from
/// any thread, as often as wanted, also after the task has ended.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_cx_waker(cx: *mut PollContext, out: *mut WakerRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        out.put(object::publish(HandedWaker::Task(poll_context::waker(cx)?))?);
        Ok(Code::OK)
    })
}

/// Has the task that is being polled polled again, soon: how a poll function lets others run.
#[unsafe(no_mangle)]
pub extern "C" fn qi_cx_wake_self(cx: *mut PollContext) -> i32 {
    shell(|| poll_context::wake_self(cx).map(|()| Code::OK))
}

/// Wakes whose waker it is: a poll function is polled again, a coroutine or thread finds its next
/// `qi_park` returning at once. The waker stays.
#[unsafe(no_mangle)]
pub extern "C" fn qi_waker_wake(waker: WakerRef) -> i32 {
    shell(|| {
        object::find::<HandedWaker>(waker)?.wake();
        Ok(Code::OK)
    })
}
