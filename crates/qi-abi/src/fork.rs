//! A forked child has none of the runtime's threads, and their locks may be held for ever: every call
//! there answers `QI_ERR_FORKED`. The system tells, so that a call costs one load and no system call.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether this process was forked from one that used the library.
static IS_CHILD: AtomicBool = AtomicBool::new(false);

extern "C" fn in_the_child() {
    // Relaxed: the child has one thread, and it is in this function.
    IS_CHILD.store(true, Relaxed);
}

/// Has the system tell of forks from now on.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler stores to an atomic, which may be done between fork and exec. That
        // there is no memory for it is a refusal that leaves the process as it was: then forks go
        // unnoticed.
        unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
    });
}

pub(crate) fn is_child() -> bool {
    IS_CHILD.load(Relaxed)
}
