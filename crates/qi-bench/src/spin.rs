//! Work of a known length: a loop of instructions, calibrated, that touches no memory.
//!
//! Calibrated on as many threads at once as the workload will use, because two busy siblings of
//! one core run slower than one.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Runs the loop so many times round.
#[inline(never)]
pub(crate) fn rounds(count: u64) -> u64 {
    let mut state = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state)
}

/// How many rounds last so long on this machine with `threads` of them at it.
pub(crate) fn calibrate(length: Duration, threads: usize) -> u64 {
    const PROBE: u64 = 100_000;
    const PROBES: usize = 101;
    let probe = || {
        let mut times: Vec<Duration> = (0..PROBES)
            .map(|_| {
                let start = Instant::now();
                rounds(PROBE);
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        times[PROBES / 2]
    };
    let helpers: Vec<_> = (0..threads).map(|_| thread::spawn(probe)).collect();
    let mean_ns = helpers
        .into_iter()
        .map(|helper| helper.join().expect("the probe does not panic").as_nanos() as f64)
        .sum::<f64>()
        / threads as f64;
    (length.as_nanos() as f64 / mean_ns * PROBE as f64).max(1.0) as u64
}
