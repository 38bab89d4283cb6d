//! A mixed workload that is a function of its seed, and what must hold after it.
//!
//! Tasks spawn, join, cancel, yield, sleep, wait with limits, pass values through channels, take locks and
//! permits, block, panic, and talk to a server over a network that is cut and mended under them. Each
//! task's plan is drawn when it is spawned. Then (I78): every future was dropped once, every value was
//! received, given back or left in its channel once, whoever saw an end saw the right one, and the
//! runtime's own books balance.
//!
//! `cargo xtask simulate` runs it for many seeds: `QI_SIMULATE_SEEDS` of them from `QI_SIMULATE_FIRST` on,
//! of which it prints a line. Without, it is a short test.
#![forbid(unsafe_code)]

mod ledger;
mod life;
mod network;
mod plan;
mod world;

use ledger::Ledger;
use plan::Dice;
use qi_runtime::AsyncRuntime;
use qi_runtime::simulation::{Simulation, SimulationReport};
use std::env;
use std::sync::Arc;
use std::time::Instant;
use world::World;

/// What a run came to.
pub(crate) type Outcome = Result<SimulationReport, String>;

fn simulation(seed: u64, dice: &mut Dice) -> Simulation {
    AsyncRuntime::builder()
        .worker_threads(1 + dice.below(4))
        .queue_capacity([1, 2, 16, 256][dice.below(4)])
        .enable_work_stealing(dice.below(6) != 0)
        .run_in_place(dice.below(4) != 0)
        .simulated(seed)
        .max_steps(300_000)
        .build()
        .expect("the options are in range")
}

/// Runs the workload of a seed.
pub(crate) fn run(seed: u64) -> Outcome {
    let mut dice = Dice(seed);
    let ledger = Arc::new(Ledger::default());
    let simulation = simulation(seed, &mut dice);
    let world = Arc::new(World::new(ledger.clone()));
    let finished = {
        let network = simulation.network().clone();
        let ended = simulation.try_run(world::play(world.clone(), network, dice));
        let trace = simulation.trace();
        let explain = |error: String| format!("{error}\n{trace}");
        ended.map_err(|error| explain(error.to_string()))?;
        simulation.finish().map_err(|error| explain(error.to_string()))?
    };
    // What lies in the channels still.
    world.drain();
    drop(world);
    ledger
        .balance(&finished.stats)
        .map_err(|wrong| format!("seed {seed}: {wrong}\n{}", finished.trace))?;
    Ok(finished)
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`")))
}

/// The one that `cargo xtask simulate` runs.
#[test]
fn every_seed_keeps_what_must_hold() {
    let first = number("QI_SIMULATE_FIRST").unwrap_or(0);
    let count = number("QI_SIMULATE_SEEDS").unwrap_or(15);
    let begun = Instant::now();
    let (mut hash, mut steps, mut events, mut tasks) = (0_u64, 0, 0, 0);
    for seed in first..first + count {
        match run(seed) {
            Ok(report) => {
                hash = (hash ^ report.trace.hash()).wrapping_mul(0x0000_0100_0000_01B3);
                steps += report.steps;
                events += report.trace.events();
                tasks += report.stats.spawned_tasks;
            }
            Err(wrong) => {
                println!("simulate: violation at seed {seed} after {} seeds", seed - first + 1);
                panic!("{}", shorten(&wrong));
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "simulate: seeds={count} first={first} hash={hash:016x} steps={steps} events={events} \
         tasks={tasks} seconds={seconds:.2}"
    );
}

/// The first line, and the end of the trace.
fn shorten(text: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= LINES + 1 {
        return text.to_owned();
    }
    format!("{}\n…\n{}", lines[0], lines[lines.len() - LINES..].join("\n"))
}
