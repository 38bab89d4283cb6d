//! What the system offers besides sockets and timers: files, processes, signals, standard streams.
#![forbid(unsafe_code)]

mod actor;
mod cancelled;
mod cancelled_calls;
mod directory;
mod file;
mod file_faults;
mod paths;
mod positions;
mod process;
mod stdio;
mod support;
mod whole;

#[cfg(target_os = "linux")]
mod cancelled_process;
#[cfg(unix)]
mod process_unix;
#[cfg(unix)]
mod signal_unix;
#[cfg(unix)]
mod storm;
#[cfg(target_os = "linux")]
mod system_linux;
