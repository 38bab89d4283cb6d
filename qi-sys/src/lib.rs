//! The lowest layer of the Qi asynchronous runtime: five system calls, written in C.
//!
//! | Rust | C (`include/qi_async_sys.h`) | gives |
//! |---|---|---|
//! | [`sleep_ms`] | `qi_async_sys_sleep_ms` | a sleep that never ends early and does not drift |
//! | [`monotonic_time_ns`] | `qi_async_sys_monotonic_time_ns` | a clock that never goes back |
//! | [`cpu_time_ns`] | `qi_async_sys_cpu_time_ns` | the processor time of this process |
//! | [`yield_now`] | `qi_async_sys_yield` | the processor to another thread |
//! | [`cpu_count`] | `qi_async_sys_cpu_count` | how many processors this process can keep busy |
//!
//! On Windows a module `windows` besides hears of events of the console and of the ends of processes:
//! what needs a callback there.
//!
//! The functions keep no state, may be called from any thread, and report failures as
//! [`std::io::Error`]s that carry the system's error number
//! ([`raw_os_error`](std::io::Error::raw_os_error)).
//!
//! A crate that builds C of its own finds the header through Cargo: `links = "qi_async_sys"` hands
//! its folder to build scripts of direct dependents as `DEP_QI_ASYNC_SYS_INCLUDE`.
//!
//! # Examples
//!
//! ```
//! let before_ns = qi_sys::monotonic_time_ns()?;
//! qi_sys::sleep_ms(2)?;
//! assert!(qi_sys::monotonic_time_ns()? - before_ns >= 2_000_000);
//! # Ok::<(), std::io::Error>(())
//! ```

// Not `forbid`, which ffi.rs could not lift; every file without a reason forbids it for itself.
#![deny(unsafe_code)]

mod clock;
mod cpu;
mod ffi;
mod outcome;
#[cfg(windows)]
pub mod windows;

pub use clock::{cpu_time_ns, monotonic_time_ns, sleep_ms};
pub use cpu::{cpu_count, yield_now};

#[cfg(all(test, target_os = "linux"))]
mod affinity_tests;
#[cfg(all(test, target_os = "linux"))]
mod cgroup_tests;
#[cfg(test)]
mod ffi_internal;
#[cfg(all(test, target_os = "linux"))]
mod ffi_internal_linux;
#[cfg(test)]
mod time_math_tests;
