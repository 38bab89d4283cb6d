//! Targets whose C compiler and linker is zig's: musl, which runs here, and macOS and FreeBSD, whose
//! programs nothing here can run: that they compile and link is all that is shown.

use std::path::PathBuf;

use crate::catalogue::exception;
use crate::catalogue::layer::LAYERS;
use crate::catalogue::platform::Platform;
use crate::context::Context;
use crate::process::Job;
use crate::report::{Report, tail};
use crate::rig::{PROGRAM_LIMIT, Program, Rig, debian};

/// Where `cargo xtask setup` puts what comes from Python's registry: below the root, not the target
/// directory, which every helper of a build may place elsewhere.
pub(crate) const PYTHON: &str = "target/python";

/// The program that stands in for cargo.
pub(crate) const CARGO_ZIGBUILD: &str = "target/python/bin/cargo-zigbuild";

pub(super) fn run_musl(context: &Context, platform: &'static Platform) -> anyhow::Result<Report> {
    if let Some(skipped) = skipped(context) {
        return Ok(skipped);
    }
    let mut report = Report::default();
    let start = |program: &Program| context.job(platform.step, &program.path);
    // The C library is zig's, not one that the toolchain would bring along.
    let cargo = || cargo(context, platform).env("RUSTFLAGS", "-Clink-self-contained=no");
    rig(context, platform, &cargo, &start).test(&mut report)?;
    Ok(report)
}

pub(super) fn link(context: &Context, platform: &'static Platform) -> anyhow::Result<Report> {
    if let Some(skipped) = skipped(context) {
        return Ok(skipped);
    }
    let mut args = vec!["test", "--no-run", "--all-features", "--tests"];
    for layer in LAYERS.iter().filter(|layer| layer.core) {
        args.extend(["--package", layer.package]);
    }
    let start = |program: &Program| context.job(platform.step, &program.path);
    let mut report = Report::default();
    let cargo = || cargo(context, platform);
    match rig(context, platform, &cargo, &start).build(&args)? {
        Ok(programs) => {
            programs.iter().for_each(|_| report.pass());
            report.note("compiled and linked, not run: nothing here can");
        }
        Err(build) => {
            let what = format!("the tests do not build for {}: {}", platform.target, build.end);
            report.fail(what, tail(&build.output));
        }
    }
    Ok(report)
}

fn rig<'a>(
    context: &'a Context,
    platform: &'static Platform,
    cargo: &'a dyn Fn() -> Job,
    start: &'a dyn Fn(&Program) -> Job,
) -> Rig<'a> {
    Rig {
        context,
        step: platform.step,
        target: platform.target,
        cargo,
        build_args: &["-Zbuild-std"],
        exceptions: exception::MUSL,
        program_limit: PROGRAM_LIMIT,
        start,
    }
}

/// Says why the way cannot be gone here, if so.
fn skipped(context: &Context) -> Option<Report> {
    let missing = debian::missing()
        .or_else(|| (!context.root.join(CARGO_ZIGBUILD).exists()).then_some("cargo-zigbuild"))?;
    let why = format!("{missing} is not installed (cargo xtask setup --for platforms)");
    Some(Report::skipped(why))
}

fn cargo(context: &Context, platform: &Platform) -> Job {
    let bin: PathBuf = context.root.join(PYTHON).join("bin");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    debian::with_toolchain(context.job(platform.step, context.root.join(CARGO_ZIGBUILD)))
        .env("PATH", path)
}
