//! Sleep and the two clocks.
#![forbid(unsafe_code)]

use std::io;

use crate::ffi;
use crate::outcome::value_or_error;

/// Blocks the calling thread for at least `duration_ms` milliseconds.
///
/// The length is measured by the clock of [`monotonic_time_ns`]. Signals that the thread handles
/// meanwhile neither shorten the sleep nor make it drift. Every value is accepted: 0 returns at
/// once, and [`u64::MAX`] is 584 million years. How much later than asked the thread runs again is
/// up to the system: some tens of microseconds on Linux, up to 16 milliseconds on Windows.
///
/// It blocks the whole thread: in asynchronous code a timer is the right tool.
///
/// # Errors
///
/// The system's error if it refuses to read the clock or to wait, as a sandbox may; never
/// [`Interrupted`](io::ErrorKind::Interrupted).
///
/// # Examples
///
/// ```
/// qi_sys::sleep_ms(1)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "qi_async_sys_sleep_ms")]
pub fn sleep_ms(duration_ms: u64) -> io::Result<()> {
    value_or_error(ffi::qi_async_sys_sleep_ms(duration_ms)).map(drop)
}

/// Returns the monotonic clock, in nanoseconds since a fixed moment in the past.
///
/// It never goes back, on one thread or between threads, and setting the date does not move it.
/// The moment is usually the start of the machine, so values can be compared within one start of
/// one machine only. Time during which the machine is suspended is not counted on Linux and Apple
/// systems, and is counted on Windows.
///
/// # Errors
///
/// The system's error if it refuses to read the clock, as a sandbox may.
///
/// # Examples
///
/// ```
/// let start_ns = qi_sys::monotonic_time_ns()?;
/// let elapsed_ns = qi_sys::monotonic_time_ns()? - start_ns;
/// println!("reading the clock took {elapsed_ns} ns");
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "qi_async_sys_monotonic_time_ns")]
pub fn monotonic_time_ns() -> io::Result<u64> {
    value_or_error(ffi::qi_async_sys_monotonic_time_ns())
}

/// Returns the processor time that all threads of this process have used together, in nanoseconds.
///
/// Time in user code and in the kernel both count; time spent blocked does not. The resolution is
/// the system's: nanoseconds on Linux, often 15.6 milliseconds on Windows.
///
/// # Errors
///
/// The system's error if it refuses to read the clock, as a sandbox may.
///
/// # Examples
///
/// ```
/// let before_ns = qi_sys::cpu_time_ns()?;
/// let sum: u64 = (0..100_000).sum();
/// println!("{sum} took {} ns of processor time", qi_sys::cpu_time_ns()? - before_ns);
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "qi_async_sys_cpu_time_ns")]
pub fn cpu_time_ns() -> io::Result<u64> {
    value_or_error(ffi::qi_async_sys_cpu_time_ns())
}
