//! The tests and documentation examples of all default members, in debug and in release.

use crate::context::Context;
use crate::libtest;
use crate::report::Report;

pub(crate) fn debug(context: &Context) -> anyhow::Result<Report> {
    run(context, "test-debug", &["test", "--no-fail-fast"])
}

pub(crate) fn release(context: &Context) -> anyhow::Result<Report> {
    run(context, "test-release", &["test", "--no-fail-fast", "--release"])
}

fn run(context: &Context, step: &str, args: &[&str]) -> anyhow::Result<Report> {
    let finished = context.cargo(step, args).run()?;
    let mut report = Report::default();
    libtest::judge(&mut report, step, &finished);
    report.note(format!("{} test programs", libtest::counts(&finished.output).programs));
    Ok(report)
}
