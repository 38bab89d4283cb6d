//! Builds every example, runs it under its time limit and checks what it printed.

use std::time::Duration;

use anyhow::{Context as _, bail};
use regex_lite::Regex;

use crate::catalogue::ecosystem::ECOSYSTEM;
use crate::catalogue::example::{Act, EXAMPLES, Example, Program};
use crate::catalogue::idle::IDLE;
use crate::context::Context;
use crate::process::{self, Job, Running};
use crate::report::{Report, tail};
use crate::workspace::{Metadata, executables};

const STEP: &str = "examples";

/// The longest one fetch from an example may take.
const FETCH_LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for wrong in out_of_step(context.metadata()?, &[EXAMPLES, ECOSYSTEM]) {
        report.fail(wrong, "");
    }
    let programs = build(context, STEP, EXAMPLES.iter().map(|row| (row.package, row.name)))?;
    check_all(context, STEP, EXAMPLES, &programs, &mut report)?;
    Ok(report)
}

/// Checks all rows that have a program.
pub(crate) fn check_all(
    context: &Context,
    step: &str,
    rows: &[Example],
    programs: &Programs,
    report: &mut Report,
) -> anyhow::Result<()> {
    for row in rows {
        if let Some(absent) = row.needs.iter().find(|program| !process::exists(program)) {
            report.skip(format!("{}: {absent} is not installed", row.name));
            continue;
        }
        let Some(path) = program(programs, row.name) else {
            continue;
        };
        let limit = Duration::from_secs(row.limit_seconds);
        let job = context.job(step, path).args(row.args).within(limit);
        check(context, row, job, programs, report)?;
    }
    Ok(())
}

/// Examples that were built, by name.
pub(crate) type Programs = [(String, String)];

fn program<'a>(programs: &'a Programs, name: &str) -> Option<&'a str> {
    programs.iter().find(|(known, _)| known == name).map(|(_, path)| path.as_str())
}

/// The longest that a program run by an act may take.
const RUN_LIMIT: Duration = Duration::from_secs(30);

/// Builds the examples in release mode, as users run them.
///
/// # Errors
/// Fails when they do not compile.
pub(crate) fn build<'a>(
    context: &Context,
    step: &str,
    examples: impl Iterator<Item = (&'a str, &'a str)>,
) -> anyhow::Result<Vec<(String, String)>> {
    build_with(context, step, examples, "")
}

/// As [`build`], with a list of features of their package.
pub(crate) fn build_with<'a>(
    context: &Context,
    step: &str,
    examples: impl Iterator<Item = (&'a str, &'a str)>,
    features: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut args = vec!["build", "--release", "--message-format=json-render-diagnostics"];
    args.extend(["--features", features]);
    for (package, name) in examples {
        args.extend(["--package", package, "--example", name]);
    }
    let finished = context.cargo(step, &args).split_stdout().run()?;
    if !finished.end.is_success() {
        bail!("the examples do not build: {}\n{}", finished.end, tail(&finished.output));
    }
    Ok(executables(&finished.stdout))
}

/// Examples without a row, and rows without an example.
fn out_of_step(metadata: &Metadata, tables: &[&[Example]]) -> Vec<String> {
    let rows = || tables.iter().copied().flatten();
    let has_row = |package: &str, name: &str| {
        let idle = IDLE.iter().any(|row| row.package == package && row.example == name);
        idle || rows().any(|row| row.package == package && row.name == name)
    };
    let unchecked = metadata.targets("example").filter(|(package, name)| !has_row(package, name));
    let absent = rows().filter(|row| !metadata.has_target(row.package, "example", row.name));
    unchecked
        .map(|(package, name)| format!("example {name} of {package} has no row in the table"))
        .chain(absent.map(|row| format!("{} has no example {}", row.package, row.name)))
        .collect()
}

