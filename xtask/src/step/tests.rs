//! The tests and documentation examples of all default members, in debug and in release.
//!
//! The driver itself is tested in debug only: optimising it and what it depends on would take
//! longer than all else, and nobody runs it in release.

use crate::context::Context;
use crate::libtest;
use crate::report::Report;

const DEBUG: &[&str] = &["test", "--no-fail-fast"];
const RELEASE: &[&str] = &[
    "test",
    "--no-fail-fast",
    "--release",
    "--workspace",
    "--exclude=xtask",
    "--exclude=qi-bench",
    // It is the scheduler once more; the step `shuttle` runs it.
    "--exclude=qi-shuttled",
];

pub(crate) fn debug(context: &Context) -> anyhow::Result<Report> {
    run(context, "test-debug", DEBUG)
}

pub(crate) fn release(context: &Context) -> anyhow::Result<Report> {
    run(context, "test-release", RELEASE)
}

fn run(context: &Context, step: &str, args: &[&str]) -> anyhow::Result<Report> {
    let finished = context.cargo(step, args).run()?;
    let mut report = Report::default();
    libtest::judge(&mut report, step, &finished);
    report.note(format!("{} test programs", libtest::counts(&finished.output).programs));
    Ok(report)
}
