//! What Linux can do beyond Unix: guards in the page tables, and no huge pages.
//!
//! # References
//! madvise(2), `MADV_GUARD_INSTALL`, since Linux 6.13. Such a guard survives `MADV_DONTNEED` and
//! fork, and is refused in locked memory.

use super::page_size;
use std::fs;
use std::io;

/// Reserved space is not charged.
pub(super) const RESERVE_FLAGS: libc::c_int = libc::MAP_NORESERVE;

/// Takes the memory at once, so that figures show it.
pub(super) const RELEASE: libc::c_int = libc::MADV_DONTNEED;

const GUARD_INSTALL: libc::c_int = 102;
/// Since Linux 5.14.
const POPULATE_READ: libc::c_int = 22;

/// The part of the mappings that a process may have which guards may take, in eighths. Each of
/// them costs two: itself, and the stack that it cuts off from the next.
const EIGHTHS: usize = 6;

/// What a kernel allows that does not say.
const MAPPINGS: usize = 65_530;

/// A program that locks all its memory would lock the reservation too; and a stack in a huge page
/// costs 2 MiB. Where the kernel knows neither, there is nothing to do.
pub(super) fn reserved(address: usize, bytes: usize) {
    let _ = unlock(address, bytes);
    // SAFETY: the range was reserved just now, for the arena.
    let _ = unsafe { libc::madvise(address as *mut libc::c_void, bytes, libc::MADV_NOHUGEPAGE) };
}

/// Stacks stay out of what `mlockall` locks: in locked memory there can be no guard, and none goes back.
/// Whether the range is not locked now.
pub(super) fn unlock(address: usize, bytes: usize) -> bool {
    // SAFETY: it changes nothing of what lies in memory.
    unsafe { libc::munlock(address as *const libc::c_void, bytes) == 0 }
}

/// Makes a guard inside of an accessible mapping.
pub(super) fn page_guard(address: usize, bytes: usize) -> io::Result<()> {
    // SAFETY: the range is the lower end of a slot that nobody has used yet.
    let result = unsafe { libc::madvise(address as *mut libc::c_void, bytes, GUARD_INSTALL) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether this kernel makes guards in page tables: tried on the first page at `address`, which
/// is accessible afterwards. To be told that a guard was made is not enough: emulators say so of any
/// advice that they do not know. A guard that is there refuses to be read.
pub(crate) fn has_page_guards(address: usize) -> bool {
    let page = page_size();
    if super::open(address, page).is_err() || page_guard(address, page).is_err() {
        return false;
    }
    // SAFETY: reading a page, or failing to, changes nothing in it.
    let read = unsafe { libc::madvise(address as *mut libc::c_void, page, POPULATE_READ) };
    read != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
}

/// How many stacks may have guards that are mappings.
pub(crate) fn guard_limit() -> usize {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
    let mappings: usize = text.trim().parse().unwrap_or(MAPPINGS);
    mappings / 8 * EIGHTHS / 2
}
