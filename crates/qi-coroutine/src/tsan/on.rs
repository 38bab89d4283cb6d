//! The sanitizer's own calls.
//!
//! # References
//! compiler-rt, `sanitizer/tsan_interface.h`: "Fiber switching API".

use std::ffi::{c_uint, c_void};
use std::ptr;

unsafe extern "C" {
    fn __tsan_get_current_fiber() -> *mut c_void;
    fn __tsan_create_fiber(flags: c_uint) -> *mut c_void;
    fn __tsan_destroy_fiber(fiber: *mut c_void);
    fn __tsan_switch_to_fiber(fiber: *mut c_void, flags: c_uint);
}

/// What happens before the switch happens before what comes after it.
const SYNCHRONISES: c_uint = 0;

/// The sanitizer's idea of one coroutine: made at the first switch, gone with the value.
pub(crate) struct Fiber(*mut c_void);

impl Fiber {
    pub(crate) fn new() -> Self {
        Self(ptr::null_mut())
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by `enter`, and nobody runs as it: the coroutine has ended.
            unsafe { __tsan_destroy_fiber(self.0) };
        }
    }
}

/// Whoever resumed.
pub(crate) struct Parent(*mut c_void);

/// Announces that the coroutine is switched to next.
#[inline(always)]
pub(crate) fn enter(fiber: &mut Fiber) -> Parent {
    // SAFETY: it only asks.
    let parent = unsafe { __tsan_get_current_fiber() };
    if fiber.0.is_null() {
        // SAFETY: it only makes one.
        fiber.0 = unsafe { __tsan_create_fiber(0) };
    }
    // SAFETY: a fiber that is not running; the switch follows.
    unsafe { __tsan_switch_to_fiber(fiber.0, SYNCHRONISES) };
    Parent(parent)
}

/// Announces that the coroutine was switched away from.
#[inline(always)]
pub(crate) fn leave(parent: Parent) {
    // SAFETY: the fiber that ran before, on this thread, and runs again.
    unsafe { __tsan_switch_to_fiber(parent.0, SYNCHRONISES) };
}
