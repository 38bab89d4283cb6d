//! The tests of the core crates, built for another processor and run by qemu's user mode.
//!
//! It tests word size, alignment and the calling conventions of C. Memory ordering it does not:
//! qemu runs the program's threads on this machine's processors, whose order is stronger than that
//! of most others. For that there are loom and ThreadSanitizer.

use std::time::Duration;

use crate::catalogue::exception;
use crate::catalogue::platform::{Emulated, Platform};
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::Report;
use crate::rig::{Program, Rig, debian};

/// Emulated programs take some ten times as long as others.
const PROGRAM_LIMIT: Duration = Duration::from_secs(600);

pub(super) fn run(
    context: &Context,
    platform: &'static Platform,
    machine: &Emulated,
) -> anyhow::Result<Report> {
    if let Some(what) = missing(machine) {
        let why = format!("{what} is not installed (cargo xtask setup --for platforms)");
        return Ok(Report::skipped(why));
    }
    let rig = Rig {
        context,
        step: platform.step,
        target: platform.target,
        cargo: &|| cargo(context, platform, machine),
        build_args: &["-Zbuild-std"],
        exceptions: exception::QEMU,
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| {
            let job = context.job(platform.step, machine.qemu);
            // Tests that start their own program again find the emulator by this.
            let runner = format!("{} -L {}", machine.qemu, machine.libraries);
            let job = job.env("QI_TEST_RUNNER", runner);
            job.args(&["-L", machine.libraries]).args(&[&program.path])
        },
    };
    let mut report = Report::default();
    rig.test(&mut report)?;
    Ok(report)
}

fn missing(machine: &Emulated) -> Option<&'static str> {
    if std::env::consts::OS != "linux" {
        return Some("qemu's user mode for this host");
    }
    let programs = [machine.compiler, machine.qemu];
    let absent = || programs.into_iter().find(|program| !process::exists(program));
    debian::missing().or_else(absent)
}

fn cargo(context: &Context, platform: &Platform, machine: &Emulated) -> Job {
    let job = debian::cross_cargo(context, platform.step, platform.target, machine.compiler);
    job.env("QI_SYS_STRICT", "1")
}
