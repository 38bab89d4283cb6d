//! A High heartbeat over a flood of Low work: how late it is.
//!
//! `cargo run --release --example priorities [SECONDS]`
//!
//! Ten thousand Low tasks keep every worker busy all the time; each spins for 50 to 100 µs and
//! yields. A High task wants to run every 10 ms, and notes how late it was. Then the same
//! heartbeat runs as Normal beside a flood that is Normal too: what it would be without lanes.
#![forbid(unsafe_code)]

use qi_runtime::time::sleep_until;
use qi_runtime::{AsyncRuntime, Handle, TaskPriority, yield_now};
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

const FLOOD: usize = 10_000;
const PERIOD: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = match std::env::args().nth(1) {
        Some(text) => text.parse::<f64>().ok().filter(|seconds| (0.1..=600.0).contains(seconds)),
        None => Some(2.0),
    };
    let Some(seconds) = seconds else {
        return Err("usage: priorities [SECONDS], from 0.1 to 600".into());
    };
    let duration = Duration::from_secs_f64(seconds);
    for (flood, heartbeat) in
        [(TaskPriority::Low, TaskPriority::High), (TaskPriority::Normal, TaskPriority::Normal)]
    {
        let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
        let mut late =
            runtime.block_on(measure(runtime.handle().clone(), flood, heartbeat, duration))?;
        late.sort_unstable();
        let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
        println!(
            "{heartbeat} heartbeat over {FLOOD} {flood} tasks: {} beats, late by p50 {:?}, p99 {:?}, max {:?}",
            late.len(),
            at(0.5),
            at(0.99),
            at(1.0),
        );
        runtime.shutdown()?;
    }
    Ok(())
}

/// Floods the workers, and gives the lateness of each beat.
async fn measure(
    runtime: Handle,
    flood: TaskPriority,
    heartbeat: TaskPriority,
    duration: Duration,
) -> Result<Vec<Duration>, qi_runtime::JoinError> {
    let stop = Arc::new(AtomicBool::new(false));
    let work: Vec<_> = (0..FLOOD)
        .map(|n| {
            let stop = stop.clone();
            let spin = Duration::from_micros(50 + (n as u64 % 51));
            let task = async move {
                // Relaxed: seeing it a little later does no harm.
                while !stop.load(Relaxed) {
                    let begun = Instant::now();
                    while begun.elapsed() < spin {
                        black_box(n);
                    }
                    yield_now().await;
                }
            };
            runtime.spawn_with_priority(task, flood)
        })
        .collect();
    let beats = runtime.spawn_with_priority(
        async move {
            let end = Instant::now() + duration;
            let mut due = Instant::now() + PERIOD;
            let mut late = Vec::new();
            while due < end {
                sleep_until(due).await;
                late.push(due.elapsed());
                // A beat that could not be kept is not left out: the next ones are late as well.
                due += PERIOD;
            }
            late
        },
        heartbeat,
    );
    let late = beats.await;
    stop.store(true, Relaxed);
    for task in work {
        task.await?;
    }
    late
}
