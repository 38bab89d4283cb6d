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

use crate::catalogue::layer::LAYERS;
use crate::catalogue::subset;
use crate::context::Context;
use crate::process::{End, Finished, Job};
use crate::report::{Report, tail};
pub(crate) use exception::Exception;
pub(crate) use program::Program;

/// The longest one test program may run. Well above a minute: after that time the harness names
/// the tests that still run.
const PROGRAM_LIMIT: Duration = Duration::from_secs(240);

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
    /// Tests that cannot pass in this way, with reasons.
    pub(crate) exceptions: &'a [Exception],
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
        let finished = job.run()?;
        if finished.end.is_success() {
            Ok(Ok(program::built(&finished.stdout, self.context.metadata()?)))
        } else {
            Ok(Err(finished))
        }
    }

    /// Builds and runs the tests of the core crates, or the stated subset of them.
    pub(crate) fn test(&self, report: &mut Report) -> anyhow::Result<()> {
        let started = Instant::now();
        let subset = self.context.options.subset;
        let chosen = if subset { subset::arguments() } else { vec!["--tests"] };
        let mut args = vec!["test", "--no-run", "--all-features"];
        let core: Vec<&str> = LAYERS.iter().filter(|l| l.core).map(|l| l.package).collect();
        core.iter().for_each(|package| args.extend(["--package", package]));
        args.extend(chosen);
        let programs = match self.build(&args)? {
            Ok(programs) => programs,
            Err(build) => {
                let what = format!("the tests do not build for {}: {}", self.target, build.end);
                report.fail(what, tail(&build.output));
                return Ok(());
            }
        };
        let built = started.elapsed();
        for absent in absent(&core, &programs, subset) {
            report.fail(format!("{absent}: no test program was built"), "");
        }
        let mut ran = 0;
        for program in programs.iter().filter(|program| !subset || subset::holds(program)) {
            self.run(program, report)?;
            ran += 1;
        }
        let ran_for = started.elapsed().saturating_sub(built);
        let (built, ran_for) = (built.as_secs(), ran_for.as_secs());
        report.note(format!("{ran} test programs, built in {built} s, run in {ran_for} s"));
        report.skip(format!("documentation examples are not built for {}", self.step));
        if subset {
            report.skip("only the stated subset was run (--subset)");
        }
        Ok(())
    }

    fn run(&self, program: &Program, report: &mut Report) -> anyhow::Result<()> {
        let exceptions: Vec<&Exception> =
            self.exceptions.iter().filter(|exception| exception.is_in(program)).collect();
        let job = self.job(program).args(&exception::arguments(&exceptions));
        let finished = job.within(PROGRAM_LIMIT).run()?;
        exception::report(report, program, &exceptions, &finished.output);
        if verdict::judge(report, program, &finished) || finished.end == End::Interrupted {
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
fn absent(packages: &[&str], programs: &[Program], subset: bool) -> Vec<String> {
    if subset {
        return subset::missing(programs);
    }
    let has = |package: &&&str| programs.iter().any(|program| program.package == **package);
    packages.iter().filter(|package| !has(package)).map(|package| (*package).to_owned()).collect()
}
