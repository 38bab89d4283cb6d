//! Format, clippy and rustdoc, warnings denied.
//!
//! Clippy's step compiles what few builds do, too: the scheduler retyped for shuttle breaks when the real one uses
//! something new of the standard library, which is to be told in the first minutes.

use crate::context::Context;
use crate::report::Report;

/// The formatting of all members.
pub(crate) fn format(context: &Context) -> anyhow::Result<Report> {
    if !has(context, "format", "fmt")? {
        return Ok(Report::skipped("rustfmt is not installed (rustup component add rustfmt)"));
    }
    command(context, "format", &["fmt", "--all", "--check", "--", "--color", "never"], &[])
}

/// Clippy over libraries, programs, tests and examples of the default members; and the scheduler for shuttle compiles.
pub(crate) fn clippy(context: &Context) -> anyhow::Result<Report> {
    if !has(context, "clippy", "clippy")? {
        return Ok(Report::skipped("clippy is not installed (rustup component add clippy)"));
    }
    let args = ["clippy", "--all-targets", "--all-features", "--quiet", "--", "-D", "warnings"];
    let mut report = command(context, "clippy", &args, &[])?;
    let args = ["check", "--package", "qi-shuttled", "--tests", "--quiet"];
    report
        .judge("cargo check of the scheduler for shuttle", &context.cargo("clippy", &args).run()?);
    Ok(report)
}

/// The documentation of the default members: a broken link is an error.
pub(crate) fn docs(context: &Context) -> anyhow::Result<Report> {
    let args = ["doc", "--no-deps", "--all-features", "--quiet"];
    command(context, "docs", &args, &[("RUSTDOCFLAGS", "-D warnings")])
}

fn has(context: &Context, step: &str, subcommand: &str) -> anyhow::Result<bool> {
    Ok(context.cargo(step, &[subcommand, "--version"]).run()?.end.is_success())
}

fn command(
    context: &Context,
    step: &str,
    args: &[&str],
    envs: &[(&str, &str)],
) -> anyhow::Result<Report> {
    let mut job = context.cargo(step, args);
    for (name, value) in envs {
        job = job.env(name, value);
    }
    let mut report = Report::default();
    report.judge(&format!("cargo {}", args[0]), &job.run()?);
    Ok(report)
}
