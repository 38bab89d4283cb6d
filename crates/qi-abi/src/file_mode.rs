//! What Unix permits on a file that is made.
#![forbid(unsafe_code)]

use qi_runtime::fs::OpenOptions;

/// 0 leaves what is usual.
pub(crate) fn set(options: &mut OpenOptions, mode: u32) {
    if mode != 0 {
        options.mode(mode);
    }
}
