//! Runs every (workload, runtime) pair in a process of its own, repetitions interleaved.
//!
//! One round runs each runtime once, so that whatever the machine does over the minutes (other
//! load, frequency, temperature) falls on all of them alike.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::args::Args;
use crate::catalog::{self, RUNTIMES, Workload};
use crate::child::{self, Ending};
use crate::golang::{self, Go};
use crate::machine;
use crate::report;
use crate::sample::{Record, Run, Sample};
use crate::taskflow;
use crate::through_c;

/// Repetitions of a quick run.
const QUICK_REPETITIONS: usize = 3;
/// A pair that takes longer than this is not repeated more often than [`LONG_REPETITIONS`].
const LONG: Duration = Duration::from_secs(10);
const LONG_REPETITIONS: usize = 3;

/// Families with a million of something, whose programs find memory warm.
const WARMED: &[&str] = &["spawn", "fork-join", "timer", "memory", "life", "graph"];

/// The line a worker prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Sample(Sample),
    None { none: String },
}

struct Pair {
    record: Record,
    /// Whether it is of no use to run it again.
    closed: bool,
}

/// The measuring itself.
pub(crate) struct Driver<'a> {
    args: &'a Args,
    go: Result<Go, String>,
    /// Taskflow's side, ready to run.
    taskflow: Result<PathBuf, String>,
    /// The side that goes through the C ABI, ready to run.
    through_c: Result<PathBuf, String>,
}

impl<'a> Driver<'a> {
    /// Finds out what can be measured.
    pub(crate) fn new(args: &'a Args) -> Self {
        let go = if args.wants_runtime("go") {
            golang::prepare()
        } else {
            Err("not asked for".to_owned())
        };
        let is_wanted = |runtime: &str| {
            let mut rows = catalog::WORKLOADS.iter().filter(|row| row.runtimes.contains(&runtime));
            args.wants_runtime(runtime) && rows.any(|row| args.wants(row.name, row.family))
        };
        let unless = |is_wanted: bool, prepare: fn() -> Result<PathBuf, String>| {
            if is_wanted { prepare() } else { Err("not asked for".to_owned()) }
        };
        let taskflow = unless(is_wanted("taskflow"), taskflow::prepare);
        let through_c = unless(is_wanted("c"), through_c::prepare);
        Self { args, go, taskflow, through_c }
    }

    fn command(&self, workload: &Workload, runtime: &str) -> Result<Command, String> {
        let myself = env::current_exe().map_err(|error| error.to_string())?;
        let workers = self.args.workers.to_string();
        let length = if self.args.quick { "quick" } else { "full" };
        let mut command = if runtime == "taskflow" || runtime == "c" {
            let program = if runtime == "c" { &self.through_c } else { &self.taskflow };
            let mut command = Command::new(program.as_ref().map_err(Clone::clone)?);
            command.arg(workers).arg(length);
            command
        } else if runtime == "go" {
            let go = self.go.as_ref().map_err(Clone::clone)?;
            let mut command = Command::new(&go.program);
            command.arg("--workers").arg(workers).arg("--client").arg(myself);
            if self.args.quick {
                command.arg("--quick");
            }
            command
        } else {
            let mut command = Command::new(myself);
            command.arg("--worker").arg(runtime).arg(workers).arg(length);
            command
        };
        command.arg(workload.name);
        Ok(command)
    }

    fn once(&self, workload: &Workload, runtime: &str) -> Result<Sample, String> {
        if !self.args.quick && WARMED.contains(&workload.family) {
            machine::warm_memory();
        }
        let command = self.command(workload, runtime)?;
        let limit = Duration::from_secs(workload.limit_s);
        match child::run(command, limit).map_err(|error| error.to_string())? {
            Ending::TimedOut => Err(format!("none in {} s", workload.limit_s)),
            Ending::Failed(complaint) => Err(complaint),
            Ending::Output(text) => match serde_json::from_str(text.trim()) {
                Ok(Line::Sample(sample)) => Ok(sample),
                Ok(Line::None { none }) => Err(none),
                Err(_) => Err(format!("printed `{}`", text.trim())),
            },
        }
    }

    /// One repetition of a pair.
    fn round(&self, workload: &Workload, pair: &mut Pair) {
        let start = Instant::now();
        match self.once(workload, &pair.record.runtime) {
            Ok(sample) => pair.record.samples.push(sample),
            Err(reason) => {
                // What failed once is named even if it worked at other times.
                pair.record.note = Some(reason);
                pair.closed = true;
            }
        }
        if start.elapsed() > LONG && pair.record.samples.len() >= LONG_REPETITIONS {
            pair.closed = true;
        }
    }

    fn repetitions(&self, workload: &Workload) -> usize {
        let usual = if self.args.quick { QUICK_REPETITIONS } else { workload.repetitions };
        self.args.repetitions.unwrap_or(usual)
    }

    /// All repetitions of one workload, interleaved.
    fn measure(&self, workload: &Workload) -> Vec<Record> {
        let mut pairs: Vec<Pair> = RUNTIMES
            .iter()
            .filter(|name| workload.runtimes.contains(name) && self.args.wants_runtime(name))
            .map(|name| Pair { record: Record::new(workload.name, name), closed: false })
            .collect();
        for _ in 0..self.repetitions(workload) {
            for pair in pairs.iter_mut().filter(|pair| !pair.closed) {
                self.round(workload, pair);
            }
        }
        pairs
            .into_iter()
            .map(|mut pair| {
                pair.record.sum_up();
                show(workload, &pair.record);
                pair.record
            })
            .collect()
    }

    /// Measures everything asked for.
    pub(crate) fn run(&self) -> Run {
        let version = self.go.as_ref().ok().map(|go| go.version.as_str());
        if let Err(reason) = &self.go {
            eprintln!("go: skipped, {reason}");
        }
        if let Err(reason) = &self.taskflow {
            eprintln!("taskflow: skipped, {reason}");
        }
        let mut run = Run {
            schema: 1,
            machine: machine::describe(),
            versions: machine::versions(version),
            workers: self.args.workers,
            quick: self.args.quick,
            records: Vec::new(),
        };
        for workload in catalog::WORKLOADS {
            if self.args.wants(workload.name, workload.family) {
                println!("{}: {}", workload.name, workload.title);
                run.records.extend(self.measure(workload));
                for verdict in report::verdicts(&run, workload) {
                    println!("  {verdict}");
                }
            }
        }
        run
    }
}

/// One line of progress: medians, with the spread of the first figure.
fn show(workload: &Workload, record: &Record) {
    let mut line = format!("  {:6}", record.runtime);
    for (position, figure) in workload.figures.iter().enumerate() {
        let Some(spread) = record.summary.get(figure.name) else { continue };
        let scaled = |value: f64| value * figure.scale;
        line += &format!("  {} {:.4}", figure.title, scaled(spread.median));
        if position == 0 {
            line += &format!(" [{:.4}..{:.4}]", scaled(spread.min), scaled(spread.max));
        }
    }
    if let Some(note) = &record.note {
        line += &format!("  ({note})");
    }
    println!("{line}");
}
