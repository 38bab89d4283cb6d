//! Runs the simulated workload for many seeds, and sees to it that it finds planted faults.
//!
//! Three questions: does any seed violate what must hold; does a seed give the same trace twice, and in
//! debug as in release; would a fault be found.

use anyhow::Context as _;
use regex_lite::Regex;

use crate::catalogue::simulated::{FOUND_WITHIN, PLANTED, Planted};
use crate::context::Context;
use crate::mutant;
use crate::process::{Finished, Job};
use crate::report::{Report, tail};

const STEP: &str = "simulate";
/// The test that has the workload.
const TEST: &str = "workload::every_seed_keeps_what_must_hold";
/// Seeds whose traces are compared.
const COMPARED: u64 = 50;
/// Seeds of a run for the suite.
const SUBSET: u64 = 2_000;

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let first = context.options.first_seed;
    let seeds = context.options.seeds.unwrap_or(SUBSET);
    let finished = with_seeds(cargo(context, &["--release"]), first, seeds).run()?;
    judge(&mut report, &format!("{seeds} seeds from {first} on"), seeds, &finished);
    compare(context, &mut report, first)?;
    for planted in PLANTED.iter().filter(|planted| planted.ci || !context.options.subset) {
        find(context, &mut report, planted)?;
    }
    Ok(report)
}

fn cargo(context: &Context, profile: &[&str]) -> Job {
    let args = [&["test", "--package", "qi-runtime", "--test", "simulation"], profile].concat();
    let args = [&args[..], &["--", "--exact", TEST, "--nocapture"]].concat();
    context.cargo(STEP, &args)
}

fn with_seeds(job: Job, first: u64, count: u64) -> Job {
    let job = job.env("QI_SIMULATE_FIRST", first.to_string());
    job.env("QI_SIMULATE_SEEDS", count.to_string())
}

/// A run in which nothing may be violated.
fn judge(report: &mut Report, what: &str, seeds: u64, finished: &Finished) {
    match said(&finished.output) {
        Some(said) if finished.end.is_success() && said.seeds == seeds => {
            report.pass();
            report.note(format!("{what}: {}", said.line));
        }
        _ => report.fail(what, tail(&finished.output)),
    }
}

/// The same seeds twice in release and once in debug.
fn compare(context: &Context, report: &mut Report, first: u64) -> anyhow::Result<()> {
    let mut hashes = Vec::new();
    for profile in [&["--release"][..], &["--release"], &[]] {
        let finished = with_seeds(cargo(context, profile), first, COMPARED).run()?;
        match said(&finished.output) {
            Some(said) if finished.end.is_success() => hashes.push(said.hash),
            _ => report.fail(format!("{COMPARED} seeds {profile:?}"), tail(&finished.output)),
        }
    }
    if hashes.len() == 3 && hashes.iter().all(|hash| *hash == hashes[0]) {
        report.pass();
        report.note(format!("{COMPARED} seeds twice in release and in debug: the same traces"));
    } else {
        report.fail(format!("the traces differ, in release, again, and in debug: {hashes:?}"), "");
    }
    Ok(())
}

/// Plants a fault, which must be found.
fn find(context: &Context, report: &mut Report, planted: &Planted) -> anyhow::Result<()> {
    let wrapper = mutant::wrapper(&context.target.join("xtask"), planted.mutant)?;
    let wrapper = wrapper.to_str().context("the target directory has a name that is not text")?;
    let job = cargo(context, &[]).env("RUSTC_WORKSPACE_WRAPPER", wrapper);
    let finished = with_seeds(job, 0, FOUND_WITHIN).run()?;
    let what = format!("{} ({})", planted.mutant, planted.about);
    match violated_after(&finished.output) {
        Some(seeds) => {
            report.pass();
            report.note(format!("{}: found after {seeds} seeds", planted.mutant));
        }
        None => {
            report
                .fail(format!("{what}: not found in {FOUND_WITHIN} seeds"), tail(&finished.output));
        }
    }
    Ok(())
}

/// What a run says of itself.
struct Said {
    line: String,
    seeds: u64,
    hash: String,
}

fn said(output: &str) -> Option<Said> {
    let line = Regex::new(r"simulate: seeds=(\d+) first=\d+ hash=([0-9a-f]{16}) .*").ok()?;
    let said = line.captures(output)?;
    Some(Said { line: said[0].to_owned(), seeds: said[1].parse().ok()?, hash: said[2].to_owned() })
}

/// After how many seeds a run found a violation.
fn violated_after(output: &str) -> Option<u64> {
    let line = Regex::new(r"simulate: violation at seed \d+ after (\d+) seeds").ok()?;
    line.captures(output)?[1].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_how_many_seeds_and_which_trace() {
        let output = "simulate: seeds=50 first=7 hash=00112233445566aa steps=1 events=2\n";
        let said = said(output).unwrap();
        assert_eq!((said.seeds, said.hash.as_str()), (50, "00112233445566aa"));
        assert!(violated_after(output).is_none());
    }

    #[test]
    fn only_a_violation_counts_as_found_and_a_broken_build_does_not() {
        let output = "simulate: violation at seed 12 after 13 seeds\n";
        assert_eq!(violated_after(output), Some(13));
        assert!(said(output).is_none());
        assert!(violated_after("error: could not compile").is_none());
    }
}
