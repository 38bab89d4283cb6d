//! Prints what the five system calls say: `cargo run -p qi-sys --example clock`.
#![forbid(unsafe_code)]

use qi_sys::{cpu_count, cpu_time_ns, monotonic_time_ns, sleep_ms, yield_now};

const SLEEP_MS: u64 = 50;
const YIELDS: u64 = 1000;

fn main() -> std::io::Result<()> {
    println!("usable processors      {}", cpu_count()?);

    let start_ns = monotonic_time_ns()?;
    println!("monotonic clock        {:.3} s", seconds(start_ns));

    sleep_ms(SLEEP_MS)?;
    let slept_ns = monotonic_time_ns()? - start_ns;
    println!("sleep of {SLEEP_MS} ms         {:.3} ms", seconds(slept_ns) * 1e3);

    let start_ns = monotonic_time_ns()?;
    for _ in 0..YIELDS {
        yield_now()?;
    }
    println!("one yield              {} ns", (monotonic_time_ns()? - start_ns) / YIELDS);

    println!("processor time so far  {:.3} ms", seconds(cpu_time_ns()?) * 1e3);
    Ok(())
}

/// For printing only: a float keeps 15 digits.
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
