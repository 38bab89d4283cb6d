//! The tests of the core crates, built for another processor and run by qemu's user mode, or by this
//! machine's own kernel where it can.
//!
//! It tests word size, alignment and the calling conventions of C. Memory ordering it does not:
//! qemu runs the program's threads on this machine's processors, whose order is stronger than that
//! of most others. For that there are loom and ThreadSanitizer.

use std::time::Duration;

use crate::catalogue::platform::{Emulated, Native, Platform};
use crate::catalogue::subset;
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::Report;
use crate::rig::{PROGRAM_LIMIT, Program, Rig, debian};

/// Emulated programs take some ten times as long as others.
const EMULATED_LIMIT: Duration = Duration::from_secs(600);

/// Switches of the coroutines' random test, a tenth of what it makes elsewhere: it unwinds stacks all the time,
/// which takes an emulator a hundred times as long.
const SWITCHES: &str = "20000";

pub(super) fn run(
    context: &Context,
    platform: &'static Platform,
    machine: &Emulated,
) -> anyhow::Result<Report> {
    let native = machine.native.as_ref().filter(|native| runs_here(native));
    let is_native = native.is_some();
    if let Some(what) = missing(machine, is_native) {
        let why = format!("{what} is not installed (cargo xtask setup --for platforms)");
        return Ok(Report::skipped(why));
    }
    let rig = Rig {
        context,
        step: platform.step,
        target: platform.target,
        cargo: &|| cargo(context, platform, machine),
        build_args: &["-Zbuild-std"],
        names_lines: false,
        subset: if is_native { subset::SUBSET } else { subset::EMULATED },
        exceptions: native.map_or(machine.exceptions, |native| native.exceptions),
        program_limit: if is_native { PROGRAM_LIMIT } else { EMULATED_LIMIT },
        start: &|program: &Program| match is_native {
            true => context.job(platform.step, &program.path),
            false => emulate(context, platform, machine, program),
        },
    };
    let mut report = Report::default();
    rig.test(&mut report)?;
    report.note(match is_native {
        true => "run by this machine's own kernel".to_owned(),
        false => format!("run by {}", machine.qemu),
    });
    Ok(report)
}

/// Whether the kernel starts programs of that processor itself, and their libraries are there.
fn runs_here(native: &Native) -> bool {
    process::probe(native.loader, &["--version"])
}

fn missing(machine: &Emulated, is_native: bool) -> Option<&'static str> {
    if std::env::consts::OS != "linux" {
        return Some("qemu's user mode for this host");
    }
    let programs = [machine.compiler, machine.qemu];
    let needed = if is_native { &programs[..1] } else { &programs[..] };
    let absent = || needed.iter().copied().find(|program| !process::exists(program));
    debian::missing().or_else(absent)
}

fn cargo(context: &Context, platform: &Platform, machine: &Emulated) -> Job {
    let job = debian::cross_cargo(context, platform.step, platform.target, machine.compiler);
    let job = job.env("QI_SYS_STRICT", "1");
    match &machine.native {
        // Where the system looks for it there are this machine's libraries, if any.
        Some(Native { loader, .. }) => {
            let libraries = machine.libraries;
            let flags = format!(
                "-Clink-arg=-Wl,--dynamic-linker={loader} -Clink-arg=-Wl,-rpath,{libraries}/lib"
            );
            job.env("RUSTFLAGS", flags)
        }
        None => job,
    }
}

fn emulate(context: &Context, platform: &Platform, machine: &Emulated, program: &Program) -> Job {
    let job = context.job(platform.step, machine.qemu);
    let job = job.env("QI_SWITCHES", SWITCHES);
    // Tests that start their own program again find the emulator by this.
    let job = job.env("QI_TEST_RUNNER", format!("{} -L {}", machine.qemu, machine.libraries));
    job.args(&["-L", machine.libraries]).args(&[&program.path])
}
