//! Memory for a range of pages at once: from the system, which costs a fraction of a fault for each page,
//! or from where it is not needed any more, which costs a fraction of that, since nothing is cleared.

use std::ptr::NonNull;

/// `MADV_POPULATE_WRITE`, since Linux 5.14; the libc crate has it for some targets only.
const POPULATE_WRITE: libc::c_int = 23;

/// `MREMAP_DONTUNMAP`, since Linux 5.7: what the pages are taken from stays mapped, and empty.
const DONT_UNMAP: libc::c_int = 4;

/// Asks for it; where the system does not know that, pages come one by one.
pub(crate) fn ask(at: NonNull<u8>, bytes: usize) {
    // SAFETY: it changes no byte of any mapping; an unknown advice is an error that changes nothing.
    unsafe { libc::madvise(at.as_ptr().cast(), bytes, POPULATE_WRITE) };
}

/// Moves pages, with what is in them, to where none are. `false` if that cannot be; nothing has changed then.
///
/// # Safety
/// Both are ranges of so many bytes of one anonymous mapping that do not overlap. Nobody relies on what is
/// in either: what is read from the first one from now on is zero.
pub(crate) unsafe fn take_over(from: NonNull<u8>, to: NonNull<u8>, bytes: usize) -> bool {
    let (from, to) = (from.as_ptr().cast(), to.as_ptr().cast::<libc::c_void>());
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | DONT_UNMAP;
    // SAFETY: the caller's word.
    unsafe { libc::mremap(from, bytes, bytes, flags, to) == to }
}
