//! macOS and other Unix systems: guards are mappings, of which there may be any number.
#![forbid(unsafe_code)]

use std::io;

/// Reserved space without access is not charged there.
pub(super) const RESERVE_FLAGS: libc::c_int = 0;

/// The system takes the memory when it needs some.
pub(super) const RELEASE: libc::c_int = libc::MADV_FREE;

pub(super) fn reserved(_address: usize, _bytes: usize) {}

/// Locked memory is no hindrance there.
pub(super) fn unlock(_address: usize, _bytes: usize) -> bool {
    false
}

pub(super) fn page_guard(_address: usize, _bytes: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn has_page_guards(_address: usize) -> bool {
    false
}

pub(crate) fn guard_limit() -> usize {
    usize::MAX
}
