//! Builds the tests of the core crates in a way of its own (for another platform, or with a
//! sanitizer) and runs one test program after the other, each under a limit.
//!
//! Rejected: `cargo test` with a runner. It gives no limit per program, so that one hang would
//! take the results of all programs after it along.

pub(crate) mod debian;
mod exception;
mod program;
mod verdict;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::catalogue::layer;
use crate::catalogue::subset::{self, Row};
use crate::context::Context;
use crate::process::{End, Finished, Job};
use crate::report::{Report, tail};
pub(crate) use exception::Exception;
pub(crate) use program::Program;

/// The longest one test program may usually run. Well above a minute: after that time the harness names
/// the tests that still run.
pub(crate) const PROGRAM_LIMIT: Duration = Duration::from_secs(240);

/// The longest a program may take to list its tests.
const LIST_LIMIT: Duration = Duration::from_secs(60);

/// One way of building and running.
pub(crate) struct Rig<'a> {
    pub(crate) context: &'a Context,
    pub(crate) step: &'static str,
    pub(crate) target: &'static str,
    /// A cargo with the toolchain and the variables of this way, and no arguments yet.
    pub(crate) cargo: &'a dyn Fn() -> Job,
    /// Arguments that every build gets.
    pub(crate) build_args: &'a [&'a str],
    /// Whether what is found is told with the lines of a stack; a panic names its line without.
    pub(crate) names_lines: bool,
    /// The tests that run where not all are asked for.
    pub(crate) subset: &'static [Row],
    /// Tests that cannot pass in this way, with reasons.
    pub(crate) exceptions: &'a [Exception],
    /// The longest one of its test programs may run.
    pub(crate) program_limit: Duration,
    /// Starts a program that was built.
    pub(crate) start: &'a dyn Fn(&Program) -> Job,
}

impl Rig<'_> {
    /// Where this way keeps what it builds: apart, so that the ordinary builds keep their cache.
    pub(crate) fn folder(&self) -> PathBuf {
        self.context.target.join(format!("xtask-{}", self.step))
    }

    /// Builds with `args`; returns the programs, or the build that failed.
    pub(crate) fn build(&self, args: &[&str]) -> anyhow::Result<Result<Vec<Program>, Finished>> {
        let folder = self.folder();
        let folder = folder.to_str().context("the target directory has a name that is not text")?;
        let job = (self.cargo)().args(args).args(self.build_args);
        let job = job.args(&["--target", self.target, "--target-dir", folder]);
        let job = job.args(&["--message-format=json-render-diagnostics"]).split_stdout();
        // All that a report of these jobs shows; the rest would double the time and the room.
        let shown = if self.names_lines { "line-tables-only" } else { "none" };
        let job = job.env("CARGO_PROFILE_DEV_DEBUG", shown);
        // Nobody builds here again after a small change.
        let job = job.env("CARGO_INCREMENTAL", "0");
        let finished = job.run()?;
        if finished.end.is_success() {
            Ok(Ok(program::built(&finished.stdout, self.context.metadata()?)))
        } else {
            Ok(Err(finished))
        }
    }

    /// The core crates, or the packages that were asked for.
    pub(crate) fn packages(&self) -> Vec<&'static str> {
        let asked = &self.context.options.packages;
        if asked.is_empty() {
            return layer::core_packages();
        }
        let mut packages = layer::packages_to_ask_for();
        packages.retain(|package| asked.iter().any(|name| name == package));
        packages
    }

    /// Builds and runs the tests of the core crates, or the stated subset of them.
    pub(crate) fn test(&self, report: &mut Report) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut core = self.packages();
        let rows = self.context.options.subset.then(|| subset::of(self.subset, &core));
        if rows.as_ref().is_some_and(Vec::is_empty) {
            report.skip("the subset has no test of these packages");
            return Ok(());
        }
        let chosen = match &rows {
            Some(rows) => {
                // A package without a test among them is not built for its own sake.
                core.retain(|package| rows.iter().any(|row| row.package == *package));
                subset::arguments(rows, self.context.metadata()?)
            }
            None => vec!["--tests".to_owned()],
        };
        let mut args = vec!["test", "--no-run", "--all-features"];
        core.iter().for_each(|package| args.extend(["--package", package]));
        args.extend(chosen.iter().map(String::as_str));
        let programs = match self.build(&args)? {
            Ok(programs) => programs,
            Err(build) => {
                let what = format!("the tests do not build for {}: {}", self.target, build.end);
                report.fail(what, tail(&build.output));
                return Ok(());
            }
        };
        let built = started.elapsed();
        for absent in absent(&core, &programs, rows.as_deref()) {
            report.fail(format!("{absent}: no test program was built"), "");
        }
        let is_wanted =
            |program: &&Program| rows.as_ref().is_none_or(|rows| subset::hold(rows, program));
        let programs: Vec<&Program> = programs.iter().filter(is_wanted).collect();
        // Sorted by package, so that the programs of one follow each other.
        for programs in programs.chunk_by(|a, b| a.package == b.package) {
            let (before, skipped) = (report.checks(), report.skips.len());
            for program in programs {
                self.run(program, report)?;
            }
            if report.checks() == before && report.skips.len() == skipped {
                report.skip(format!("{}: it has no test", programs[0].package));
            }
        }
        let ran_for = started.elapsed().saturating_sub(built);
        let (built, ran_for) = (built.as_secs(), ran_for.as_secs());
        let which = if rows.is_some() { "the subset of" } else { "all" };
        let number = programs.len();
        report.note(format!("{which} tests, no documentation examples: {number} programs"));
        report.note(format!("built in {built} s, run in {ran_for} s"));
        Ok(())
    }

    fn run(&self, program: &Program, report: &mut Report) -> anyhow::Result<()> {
        let exceptions: Vec<&Exception> =
            self.exceptions.iter().filter(|exception| exception.is_in(program)).collect();
        if let Some(all) = exception::whole(&exceptions) {
            report.skip(format!("{}: {}", program.label(), all.reason));
            return Ok(());
        }
        let job = self.job(program).args(&exception::arguments(&exceptions));
        let finished = job.within(self.program_limit).run()?;
        exception::report(report, program, &exceptions, &finished.output);
        if verdict::judge(report, program, &finished) {
            return Ok(());
        }
        if finished.end == End::Interrupted {
            report.fail(format!("{}: interrupted", program.label()), String::new());
            return Ok(());
        }
        // It ended before it could report: which tests are to blame?
        let list = self.job(program).args(&["--list", "--format", "terse"]);
        let listed = list.within(LIST_LIMIT).run()?;
        verdict::judge_unfinished(report, program, &finished, &listed.output);
        Ok(())
    }

    /// A program with what cargo would have given it.
    fn job(&self, program: &Program) -> Job {
        let job = (self.start)(program).in_dir(&program.folder);
        job.env("CARGO_MANIFEST_DIR", program.folder.clone())
    }
}

/// What should have a test program and has none.
fn absent(packages: &[&str], programs: &[Program], rows: Option<&[&Row]>) -> Vec<String> {
    if let Some(rows) = rows {
        return subset::missing(rows, programs);
    }
    let has = |package: &&&str| programs.iter().any(|program| program.package == **package);
    packages.iter().filter(|package| !has(package)).map(|package| (*package).to_owned()).collect()
}
