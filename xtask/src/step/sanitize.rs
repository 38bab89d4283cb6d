//! The tests of the core crates under a sanitizer of the compiler.
//!
//! Protocol: a job first builds a program with the very fault it looks for
//! (`crates/sanitizer-bait`) in the same way as the tests, and must catch it; else it proves
//! nothing, fails, and runs no test.

pub(crate) mod address;
pub(crate) mod leak;
pub(crate) mod thread;

use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::catalogue::layer::LAYERS;
use crate::context::Context;
use crate::report::{Report, tail};
use crate::rig::Rig;

/// The host whose runtimes the toolchain brings along.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The package of the programs that must be caught.
const BAIT: &str = "qi-sanitizer-bait";

/// The status by which a sanitizer ends a program; no test harness uses it.
const FOUND: i32 = 66;

/// Why sanitizers cannot run on this host, if so.
fn unfit_host() -> Option<String> {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    ((arch, os) != ("x86_64", "linux")).then(|| format!("it runs on x86_64 Linux, not {arch} {os}"))
}

/// What a sanitizer says when the system keeps it from looking, as some containers do.
const POWERLESS: &str = "LeakSanitizer has encountered a fatal error";

/// The library of a sanitizer (`asan`, `lsan`, `tsan`) that the toolchain of this xtask brings.
fn runtime(context: &Context, step: &str, name: &str) -> anyhow::Result<Option<PathBuf>> {
    let asked = context.job(step, "rustc").args(&["--print", "sysroot"]).split_stdout().run()?;
    ensure!(asked.end.is_success(), "rustc --print sysroot: {}", tail(&asked.output));
    let folder = Path::new(asked.stdout.trim()).join("lib/rustlib").join(TARGET).join("lib");
    let mut files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    // The middle of the name is the toolchain's channel.
    let end = format!("_rt.{name}.a");
    let is_runtime = |file: &str| file.starts_with("librustc-") && file.ends_with(&end);
    let found = files.find(|file| file.file_name().to_str().is_some_and(is_runtime));
    Ok(found.map(|file| file.path()))
}

/// Catches the bait, then runs the tests.
fn catch_then_test(rig: &Rig<'_>, bait: &str, says: &str) -> anyhow::Result<Report> {
    debug_assert!(LAYERS.iter().any(|layer| layer.package == BAIT));
    let programs = match rig.build(&["build", "--package", BAIT, "--bin", bait])? {
        Ok(programs) => programs,
        Err(build) => {
            let what = format!("the deliberate {bait} does not build: {}", build.end);
            return Ok(Report::failed(what, tail(&build.output)));
        }
    };
    let Some(program) = programs.iter().find(|program| program.name == bait) else {
        return Ok(Report::failed(format!("the deliberate {bait} was not built"), ""));
    };
    let finished = (rig.start)(program).run()?;
    if finished.output.contains(POWERLESS) {
        return Ok(Report::skipped(
            "this system does not let LeakSanitizer look at its own process",
        ));
    }
    if finished.end.code() != Some(FOUND) || !finished.output.contains(says) {
        let what = format!("the deliberate {bait} was not caught: {}", finished.end);
        return Ok(Report::failed(what, tail(&finished.output)));
    }
    let mut report = Report::default();
    report.pass();
    report.note(format!("the deliberate {bait} was caught"));
    rig.test(&mut report)?;
    Ok(report)
}
