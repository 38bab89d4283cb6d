//! Where Linux tells what happened.

/// The address that was touched.
///
/// # Safety
/// `info` is what the system gave to a handler.
pub(super) unsafe fn address(info: *const libc::siginfo_t) -> usize {
    // SAFETY: by contract.
    unsafe { (*info).si_addr() as usize }
}

/// The stack pointer of the code that faulted.
///
/// # Safety
/// `context` is what the system gave to a handler.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn stack_pointer(context: *const libc::c_void) -> Option<usize> {
    let index = usize::try_from(libc::REG_RSP).ok()?;
    // SAFETY: by contract.
    let register = unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[index] };
    Some(register as usize)
}

/// The stack pointer of the code that faulted.
///
/// # Safety
/// `context` is what the system gave to a handler.
#[cfg(target_arch = "aarch64")]
pub(super) unsafe fn stack_pointer(context: *const libc::c_void) -> Option<usize> {
    // SAFETY: by contract.
    Some(unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.sp } as usize)
}

/// Not looked up on other processors.
///
/// # Safety
/// None.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) unsafe fn stack_pointer(_context: *const libc::c_void) -> Option<usize> {
    None
}

/// What the system needs of a stack for handlers: with all its registers, a processor may want
/// more than the constant says.
pub(super) fn least_bytes() -> usize {
    // SAFETY: it only asks, and answers 0 if it does not know.
    let asked = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) };
    usize::try_from(asked).unwrap_or(0).max(libc::MINSIGSTKSZ)
}
