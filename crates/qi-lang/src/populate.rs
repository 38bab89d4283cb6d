//! Memory for a range of pages at once, which costs a fraction of a fault for each.

use std::ptr::NonNull;

/// `MADV_POPULATE_WRITE`, since Linux 5.14; the libc crate has it for some targets only.
const POPULATE_WRITE: libc::c_int = 23;

/// Asks for it; where the system does not know that, pages come one by one.
pub(crate) fn ask(at: NonNull<u8>, bytes: usize) {
    // SAFETY: it changes no byte of any mapping; an unknown advice is an error that changes nothing.
    unsafe { libc::madvise(at.as_ptr().cast(), bytes, POPULATE_WRITE) };
}
