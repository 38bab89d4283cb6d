//! Where other Unix systems tell what happened: the address, as POSIX has it.

/// The address that was touched.
///
/// # Safety
/// `info` is what the system gave to a handler.
pub(super) unsafe fn address(info: *const libc::siginfo_t) -> usize {
    // SAFETY: by contract.
    unsafe { (*info).si_addr() as usize }
}

/// Not looked up there.
///
/// # Safety
/// None.
pub(super) unsafe fn stack_pointer(_context: *const libc::c_void) -> Option<usize> {
    None
}

pub(super) fn least_bytes() -> usize {
    libc::MINSIGSTKSZ
}
