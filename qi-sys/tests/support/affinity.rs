//! For tests: reads and sets the calling thread's affinity mask.
#![allow(unsafe_code, reason = "affinity masks are reached through libc's foreign functions")]

use std::mem;

const MASK_BYTES: usize = size_of::<libc::cpu_set_t>();

/// Returns the numbers of the processors that the calling thread may use, lowest first.
pub(crate) fn cpus() -> Vec<usize> {
    // SAFETY: a `cpu_set_t` is an array of integers, for which zeroes are valid.
    let mut mask: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the mask has `MASK_BYTES` bytes; 0 names the calling thread.
    let result = unsafe { libc::sched_getaffinity(0, MASK_BYTES, &mut mask) };
    assert_eq!(result, 0, "sched_getaffinity: {}", std::io::Error::last_os_error());
    let is_set = |&cpu: &usize| {
        // SAFETY: `cpu` is below the number of bits in the mask.
        unsafe { libc::CPU_ISSET(cpu, &mask) }
    };
    (0..MASK_BYTES * 8).filter(is_set).collect()
}

/// Restricts the calling thread to one processor.
pub(crate) fn pin_to(cpu: usize) {
    assert!(cpu < MASK_BYTES * 8);
    // SAFETY: a `cpu_set_t` is an array of integers, for which zeroes are valid.
    let mut mask: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: `cpu` is below the number of bits in the mask, as asserted above.
    unsafe { libc::CPU_SET(cpu, &mut mask) };
    // SAFETY: the mask has `MASK_BYTES` bytes; 0 names the calling thread.
    let result = unsafe { libc::sched_setaffinity(0, MASK_BYTES, &mask) };
    assert_eq!(result, 0, "sched_setaffinity: {}", std::io::Error::last_os_error());
}
