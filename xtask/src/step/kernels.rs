//! Counts the instructions of short kernels and holds them against the committed figures.
//!
//! The instrument is built without Qi's peers, which takes a moment; it says by its exit status
//! when the figures are another toolchain's, or valgrind is not there.

use std::time::Duration;

use crate::context::Context;
use crate::process;
use crate::report::{Report, tail};

const STEP: &str = "kernels";
const LIMIT: Duration = Duration::from_secs(600);
/// The exit status of a check that could not be made.
const SKIPPED: i32 = 77;

const BUILD: &[&str] = &["--quiet", "--release", "--package", "qi-bench", "--no-default-features"];

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if !process::exists("valgrind") {
        return Ok(Report::skipped("valgrind is not installed, or not for this host"));
    }
    let args = [&["run"], BUILD, &["--", "--kernels", "--check"]].concat();
    let finished = context.cargo(STEP, &args).within(LIMIT).run()?;
    if finished.end.code() == Some(SKIPPED) {
        let reason = finished.output.lines().rev().find(|line| line.starts_with("skipped: "));
        return Ok(Report::skipped(reason.map_or("no reason given", |line| &line[9..])));
    }
    let mut report = Report::default();
    match finished.end.is_success() {
        true => report.pass(),
        false => report.fail(format!("the counts: {}", finished.end), tail(&finished.output)),
    }
    Ok(report)
}
