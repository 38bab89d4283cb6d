//! The declarations of kernel32's calls.
#![allow(unsafe_code, reason = "declares the system's calls")]

use std::ffi::c_void;
use std::os::windows::io::RawHandle;

/// Called by a thread that the system makes for it. Nonzero: nobody else need be asked.
pub(super) type ConsoleHandler = extern "system" fn(event: u32) -> i32;

/// Called by a thread of the system's pool.
pub(super) type WaitCallback = unsafe extern "system" fn(context: *mut c_void, timed_out: u8);

/// No limit of time.
pub(super) const INFINITE: u32 = u32::MAX;

/// The callback is called once at most.
pub(super) const WT_EXECUTEONLYONCE: u32 = 8;

unsafe extern "system" {
    // SAFETY: a function without preconditions is added to a list, or taken out of it.
    pub(super) safe fn SetConsoleCtrlHandler(handler: ConsoleHandler, add: i32) -> i32;

    pub(super) fn RegisterWaitForSingleObject(
        wait: *mut RawHandle,
        object: RawHandle,
        callback: WaitCallback,
        context: *mut c_void,
        milliseconds: u32,
        flags: u32,
    ) -> i32;

    pub(super) fn UnregisterWaitEx(wait: RawHandle, completion: RawHandle) -> i32;
}
