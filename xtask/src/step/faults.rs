//! System calls that fail: a workload under the preloaded shim, once for every call that it makes.
//!
//! First the workload runs unharmed: that says how many calls of each kind it makes. A trace shows
//! that the shim sees all of them. Then each call fails once with each plausible error, and, for
//! some beginnings, several times in a row, at each third call, and for ever. Whatever fails: no hang, no leak, no task
//! unaccounted for, and, where a thing can be tried again, nothing left undone.

mod counts;
mod outcome;
mod sweep;
mod table;
mod trace;

use std::path::PathBuf;

use anyhow::bail;

use crate::context::Context;
use crate::process;
use crate::report::{Report, tail};
use crate::workspace::executables;

use self::counts::Counts;
use self::outcome::Severity;
use self::sweep::{Case, Player};
use self::table::Table;

const STEP: &str = "faults";

/// Unharmed runs: how often a worker looks for events differs from run to run.
const COUNTED_RUNS: usize = 5;

/// After so many failures the sweep ends: each may have taken as long as a hang is waited for.
const MOST_FAILURES: usize = 10;

const SHIM: &str = "crates/fault-shim/c/fault_shim.c";
const COMPILER: &str = "cc";
const COMPILER_ARGS: &[&str] =
    &["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread"];

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if std::env::consts::OS != "linux" {
        return Ok(Report::skipped("libraries are preloaded, and calls counted, on Linux only"));
    }
    if !process::exists(COMPILER) {
        return Ok(Report::skipped("there is no C compiler `cc` for the shim"));
    }
    let mut report = Report::default();
    let player = Player { context, shim: compile(context)?, workload: build(context)? };
    let subset = context.options.subset;
    let mut made = Vec::new();
    for workers in sweep::workers(subset) {
        let Some(counts) = count(&player, workers, &mut report)? else { return Ok(report) };
        made.push((workers, counts));
    }
    trace::compare(&player, &mut report)?;
    let mut table = Table::default();
    let cases = sweep::cases(&made, context.options.fault_call.as_deref(), subset);
    player.play(&cases, |case, finished, counts| {
        let outcome = outcome::judge(case, &finished, &counts);
        table.add(case, &outcome);
        match &outcome.severity {
            Severity::Wrong(_, why) => {
                report.fail(format!("{case}: {why}"), tail(&finished.output));
            }
            Severity::Fine => report.pass(),
        }
        report.failures.len() < MOST_FAILURES
    })?;
    println!("{table}");
    if report.failures.len() >= MOST_FAILURES {
        report.fail(format!("the sweep ended early, after {MOST_FAILURES} failures"), "");
    }
    report.note(table.summary());
    Ok(report)
}

/// Compiles the shim; returns where it lies.
fn compile(context: &Context) -> anyhow::Result<PathBuf> {
    let shim = context.target.join("xtask").join("libqi_fault_shim.so");
    let job = context.job(STEP, COMPILER).args(COMPILER_ARGS).args(&["-o"]).args(&[&shim]);
    let finished = job.args(&[SHIM, "-ldl"]).run()?;
    if !finished.end.is_success() {
        bail!("the shim does not compile: {}\n{}", finished.end, tail(&finished.output));
    }
    Ok(shim)
}

/// Builds the workload; returns where it lies.
fn build(context: &Context) -> anyhow::Result<PathBuf> {
    let args = ["build", "--release", "--package", "qi-fault-shim", "--bin", "fault-workload"];
    let args = [&args[..], &["--message-format=json-render-diagnostics"]].concat();
    let finished = context.cargo(STEP, &args).split_stdout().run()?;
    match executables(&finished.stdout).pop() {
        Some((_, path)) if finished.end.is_success() => Ok(path.into()),
        _ => bail!("the workload does not build: {}\n{}", finished.end, tail(&finished.output)),
    }
}

/// How many calls of each kind the unharmed workload makes, at most; `None` if it fails by itself.
fn count(player: &Player<'_>, workers: u64, report: &mut Report) -> anyhow::Result<Option<Counts>> {
    let mut made = Counts::default();
    let mut sound = true;
    player.play(&[Case::unharmed(workers); COUNTED_RUNS], |case, finished, counts| {
        if let Severity::Wrong(_, why) = outcome::judge(case, &finished, &counts).severity {
            report.fail(format!("{case}: {why}"), tail(&finished.output));
            sound = false;
        }
        made.raise(&counts);
        sound
    })?;
    if sound {
        report.pass();
    }
    Ok(sound.then_some(made))
}
