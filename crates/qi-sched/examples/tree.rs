//! Sums a binary tree by a task per node, on the scheduler alone: no timers, no sockets.
//!
//! `cargo run --release -p qi-sched --example tree [DEPTH]`
#![forbid(unsafe_code)]

use qi_sched::{JoinError, Scheduler};
use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

type Sum = Pin<Box<dyn Future<Output = Result<u64, JoinError>> + Send>>;

/// Counts the leaves below a node; each inner node spawns its children and waits for them.
fn leaves(depth: u32) -> Sum {
    Box::pin(async move {
        if depth == 0 {
            return Ok(1);
        }
        let left = qi_sched::spawn(leaves(depth - 1));
        let right = qi_sched::spawn(leaves(depth - 1));
        Ok(left.join().await?? + right.join().await??)
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let depth = std::env::args().nth(1).map_or(Ok(16), |text| text.parse())?;
    let scheduler = Scheduler::builder().worker_threads(2).build()?;
    let begun = Instant::now();
    let sum = scheduler.block_on(scheduler.spawn(leaves(depth)).join())??;
    let elapsed = begun.elapsed();
    let stats = scheduler.stats();
    let in_place: u64 = stats.workers.iter().map(|worker| worker.run_in_place).sum();
    println!(
        "{sum} leaves, {} tasks, {in_place} of them run in place, {elapsed:?}",
        stats.spawned_tasks
    );
    scheduler.shutdown()?;
    Ok(())
}
