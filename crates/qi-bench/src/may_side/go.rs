//! The one call that may declares unsafe.
#![allow(unsafe_code, reason = "may declares its spawn unsafe")]

use may::coroutine::JoinHandle;

/// Spawns a coroutine.
pub(super) fn go<T, F>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // SAFETY: may asks that a coroutine keep no thread-local across a suspension and stay within
    // its stack. The bodies in this folder touch no thread-local of their own and do not recurse.
    unsafe { may::coroutine::spawn(body) }
}
