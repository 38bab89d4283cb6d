//! Reads what a stretch of work cost this process: wall time, CPU time of all its threads, memory.
//!
//! CPU time comes from the process's CPU clock, which is the sum that `getrusage` reports (user
//! and system, every thread) in nanoseconds instead of microseconds.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::sample::Sample;

/// CPU time that all threads of this process have used so far, in nanoseconds.
pub(crate) fn process_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A field of `/proc/self/status` that the kernel gives in kB, in bytes.
fn status_bytes(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// The largest resident set this process has had, in bytes.
pub(crate) fn peak_rss_bytes() -> u64 {
    status_bytes("VmHWM:").unwrap_or(0)
}

/// The resident set of this process now, in bytes.
pub(crate) fn rss_bytes() -> u64 {
    status_bytes("VmRSS:").unwrap_or(0)
}

/// The page tables of this process now, in bytes; they are no part of the resident set.
pub(crate) fn page_table_bytes() -> u64 {
    status_bytes("VmPTE:").unwrap_or(0)
}

/// A running measurement of one stretch of work.
pub(crate) struct Meter {
    wall: Instant,
    cpu_ns: u64,
}

impl Meter {
    /// Starts the clocks.
    pub(crate) fn start() -> Self {
        let cpu_ns = process_cpu_ns();
        Self { wall: Instant::now(), cpu_ns }
    }

    /// Stops the clocks and divides by the number of operations done meanwhile.
    pub(crate) fn stop(self, operations: u64) -> Sample {
        let wall_ns = self.wall.elapsed().as_nanos() as f64;
        let cpu_ns = (process_cpu_ns() - self.cpu_ns) as f64;
        let operations = operations as f64;
        Sample::default()
            .with("operations", operations)
            .with("wall_ns", wall_ns / operations)
            .with("cpu_ns", cpu_ns / operations)
    }
}
