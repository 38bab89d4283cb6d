//! Targets whose C compiler and linker is zig's: musl, which runs here, and macOS and FreeBSD, whose
//! programs nothing here can run: that they compile and link is all that is shown.
//!
//! The standard library is that of the toolchain which started xtask, if it has been added to it for the
//! target; else Debian's toolchain builds one.

use std::path::{Path, PathBuf};

use crate::catalogue::exception;
use crate::catalogue::platform::Platform;
use crate::catalogue::subset::SUBSET;
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
    let toolchain = Toolchain::of(context, platform)?;
    if let Some(skipped) = skipped(context, toolchain) {
        return Ok(skipped);
    }
    let mut report = Report::default();
    let start = |program: &Program| context.job(platform.step, &program.path);
    // The C library is zig's, not one that the toolchain would bring along.
    let flags = "-Clink-self-contained=no";
    let cargo = || cargo(context, platform, toolchain).env("RUSTFLAGS", flags);
    rig(context, platform, toolchain, &cargo, &start).test(&mut report)?;
    Ok(report)
}

pub(super) fn link(context: &Context, platform: &'static Platform) -> anyhow::Result<Report> {
    let toolchain = Toolchain::of(context, platform)?;
    if let Some(skipped) = skipped(context, toolchain) {
        return Ok(skipped);
    }
    let start = |program: &Program| context.job(platform.step, &program.path);
    let mut report = Report::default();
    let cargo = || cargo(context, platform, toolchain);
    let rig = rig(context, platform, toolchain, &cargo, &start);
    let mut args = vec!["test", "--no-run", "--all-features", "--tests"];
    rig.packages().iter().for_each(|package| args.extend(["--package", package]));
    match rig.build(&args)? {
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
    toolchain: Toolchain,
    cargo: &'a dyn Fn() -> Job,
    start: &'a dyn Fn(&Program) -> Job,
) -> Rig<'a> {
    Rig {
        context,
        step: platform.step,
        target: platform.target,
        cargo,
        build_args: match toolchain {
            Toolchain::Own => &[],
            Toolchain::Debian => &["-Zbuild-std"],
        },
        names_lines: false,
        subset: SUBSET,
        exceptions: exception::MUSL,
        program_limit: PROGRAM_LIMIT,
        start,
    }
}

/// Where the standard library comes from.
#[derive(Clone, Copy)]
enum Toolchain {
    /// The one that started xtask has it.
    Own,
    /// Debian's builds it.
    Debian,
}

impl Toolchain {
    fn of(context: &Context, platform: &Platform) -> anyhow::Result<Self> {
        let ask = ["--print", "target-libdir", "--target", platform.target];
        let asked = context.job(platform.step, "rustc").args(&ask).split_stdout().run()?;
        let is_there = asked.end.is_success() && Path::new(asked.stdout.trim()).is_dir();
        Ok(if is_there { Self::Own } else { Self::Debian })
    }
}

/// Says why the way cannot be gone here, if so.
fn skipped(context: &Context, toolchain: Toolchain) -> Option<Report> {
    let compiler = match toolchain {
        Toolchain::Own => None,
        Toolchain::Debian => debian::missing(),
    };
    let missing = compiler
        .or_else(|| (!context.root.join(CARGO_ZIGBUILD).exists()).then_some("cargo-zigbuild"))?;
    let why = format!("{missing} is not installed (cargo xtask setup --for platforms)");
    Some(Report::skipped(why))
}

fn cargo(context: &Context, platform: &Platform, toolchain: Toolchain) -> Job {
    let bin: PathBuf = context.root.join(PYTHON).join("bin");
    let job = context.job(platform.step, context.root.join(CARGO_ZIGBUILD));
    match toolchain {
        Toolchain::Own => {
            let rest = std::env::var("PATH").unwrap_or_default();
            job.without_env("RUSTFLAGS").env("PATH", format!("{}:{rest}", bin.display()))
        }
        Toolchain::Debian => {
            debian::with_toolchain(job).env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        }
    }
}
