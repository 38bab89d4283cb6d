//! Figures of a runtime, and a list of its tasks.

use std::ffi::{c_char, c_void};

use super::{RuntimeRef, shell};
use crate::code::Code;
use crate::runtime::Instance;
use crate::statistics::{self, RuntimeFigures, WorkerFigures};
use crate::{object, structs};

/// Is handed a line of text without a zero at its end, valid until it returns. It must not unwind.
pub type LineFn =
    Option<unsafe extern "C" fn(user: *mut c_void, line: *const c_char, length: usize)>;

/// The runtime of a handle, whether or not it was shut down; for the null handle that of the calling
/// thread.
fn runtime(handle: u64) -> Result<qi_runtime::Handle, Code> {
    match handle {
        0 => Instance::here(),
        _ => Ok(object::find::<Instance>(handle)?.handle()),
    }
}

/// Writes the figures of a runtime (0: that of the calling thread, or the global one). Set
/// `struct_size` before; fields that this library does not know become 0.
///
/// # Safety
/// `out` is valid for writing as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_stats(handle: RuntimeRef, out: *mut RuntimeFigures) -> i32 {
    shell(|| {
        let figures = || Ok(statistics::of_runtime(&runtime(handle)?));
        // SAFETY: as the caller promises.
        unsafe { structs::fill(out, figures) }
    })
}

/// Writes the figures of one worker; `QI_ERR_INVALID` if there is none of this number. Otherwise as
/// `qi_runtime_stats`.
///
/// # Safety
/// As `qi_runtime_stats`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_worker_stats(
    handle: RuntimeRef,
    index: u32,
    out: *mut WorkerFigures,
) -> i32 {
    shell(|| {
        let figures = || statistics::of_worker(&runtime(handle)?, index);
        // SAFETY: as the caller promises.
        unsafe { structs::fill(out, figures) }
    })
}

/// Hands `line` a line about the runtime, then one about each live task: number, name, state, priority,
/// age, how often it was polled. No task is polled for it, and `line` may call whatever it likes. The
/// wording is for people and may change.
///
/// # Safety
/// `line` may be called with `user` on this thread until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_dump(
    handle: RuntimeRef,
    line: LineFn,
    user: *mut c_void,
) -> i32 {
    shell(|| {
        let line = line.ok_or(Code::ERR_NULL)?;
        for text in statistics::lines(&runtime(handle)?) {
            // SAFETY: as the caller promises; the text lives until it returns.
            unsafe { line(user, text.as_ptr().cast(), text.len()) };
        }
        Ok(Code::OK)
    })
}
