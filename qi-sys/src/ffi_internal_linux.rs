//! For unit tests: safe ways to the Linux processor count declared in `c/internal.h`.
#![allow(unsafe_code, reason = "foreign functions are called with pointers")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

type GetAffinity = extern "C" fn(bytes: usize, mask: *mut c_void) -> c_int;

// SAFETY: the names, arguments and results are those of the header, which the C sources include.
unsafe extern "C" {
    fn qi_sys_internal_affinity_count(get: GetAffinity) -> i32;
    fn qi_sys_internal_cgroup_limit(root: *const c_char) -> i32;
}

/// Returns the processor limit of the control groups in the file tree below `root`.
pub(crate) fn cgroup_limit(root: &Path) -> i32 {
    let root = CString::new(root.as_os_str().as_bytes()).expect("a path has no zero byte");
    // SAFETY: `root` is a string that ends in a zero byte and outlives the call.
    unsafe { qi_sys_internal_cgroup_limit(root.as_ptr()) }
}

/// Returns the count for a kernel whose masks have `MASK_BYTES` bytes, the first `FULL_BYTES` of
/// them full; or for one that answers with `ERROR`, if that is not 0.
pub(crate) fn affinity_count<
    const MASK_BYTES: usize,
    const FULL_BYTES: usize,
    const ERROR: c_int,
>() -> i32 {
    // SAFETY: the function that is handed over does not write beyond the bytes it is given.
    unsafe { qi_sys_internal_affinity_count(kernel::<MASK_BYTES, FULL_BYTES, ERROR>) }
}

extern "C" fn kernel<const MASK_BYTES: usize, const FULL_BYTES: usize, const ERROR: c_int>(
    bytes: usize,
    mask: *mut c_void,
) -> c_int {
    if ERROR != 0 {
        return ERROR;
    }
    if bytes < MASK_BYTES {
        return libc::EINVAL;
    }
    assert!(FULL_BYTES <= MASK_BYTES);
    // SAFETY: `mask` has `bytes` bytes, which is at least `FULL_BYTES` as checked above.
    unsafe { mask.cast::<u8>().write_bytes(0xff, FULL_BYTES) };
    0
}
