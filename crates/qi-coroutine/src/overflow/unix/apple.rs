//! Where macOS tells what happened.

/// The address that was touched.
///
/// # Safety
/// `info` is what the system gave to a handler.
pub(super) unsafe fn address(info: *const libc::siginfo_t) -> usize {
    // SAFETY: by contract.
    unsafe { (*info).si_addr as usize }
}

/// The stack pointer of the code that faulted.
///
/// # Safety
/// `context` is what the system gave to a handler.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn stack_pointer(context: *const libc::c_void) -> Option<usize> {
    // SAFETY: by contract, for both pointers.
    let registers = unsafe { &(*(*context.cast::<libc::ucontext_t>()).uc_mcontext).__ss };
    Some(registers.__rsp as usize)
}

/// The stack pointer of the code that faulted.
///
/// # Safety
/// `context` is what the system gave to a handler.
#[cfg(not(target_arch = "x86_64"))]
pub(super) unsafe fn stack_pointer(context: *const libc::c_void) -> Option<usize> {
    // SAFETY: by contract, for both pointers.
    let registers = unsafe { &(*(*context.cast::<libc::ucontext_t>()).uc_mcontext).__ss };
    Some(registers.__sp as usize)
}

pub(super) fn least_bytes() -> usize {
    libc::MINSIGSTKSZ
}
