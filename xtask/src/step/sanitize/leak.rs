//! LeakSanitizer: at the end of each test program no memory may be lost.
//!
//! It needs nothing but the toolchain that started xtask: its runtime comes with every release,
//! and the standard library need not be built anew. Only the flag is not stable yet, which
//! `RUSTC_BOOTSTRAP` unlocks.

use crate::catalogue::exception;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::Job;
use crate::report::Report;
use crate::rig::{PROGRAM_LIMIT, Program, Rig};

use super::{FOUND, TARGET, catch_then_test, runtime, unfit_host};

const STEP: &str = "sanitize-leak";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if let Some(why) = unfit_host() {
        return Ok(Report::skipped(why));
    }
    if runtime(context, STEP, "lsan")?.is_none() {
        return Ok(Report::skipped("this Rust toolchain brings no runtime of LeakSanitizer"));
    }
    let rig = Rig {
        context,
        step: STEP,
        target: TARGET,
        cargo: &|| cargo(context),
        build_args: &[],
        names_lines: true,
        subset: SUBSET,
        exceptions: exception::LEAK,
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| {
            let job = context.job(STEP, &program.path);
            job.env("LSAN_OPTIONS", format!("exitcode={FOUND}:report_objects=0"))
        },
    };
    catch_then_test(&rig, "leak", "ERROR: LeakSanitizer: detected memory leaks")
}

fn cargo(context: &Context) -> Job {
    let job = context.cargo(STEP, &[]).without_env("CARGO_ENCODED_RUSTFLAGS");
    job.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=leak")
}
