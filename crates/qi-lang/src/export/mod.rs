//! The exported functions, a file per group.
//!
//! Each is a thin shell: pointers and numbers of the program become references and objects, the work is
//! done by the modules beside this one. A panic ends the process with its message: it is a bug of this
//! library, and nothing unwinds into compiled code.
//!
//! Every function that neither parks nor steps first sends what a plain function has left unsent.

pub mod channel;
pub mod coroutine;
pub mod exception;
pub mod figures;
pub mod future;
pub mod goroutine;
pub mod lock;
pub mod mailbox;
pub mod net;
pub mod time;

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use crate::exception as jumps;
use crate::library;
use crate::strand::Strand;

/// A future, coroutine or goroutine as the program holds it.
fn pointer(strand: &'static Strand) -> *mut c_void {
    ptr::from_ref(strand).cast_mut().cast()
}

/// Throws. The caller holds nothing that wants to be dropped.
fn throw(message: CString) -> ! {
    jumps::stage(message);
    jumps::throw()
}

/// A string that the program owns.
fn give(text: CString) -> *mut c_char {
    library::string(&text)
}

/// A copy of the program's text, as far as it is UTF-8.
///
/// # Safety
/// Null, or a string that ends with NUL.
unsafe fn text(text: *const c_char) -> String {
    // SAFETY: the caller's word.
    unsafe { jumps::copy(text) }.to_string_lossy().into_owned()
}
