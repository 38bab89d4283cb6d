//! What Linux is told about regions.

use std::ptr::NonNull;

/// Asks for huge pages. Without them the memory is there all the same.
pub(super) fn prefer_huge_pages(memory: NonNull<u8>, bytes: usize) {
    // SAFETY: advice on how to back memory that the caller has; its content does not change.
    let _ = unsafe { libc::madvise(memory.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
}

/// Gives the memory back to the system; it reads as zeros afterwards, or as before if the system has
/// refused.
///
/// # Safety
/// Nobody uses what the memory holds, now or later.
pub(super) unsafe fn release(memory: NonNull<u8>, bytes: usize) {
    // SAFETY: whole pages of the caller's, whose content nobody will read.
    let _ = unsafe { libc::madvise(memory.as_ptr().cast(), bytes, libc::MADV_DONTNEED) };
}
