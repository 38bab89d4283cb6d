//! Faults and shortages made on purpose: no safe program touches memory that is not there, or limits
//! what it may have.

/// Reads an address that nobody has.
#[inline(never)]
pub(crate) fn touch_nothing() -> u8 {
    let nowhere = std::hint::black_box(8_usize) as *const u8;
    // SAFETY: none: the fault is the purpose, and ends the process.
    unsafe { nowhere.read_volatile() }
}

/// Takes the calling thread its stack for signal handlers, as a foreign thread has none.
pub(crate) fn have_no_alt_stack() {
    let none = libc::stack_t {
        ss_sp: std::ptr::null_mut(),
        ss_flags: libc::SS_DISABLE,
        ss_size: libc::MINSIGSTKSZ,
    };
    // SAFETY: no handler runs on it.
    assert_eq!(unsafe { libc::sigaltstack(&none, std::ptr::null_mut()) }, 0);
}

/// Sends this thread a signal that means a fault, without one.
pub(crate) fn raise_segv() {
    // SAFETY: it ends the process.
    unsafe { libc::raise(libc::SIGSEGV) };
}

/// Limits the address space of this process.
#[cfg(target_os = "linux")]
pub(crate) fn have_address_space(bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes as _, rlim_max: bytes as _ };
    // SAFETY: it reads the limit, and lowers what this process may have.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}

/// Locks all memory that this process has and will have, and says whether it was allowed to.
#[cfg(target_os = "linux")]
pub(crate) fn have_locked_memory() -> bool {
    // SAFETY: it moves nothing.
    unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) == 0 }
}