/// Runs one example; its acts count as checks of their own.
pub(crate) fn check(
    context: &Context,
    row: &Example,
    job: Job,
    programs: &Programs,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut running = job.start()?;
    for (when, act) in row.acts {
        let when = pattern(when)?;
        if !running.wait_for(|output| when.is_match(output))? {
            // It ended or hung: what follows says so.
            break;
        }
        if !perform(context, act, &running, row, programs, report)? {
            return Ok(());
        }
    }
    let finished = running.finish()?;
    let mut wrong = match finished.end.code() {
        Some(code) if code == row.exit_code => Vec::new(),
        _ => vec![format!("{} (expected exit code {})", finished.end, row.exit_code)],
    };
    wrong.extend(unmatched(&finished.output, row.output)?);
    if wrong.is_empty() {
        report.pass();
    } else {
        report.fail(format!("{}: {}", row.name, wrong.join("; ")), tail(&finished.output));
    }
    Ok(())
}

/// Returns whether the example can be waited for: one that could not be asked to stop cannot.
fn perform(
    context: &Context,
    act: &Act,
    running: &Running,
    row: &Example,
    programs: &Programs,
    report: &mut Report,
) -> anyhow::Result<bool> {
    match act {
        Act::Interrupt => {
            let asked = running.interrupt();
            if !asked {
                let reason = "this platform cannot send Ctrl-C to one program";
                report.skip(format!("{}: {reason}", row.name));
            }
            Ok(asked)
        }
        Act::Fetch { address, path, body } => {
            if !process::exists("curl") {
                report.skip(format!("{}: curl is not installed", row.name));
                return Ok(true);
            }
            let base = told(running, address)?;
            let url = format!("{base}{path}");
            let args = ["--silent", "--show-error", "--fail", "--noproxy", "*", &url];
            let fetched = context.job("examples-fetch", "curl").args(&args).within(FETCH_LIMIT);
            let fetched = fetched.run()?;
            if fetched.end.is_success() && pattern(body)?.is_match(&fetched.output) {
                report.pass();
            } else {
                let what = format!("{}: fetching {path}: {}", row.name, fetched.end);
                report.fail(what, tail(&fetched.output));
            }
            Ok(true)
        }
        Act::Run { program: wanted, args, address, input, output } => {
            let path = match *wanted {
                Program::Foreign(name) if !probe(name) => {
                    report.skip(format!("{}: {name} is not installed", row.name));
                    return Ok(true);
                }
                Program::Foreign(name) => name,
                Program::Example(name) => {
                    program(programs, name).with_context(|| format!("{name} was not built"))?
                }
            };
            let address = told(running, address)?;
            let args: Vec<String> = args.iter().map(|arg| arg.replace("{}", &address)).collect();
            let job = context.job("examples-run", path).args(&args).within(RUN_LIMIT);
            let job = if input.is_empty() { job } else { job.reading(input)? };
            let finished = job.run()?;
            if finished.end.is_success() && pattern(output)?.is_match(&finished.output) {
                report.pass();
            } else {
                let what = format!("{} with {path}: {}, `{output}`", row.name, finished.end);
                report.fail(what, tail(&finished.output));
            }
            Ok(true)
        }
    }
}

/// Whether a program is there. OpenSSL and wrk have other words for their version than most.
fn probe(program: &str) -> bool {
    match program {
        "openssl" => process::probe(program, &["version"]),
        // It fails when it is asked, so it is enough that it starts.
        "wrk" => process::starts(program, &["--version"]),
        _ => process::exists(program),
    }
}

/// The first group of a pattern in what an example has written so far.
fn told(running: &Running, address: &str) -> anyhow::Result<String> {
    let output = running.output()?;
    let found = pattern(address)?.captures(&output).and_then(|groups| groups.get(1));
    Ok(found.context("the output has no address")?.as_str().to_owned())
}

/// Says which of the expected patterns is the first that the output lacks after those before it.
fn unmatched(output: &str, patterns: &[&str]) -> anyhow::Result<Option<String>> {
    let mut rest = output;
    for expected in patterns {
        match pattern(expected)?.find(rest) {
            Some(found) => rest = &rest[found.end()..],
            None => return Ok(Some(format!("the output lacks `{expected}`"))),
        }
    }
    Ok(None)
}

fn pattern(text: &str) -> anyhow::Result<Regex> {
    Regex::new(&format!("(?m){text}")).with_context(|| format!("the pattern `{text}`"))
}

#[cfg(test)]
mod tests;
