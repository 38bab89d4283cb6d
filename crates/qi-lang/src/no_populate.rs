//! Where pages come one by one, and go back before others come.

use std::ptr::NonNull;

/// Does nothing.
pub(crate) fn ask(_at: NonNull<u8>, _bytes: usize) {}

/// Does nothing.
///
/// # Safety
/// None is needed.
pub(crate) unsafe fn take_over(_from: NonNull<u8>, _to: NonNull<u8>, _bytes: usize) -> bool {
    false
}
