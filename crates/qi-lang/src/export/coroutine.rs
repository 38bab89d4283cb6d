//! Coroutines.

use std::ffi::c_void;

use crate::arena::{self, Found};
use crate::here;
use crate::intent::Intent;
use crate::ops::{self, Frame, Ops};
use crate::strand::{Kind, Reason};
use crate::{drive, future, plain, report, timer};

/// Keeps the four functions that drive the program's frames; the first call counts.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_register_ops(
    resume: extern "C" fn(*mut c_void),
    done: extern "C" fn(*mut c_void) -> u8,
    destroy: extern "C" fn(*mut c_void),
    promise: extern "C" fn(*mut c_void) -> i64,
) {
    ops::register(Ops { resume, done, destroy, promise });
}

/// Makes a frame that its ramp has just returned a running coroutine; its future.
///
/// # Safety
/// The handle comes from a ramp and is given here once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_spawn(handle: *mut c_void) -> *mut c_void {
    // SAFETY: the caller's word.
    drive::spawn(unsafe { Frame::new(handle) }) as *mut c_void
}

/// States that the frame yields; after a poll that found a future pending, that it waits for that.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_yield_ready() {
    here::settle();
    here::intend(here::take_asked().map_or(Intent::Yield, Intent::Await));
}

/// States that the frame sleeps so many milliseconds; without any it yields.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_sleep(milliseconds: i64) {
    here::settle();
    let duration = timer::milliseconds(milliseconds);
    here::intend(if duration.is_zero() { Intent::Yield } else { Intent::Sleep(duration) });
}

/// Whether a future is ready: 1 or 0.
///
/// # Safety
/// Null, or a future of this library or of the language's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_await_poll(future: *mut c_void) -> i32 {
    // Most children have ended when they are asked, and are the last that have. There is nothing to settle
    // then: see `here::unsent`.
    if arena::is_last(future as usize) { 1 } else { poll(future) }
}

#[inline(never)]
extern "C" fn poll(future: *mut c_void) -> i32 {
    here::settle();
    match future::poll(future as usize) {
        Ok(()) => 1,
        Err(awaited) => {
            here::asked(awaited);
            0
        }
    }
}

/// Waits until no coroutine is left; if none of those left can go on, it says so and returns.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_run_all() {
    here::settle();
    plain::run_all();
}

/// Waits for what the tries before it have found closed, or for a coroutine to end: 1 if there is more
/// to do. Throws if nothing can open what was tried.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_step_once() -> i64 {
    match plain::step() {
        Ok(more) => i64::from(more),
        Err(_) => super::throw(report::say_deadlock(Reason::Select, 1)),
    }
}

/// Ends a coroutine at its next suspension; its future has the value 0.
///
/// # Safety
/// Null, or a future.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_cancel(future: *mut c_void) {
    here::settle();
    if let Found::Strand(strand) = arena::find(future as usize) {
        if strand.kind() == Kind::Coroutine {
            strand.cancel();
        }
    }
}
