//! The tests of the core crates on the host, built with flags that choose another implementation:
//! mio's backend over poll(2), which is what systems without epoll or kqueue get; a thread for each
//! coroutine, which is what processors get whose stacks nobody here can switch.

use crate::catalogue::platform::Platform;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::Job;
use crate::report::Report;
use crate::rig::{Exception, PROGRAM_LIMIT, Program, Rig};

pub(super) fn run(
    context: &Context,
    platform: &'static Platform,
    flags: &str,
    exceptions: &[Exception],
) -> anyhow::Result<Report> {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    if (arch, os) != ("x86_64", "linux") {
        return Ok(Report::skipped(format!("it is for x86_64 Linux, not {arch} {os}")));
    }
    let rig = Rig {
        context,
        step: platform.step,
        target: platform.target,
        cargo: &|| cargo(context, platform.step, flags),
        build_args: &[],
        names_lines: false,
        subset: SUBSET,
        exceptions,
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| context.job(platform.step, &program.path),
    };
    let mut report = Report::default();
    rig.test(&mut report)?;
    Ok(report)
}

fn cargo(context: &Context, step: &str, flags: &str) -> Job {
    context.cargo(step, &[]).env("RUSTFLAGS", flags).without_env("CARGO_ENCODED_RUSTFLAGS")
}
