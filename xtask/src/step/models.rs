//! Runs the loom models, and each against its mutants.
//!
//! Protocol: `--cfg loom` comes through RUSTFLAGS, since cargo must see it to choose loom as a
//! dependency, and stays the same for all builds: the dependencies are compiled once, in a target
//! directory of their own (`target/loom`), so that the ordinary builds keep their cache. A
//! mutant's cfg is handed to rustc for the one crate only (`cargo rustc`). `--profile bench`
//! means: a test program, optimised as in release.
//!
//! Rejected: `--cfg qi_mutant` through RUSTFLAGS, which recompiles loom and all else per mutant.

use std::time::Duration;

use anyhow::{Context as _, bail};
use regex_lite::Regex;

use crate::catalogue::model::{MODELS, Model};
use crate::context::Context;
use crate::process::Finished;
use crate::report::{Report, tail};
use crate::workspace::executables;

/// The longest one model may run.
const MODEL_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The models as they are.
pub(crate) fn run_models(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for package in packages(context) {
        let program = match build(context, "loom", package, None) {
            Ok(program) => program,
            Err(error) => {
                report.fail(format!("{package} under cfg(loom): {error:#}"), "");
                continue;
            }
        };
        for model in selected(context).filter(|model| model.package == package) {
            let finished = run(context, "loom", &program, model)?;
            match verdict(model, &finished) {
                Ok(line) => {
                    report.pass();
                    println!("{line}");
                    report.note(line);
                }
                Err(why) => report.fail(format!("{}: {why}", model.name), tail(&finished.output)),
            }
        }
    }
    Ok(or_empty(report))
}

/// Every mutant of every model.
pub(crate) fn run_mutants(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for model in selected(context) {
        for mutant in model.mutants {
            let what = format!("{} against {mutant}", model.name);
            // A mutant that does not compile proves nothing: the build stands apart from the run.
            let program = match build(context, "mutants", model.package, Some(mutant)) {
                Ok(program) => program,
                Err(error) => {
                    report.fail(format!("{what}: {error:#}"), "");
                    continue;
                }
            };
            let finished = run(context, "mutants", &program, model)?;
            match is_killed(&finished) {
                Ok(()) => report.pass(),
                Err(why) => report.fail(format!("{what}: {why}"), tail(&finished.output)),
            }
        }
    }
    Ok(or_empty(report))
}

fn selected(context: &Context) -> impl Iterator<Item = &'static Model> {
    let only = context.options.model.as_deref();
    MODELS.iter().filter(move |model| only.is_none_or(|name| name == model.name))
}

fn packages(context: &Context) -> Vec<&'static str> {
    let mut packages: Vec<&str> = selected(context).map(|model| model.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// An empty table is said, not passed: tidy sees to it that it is empty only while the sources
/// have no model.
fn or_empty(mut report: Report) -> Report {
    if MODELS.is_empty() {
        report.skip("no crate has a loom model yet");
    }
    report
}

/// Builds the crate's unit tests under cfg(loom); returns the program.
fn build(
    context: &Context,
    step: &str,
    package: &str,
    mutant: Option<&str>,
) -> anyhow::Result<String> {
    let target = context.target.join("loom");
    let target = target.to_str().context("the target directory has a name that is not text")?;
    let mut args = vec!["rustc", "--package", package, "--lib", "--profile", "bench"];
    args.extend(["--target-dir", target, "--message-format=json-render-diagnostics"]);
    let cfg = mutant.map(|mutant| format!("qi_mutant=\"{mutant}\""));
    if let Some(cfg) = &cfg {
        args.extend(["--", "--cfg", cfg]);
    }
    let job = context.cargo(step, &args).env("RUSTFLAGS", "--cfg loom");
    let finished = job.without_env("CARGO_ENCODED_RUSTFLAGS").split_stdout().run()?;
    if !finished.end.is_success() {
        bail!("it does not compile: {}\n{}", finished.end, tail(&finished.output));
    }
    let programs = executables(&finished.stdout);
    let (_, path) = programs.into_iter().last().context("cargo built no test program")?;
    Ok(path)
}

fn run(context: &Context, step: &str, program: &str, model: &Model) -> anyhow::Result<Finished> {
    let tests = context.job(step, program).args(&["--list", "--format", "terse"]).run()?;
    let path = test_path(&tests.output, model.name)?;
    let job = context.job(step, program).args(&["--exact", path, "--nocapture"]);
    job.env("LOOM_MAX_PREEMPTIONS", model.preemption_bound.to_string()).within(MODEL_LIMIT).run()
}

/// The full path of the one test of this name.
fn test_path<'a>(list: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let paths = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let mut found = paths.filter(|path| path.rsplit("::").next() == Some(name));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        (None, _) => bail!("the crate has no test {name}"),
        (Some(_), Some(_)) => bail!("the crate has several tests {name}"),
    }
}

