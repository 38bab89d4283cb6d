//! Parking: the side of wakers for coroutines and threads.

use std::sync::Arc;

use qi_runtime::sync::Notify;

use super::{WakerRef, shell, waiting, waiting_for};
use crate::code::Code;
use crate::pointer::Out;
use crate::waker::HandedWaker;
use crate::{object, own, poll_context};

async fn parked(parking: Arc<Notify>) -> Result<Code, Code> {
    parking.notified_owned().await;
    Ok(Code::OK)
}

/// The waker of whoever calls: of the task, inside a poll function or a coroutine; else of the thread.
/// It may be used on any thread, as often as wanted, also after the task has ended.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_waker_current(out: *mut WakerRef) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let out = unsafe { Out::new(out) }?;
        let waker = match poll_context::current() {
            cx if cx.is_null() => HandedWaker::Parked(own::parking()),
            cx => HandedWaker::Task(poll_context::waker(cx)?),
        };
        out.put(object::publish(waker)?);
        Ok(Code::OK)
    })
}

/// Waits until a waker of the caller (`qi_waker_current`) is used; returns at once if that was done
/// since the last time. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_park() -> i32 {
    waiting(|| Ok(parked(own::parking())))
}

/// As `qi_park`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_park_timeout(timeout_ns: u64) -> i32 {
    waiting_for(timeout_ns, || Ok(parked(own::parking())))
}
