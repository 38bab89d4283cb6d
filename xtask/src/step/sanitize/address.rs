//! AddressSanitizer: no memory is used that was freed, or is nobody's; switches between stacks included.
//!
//! It needs nothing but the toolchain that started xtask, as LeakSanitizer does. Coroutines tell it of each
//! switch (`--cfg qi_asan`), or it would take a coroutine's frames for a wild stack pointer.
//!
//! Leaks are LeakSanitizer's business: this one cannot see what only a suspended stack refers to.

use crate::catalogue::exception;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::Job;
use crate::report::Report;
use crate::rig::{PROGRAM_LIMIT, Program, Rig};

use super::{FOUND, TARGET, catch_then_test, runtime, unfit_host};

const STEP: &str = "sanitize-address";

/// Bytes of a thread's stack: instrumented frames are several times as large.
const STACK: &str = "16777216";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if let Some(why) = unfit_host() {
        return Ok(Report::skipped(why));
    }
    if runtime(context, STEP, "asan")?.is_none() {
        return Ok(Report::skipped("this Rust toolchain brings no runtime of AddressSanitizer"));
    }
    let rig = Rig {
        context,
        step: STEP,
        target: TARGET,
        cargo: &|| cargo(context),
        build_args: &[],
        names_lines: true,
        subset: SUBSET,
        exceptions: exception::ADDRESS,
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| {
            let job = context.job(STEP, &program.path).env("RUST_MIN_STACK", STACK);
            job.env("ASAN_OPTIONS", format!("exitcode={FOUND}:detect_leaks=0"))
        },
    };
    catch_then_test(&rig, "use_after_free", "ERROR: AddressSanitizer: heap-use-after-free")
}

fn cargo(context: &Context) -> Job {
    let job = context.cargo(STEP, &[]).without_env("CARGO_ENCODED_RUSTFLAGS");
    job.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address --cfg qi_asan")
}