/// The line in which the model says what it explored, or why it does not count as passed.
fn verdict(model: &Model, finished: &Finished) -> Result<String, String> {
    if !finished.end.is_success() {
        return Err(finished.end.to_string());
    }
    let line = Regex::new(r"loom: (\w+) executions=(\d+) preemption_bound=(\d+)")
        .map_err(|error| error.to_string())?;
    let mut lines = line.captures_iter(&finished.output);
    let Some(said) = lines.find(|said| &said[1] == model.name) else {
        return Err(format!("it did not print `loom: {} executions=...`", model.name));
    };
    if said[2].parse::<u64>().is_ok_and(|executions| executions == 0) {
        return Err("it explored no execution".to_owned());
    }
    if said[3] != model.preemption_bound.to_string() {
        return Err(format!("its bound is {}, not {}", &said[3], model.preemption_bound));
    }
    Ok(said[0].to_owned())
}

/// A mutant is killed when the model ran and panicked, or did what the allocator noticed; a run that was ended from outside, or
/// that never reached the model, proves nothing.
fn is_killed(finished: &Finished) -> Result<(), String> {
    if finished.end.is_success() {
        return Err("it survived".to_owned());
    }
    // The C library looks for memory that is freed twice, and ends the process by its own words.
    let is_noticed = ["panicked at", "free(): ", "malloc(): "];
    if !is_noticed.iter().any(|words| finished.output.contains(words)) {
        return Err(format!("it ended without a panic: {}", finished.end));
    }
    match finished.end {
        crate::process::End::Exited(_) => Ok(()),
        end => Err(end.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::End;
    use std::process::ExitStatus;

    const MODEL: Model =
        Model { name: "loom_join", package: "p", preemption_bound: 3, mutants: &["no_fence"] };

    fn finished(end: End, output: &str) -> Finished {
        Finished { end, output: output.into(), stdout: String::new() }
    }

    fn success(output: &str) -> Finished {
        finished(End::Exited(ExitStatus::default()), output)
    }

    #[test]
    fn model_passes_only_with_its_own_line_and_bound() {
        let good = "loom: loom_join executions=17 preemption_bound=3\n";
        assert!(verdict(&MODEL, &success(good)).unwrap().contains("executions=17"));
        assert!(verdict(&MODEL, &success("")).is_err());
        let other = "loom: loom_sleep executions=17 preemption_bound=3\n";
        assert!(verdict(&MODEL, &success(other)).is_err());
        let none = "loom: loom_join executions=0 preemption_bound=3\n";
        assert!(verdict(&MODEL, &success(none)).unwrap_err().contains("no execution"));
        let bound = "loom: loom_join executions=17 preemption_bound=2\n";
        assert!(verdict(&MODEL, &success(bound)).unwrap_err().contains("not 3"));
    }

    #[test]
    fn surviving_and_timed_out_mutants_are_not_killed() {
        assert!(is_killed(&success("panicked at")).is_err());
        let late = finished(End::TimedOut(MODEL_LIMIT), "panicked at");
        assert!(is_killed(&late).unwrap_err().contains("limit"));
    }

    #[test]
    fn model_is_found_by_its_last_name_only() {
        let list = "task::tests::loom_join: test\ntask::tests::loom_join_twice: test\n";
        assert_eq!(test_path(list, "loom_join").unwrap(), "task::tests::loom_join");
        assert!(test_path(list, "loom_sleep").is_err());
        let twice = "a::loom_join: test\nb::loom_join: test\n";
        assert!(test_path(twice, "loom_join").is_err());
    }
}
