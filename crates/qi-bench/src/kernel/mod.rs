//! Counts the instructions of the kernels under callgrind and compares them with earlier counts.
//!
//! A kernel runs twice, the second time with three times as many turns; the difference of the two
//! totals, divided by the operations between them, is free of what starting and stopping costs.
//!
//! # Rejected alternatives
//! `--toggle-collect` on a marked function: collection is per thread and ends when the function
//! returns, so a task that yields inside it would not be charged for the scheduler between its
//! polls, which is most of what there is to count.

mod figures;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use figures::{Counts, Figures};

use crate::args::{Args, Verdict};
use crate::child::{self, Ending};
use crate::worker;
use crate::workload::{KERNELS, Kernel};

/// Operations of the shorter run; the longer has three times as many.
const OPERATIONS: u64 = 2_000;
/// Each run is repeated, and the least total counts: a stray wake-up only ever adds.
const REPEATS: usize = 2;
/// The kernels whose counts are committed and checked: those that between them pass through
/// everything that is hot. `spawn-batch` is not among them: its count comes in two humps, 8 % apart.
const COMMITTED: &[&str] = &[
    "spawn-join",
    "chain",
    "yield",
    "yield-many",
    "wake-pair",
    "oneshot",
    "mutex-free",
    "tree",
    "sleep-drop",
    "timeout",
    "cancel",
];
/// How far a count may exceed the committed one, in percent.
const COMMITTED_LIMIT: f64 = 5.0;
/// A run under callgrind that takes longer is stuck.
const LIMIT: Duration = Duration::from_secs(120);

/// How a count ended that did not fail.
pub(crate) enum Done {
    Counted,
    /// It could not be made or not be compared, for this reason.
    Skipped(String),
}

/// Runs a kernel, in the process that callgrind watches.
pub(crate) fn run(runtime: &str, name: &str, turns: u64) {
    let known = worker::run_kernel(runtime, name, turns);
    println!("{}", if known.is_some() { "ran" } else { "has no such kernel" });
}

/// The total that callgrind reports on standard error.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.split_whitespace().next()?.parse().ok()
}

fn total(runtime: &str, kernel: &Kernel, turns: u64) -> Result<u64, String> {
    let myself = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("sh");
    // The program's own output goes to a side, callgrind's report becomes the output.
    command
        .args(["-c", "exec \"$@\" 2>&1", "sh", "valgrind", "--tool=callgrind"])
        .arg("--callgrind-out-file=/dev/null")
        .arg(myself)
        .args(["--kernel", runtime, kernel.name])
        .arg(turns.to_string());
    match child::run(command, LIMIT).map_err(|error| error.to_string())? {
        Ending::TimedOut => Err(format!("{}: none in {LIMIT:?}", kernel.name)),
        Ending::Failed(reason) => Err(format!("{}: {reason}", kernel.name)),
        Ending::Output(text) if text.contains("has no such kernel") => {
            Err(format!("{runtime} has no kernel {}", kernel.name))
        }
        Ending::Output(text) => {
            collected(&text).ok_or_else(|| format!("{}: {}", kernel.name, text.trim()))
        }
    }
}

/// The least of several totals.
fn least(runtime: &str, kernel: &Kernel, turns: u64) -> Result<u64, String> {
    let mut least = u64::MAX;
    for _ in 0..REPEATS {
        least = least.min(total(runtime, kernel, turns)?);
    }
    Ok(least)
}

/// Instructions per operation.
fn count(runtime: &str, kernel: &Kernel) -> Result<f64, String> {
    let turns = (OPERATIONS / kernel.operations).max(1);
    let (short, long) = (least(runtime, kernel, turns)?, least(runtime, kernel, 3 * turns)?);
    Ok(long.saturating_sub(short) as f64 / (2 * turns * kernel.operations) as f64)
}

fn count_runtime(args: &Args, runtime: &str) -> Result<Counts, String> {
    let mut counts = BTreeMap::new();
    let committed = matches!(args.verdict, Verdict::Check | Verdict::Bless);
    let wanted = |kernel: &&Kernel| {
        args.wants(kernel.name, "kernels")
            && (runtime == "qi" || !kernel.is_own)
            && (!committed || COMMITTED.contains(&kernel.name))
    };
    for kernel in KERNELS.iter().filter(wanted) {
        let instructions = count(runtime, kernel)?;
        println!("{runtime:6} {:14} {instructions:10.1}  {}", kernel.name, kernel.about);
        counts.insert(kernel.name.to_owned(), instructions);
    }
    Ok(counts)
}

/// Counts whatever was asked for, then shows, compares or commits it.
pub(crate) fn count_all(args: &Args) -> Result<Done, String> {
    let valgrind = match Command::new("valgrind").arg("--version").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => return Ok(Done::Skipped(format!("valgrind does not run here: {error}"))),
    };
    let committed = match &args.verdict {
        Verdict::Check => Some(Figures::read(&figures::committed_path())?),
        Verdict::Against(path) => Some(Figures::read(path)?),
        Verdict::Show | Verdict::Bless => None,
    };
    let mut now = Figures::new(&valgrind);
    if let Some(committed) = &committed {
        if let Err(difference) = committed.same_toolchain(&now) {
            return Ok(Done::Skipped(difference));
        }
    }
    for runtime in ["qi", "tokio", "smol"] {
        let chosen = args.runtimes.iter().any(|name| name == runtime);
        if chosen || (args.runtimes.is_empty() && runtime == "qi") {
            now.runtimes.insert(runtime.to_owned(), count_runtime(args, runtime)?);
        }
    }
    if let Some(path) = &args.json {
        now.write(path)?;
    }
    match (&args.verdict, committed) {
        (Verdict::Bless, _) => now.write(&figures::committed_path()),
        (Verdict::Check, Some(committed)) => committed.compare(&now, COMMITTED_LIMIT),
        (Verdict::Against(_), Some(other)) => other.compare(&now, args.limit_percent),
        _ => Ok(()),
    }?;
    Ok(Done::Counted)
}

/// Reads a file, naming it in the error.
fn read(path: &std::path::Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{COMMITTED, collected};
    use crate::workload::KERNELS;

    #[test]
    fn every_kernel_that_is_committed_exists() {
        for name in COMMITTED {
            assert!(KERNELS.iter().any(|kernel| kernel.name == *name), "{name}");
        }
    }

    #[test]
    fn the_total_is_read_from_callgrinds_report() {
        let report = "==12== Events    : Ir\n==12== Collected : 1834123\n==12==\n";
        assert_eq!(collected(report), Some(1_834_123));
        assert_eq!(collected("ran"), None);
    }
}
