//! What concerns processors: yielding one, and counting those that may be used.
#![forbid(unsafe_code)]

use std::io;
use std::num::NonZeroUsize;

use crate::ffi;
use crate::outcome::value_or_error;

/// Gives the processor to another runnable thread, if there is one.
///
/// It may return at once, and it is no way to wait for something: a loop around it burns a
/// processor.
///
/// # Errors
///
/// The system's error if it does not offer the call. None of the supported systems does that.
///
/// # Examples
///
/// ```
/// qi_sys::yield_now()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "qi_async_sys_yield")]
pub fn yield_now() -> io::Result<()> {
    value_or_error(ffi::qi_async_sys_yield()).map(drop)
}

/// Returns how many logical processors the calling thread, and what it starts, can keep busy.
///
/// - **Linux**: the processors of the calling thread's affinity mask, at most the processor quota
///   of its control group and of every group above it that is visible (versions 1 and 2, side by
///   side too). A fraction of a processor counts as a whole one: a quota of 1.5 gives 2.
/// - **FreeBSD**: the affinity mask.
/// - **Windows**: the affinity mask, or the active processors of every processor group that the
///   process runs in. Rate limits of job objects are not looked at.
/// - **Elsewhere**: the processors that are on line.
///
/// The answer is computed anew by each call and costs a few file reads on Linux: ask once and keep
/// it.
///
/// # Errors
///
/// The system's error if it does not tell the processors, or memory runs out. Control group files
/// that are missing or unreadable are no error: they set no limit.
///
/// # Examples
///
/// ```
/// let workers = qi_sys::cpu_count()?;
/// println!("{workers} threads can run at the same time");
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "qi_async_sys_cpu_count")]
pub fn cpu_count() -> io::Result<NonZeroUsize> {
    let count = value_or_error(ffi::qi_async_sys_cpu_count())?;
    usize::try_from(count)
        .ok()
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| io::Error::other(format!("the system reports {count} processors")))
}
