//! The programs whose silence is checked: nothing runnable, everything parked, no system call.
//!
//! Such a program is an example. It sets up, lets things settle, prints `idle: begin`, sleeps on
//! its first thread, and prints `idle: end voluntary_switches=N cpu_us=M`, the counts of all its
//! threads between the two lines.

/// One program.
pub(crate) struct Idle {
    pub(crate) package: &'static str,
    pub(crate) example: &'static str,
    /// The most CPU time it may use between the two lines, in microseconds.
    pub(crate) cpu_us: u64,
}

pub(crate) const IDLE: &[Idle] = &[Idle { package: "qi-runtime", example: "idle", cpu_us: 1000 }];
