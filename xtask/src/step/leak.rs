//! Runs examples under valgrind: nothing may be lost over start, work and shutdown.
//!
//! First a program that loses memory on purpose must be caught, or the check proves nothing.

use std::ffi::OsString;
use std::time::Duration;

use crate::catalogue::example::EXAMPLES;
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::{Report, tail};
use crate::step::examples::build;

const STEP: &str = "leak";

/// The hidden command of this program that loses memory.
pub(crate) const BAIT: &str = "leak-bait";

/// The status valgrind ends with when it found something; no example uses it.
const FOUND: i32 = 99;

/// Valgrind runs programs some 20 to 50 times slower, one thread at a time.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// What valgrind is told. "Possibly lost" counts too: a reference-counted block is often held by
/// a pointer into its middle, and a lost one must not hide behind that.
const ARGS: &[&str] = &[
    "--quiet",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--num-callers=30",
    "--fair-sched=yes",
];

/// Loses memory on purpose.
pub(crate) fn lose_memory() {
    std::mem::forget(std::hint::black_box(vec![1_u8; 4096]));
}

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if !process::exists("valgrind") {
        return Ok(Report::skipped("valgrind is not installed (cargo xtask setup)"));
    }
    let mut report = Report::default();
    let own = std::env::current_exe()?.into_os_string();
    let bait = valgrind(context, own, &[BAIT]).run()?;
    if bait.end.code() != Some(FOUND) {
        let what = format!("valgrind did not catch the deliberate leak: {}", bait.end);
        return Ok(Report::failed(what, tail(&bait.output)));
    }
    report.pass();
    let rows = || EXAMPLES.iter().filter(|row| row.leak_check);
    if rows().next().is_none() {
        report.skip("no example is marked for the leak check yet");
        return Ok(report);
    }
    let programs = build(context, STEP, rows().map(|row| (row.package, row.name)))?;
    for row in rows() {
        let Some((_, path)) = programs.iter().find(|(name, _)| name == row.name) else {
            report.fail(format!("{} was not built", row.name), "");
            continue;
        };
        let finished = valgrind(context, path.into(), row.args).run()?;
        if finished.end.code() == Some(row.exit_code) {
            report.pass();
        } else {
            report.fail(format!("{}: {}", row.name, finished.end), tail(&finished.output));
        }
    }
    Ok(report)
}

fn valgrind(context: &Context, program: OsString, args: &[&str]) -> Job {
    let job = context.job(STEP, "valgrind").args(ARGS).args(&[format!("--error-exitcode={FOUND}")]);
    job.args(&[program]).args(args).within(LIMIT)
}
