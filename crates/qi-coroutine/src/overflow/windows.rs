//! Overflows on Windows: a vectored handler, before all others.
//!
//! The system tells of an overflow when a stack has no page left to grow into; it keeps some pages
//! for whoever handles that (`memory/windows.rs`). A frame that is larger than what is left touches
//! the reserved space below, which is an access violation at an address in the guard.

use super::message::Text;
use crate::arena;
use crate::engine;
use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::{EXCEPTION_ACCESS_VIOLATION, EXCEPTION_STACK_OVERFLOW};
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE};
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, EXCEPTION_CONTINUE_SEARCH, EXCEPTION_POINTERS,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

/// How a process ends that aborts.
const ABORTED: u32 = 3;

pub(super) fn install() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // SAFETY: the handler keeps to what is allowed in one.
        let _ = unsafe { AddVectoredExceptionHandler(1, Some(on_exception)) };
    });
}

unsafe extern "system" fn on_exception(pointers: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system gives pointers to what happened.
    let (record, context) = unsafe { (&*(*pointers).ExceptionRecord, &*(*pointers).ContextRecord) };
    let pointer = context.Rsp as usize;
    let Some(slot) = arena::slot_at(pointer) else { return EXCEPTION_CONTINUE_SEARCH };
    let is_overflow = match record.ExceptionCode {
        EXCEPTION_STACK_OVERFLOW => true,
        EXCEPTION_ACCESS_VIOLATION => {
            let address = record.ExceptionInformation[1];
            (slot.base..slot.low()).contains(&address)
        }
        _ => false,
    };
    if !is_overflow {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    let text = Text::about(engine::label_of(&slot), slot.usable());
    let bytes = text.bytes();
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    // SAFETY: it only asks.
    let error = unsafe { GetStdHandle(STD_ERROR_HANDLE) };
    let mut written = 0;
    // SAFETY: writes bytes that are there; what does not get out is lost.
    let _ = unsafe { WriteFile(error, bytes.as_ptr(), length, &mut written, ptr::null_mut()) };
    // SAFETY: ends this process, as aborting does; nothing runs afterwards.
    unsafe { TerminateProcess(GetCurrentProcess(), ABORTED) };
    EXCEPTION_CONTINUE_SEARCH
}

/// A thread's stack for handlers: on Windows a part of each stack, so there is nothing to do.
#[derive(Debug)]
pub struct AltStack {
    /// It belongs to its thread.
    on_thread: PhantomData<*mut ()>,
}

impl AltStack {
    pub(super) fn new() -> Self {
        Self { on_thread: PhantomData }
    }
}
