//! For tests: sends a harmless signal to one thread, and counts the arrivals.
#![allow(unsafe_code, reason = "signals are reached through libc's foreign functions")]

use std::mem;
use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

static COUNT: AtomicU64 = AtomicU64::new(0);

extern "C" fn handler(_: libc::c_int) {
    // Relaxed: a counter; and the handler runs on the thread that reads it.
    COUNT.fetch_add(1, Ordering::Relaxed);
}

/// Installs the handler, without `SA_RESTART`: system calls report the interruption.
pub(crate) fn count_from_now_on() {
    // SAFETY: zeroes are a valid `sigaction`: no flags, an empty mask, the default action.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the action is initialised, and its handler only does an atomic addition, which a
    // signal handler may do.
    let result = unsafe { libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()) };
    assert_eq!(result, 0, "sigaction: {}", std::io::Error::last_os_error());
}

/// Returns how many signals have arrived.
pub(crate) fn count() -> u64 {
    // Relaxed: as in the handler.
    COUNT.load(Ordering::Relaxed)
}

/// Sends the signal to a thread; one that has ended does not get it.
pub(crate) fn send_to<T>(thread: &JoinHandle<T>) {
    // SAFETY: a thread that is neither joined nor detached, as the borrowed handle proves, has a
    // valid identifier even if it has ended.
    let result =
        unsafe { libc::pthread_kill(thread.as_pthread_t() as libc::pthread_t, libc::SIGUSR1) };
    assert!(result == 0 || result == libc::ESRCH, "pthread_kill: error {result}");
}
