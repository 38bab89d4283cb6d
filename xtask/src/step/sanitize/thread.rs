//! ThreadSanitizer: no two threads may touch the same memory unordered, the standard library and
//! the C side included.
//!
//! Protocol: the standard library is built anew with the instrumentation, by Debian's toolchain;
//! that one has no runtime of the sanitizer, so `xtask/platform/tsan-cc` links the one of the
//! toolchain that started xtask.
//!
//! ThreadSanitizer does not model standalone fences: it would report plain memory that only a fence
//! puts in order. The fences of this project order atomics, and crossbeam-deque replaces its own
//! when it sees the sanitizer. `xtask/platform/tsan.supp` lists what is left in third parties'
//! code, with reasons.

use std::path::Path;

use crate::catalogue::exception;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::Report;
use crate::rig::{PROGRAM_LIMIT, Program, Rig, debian};

use super::{FOUND, TARGET, catch_then_test, runtime, unfit_host};

const STEP: &str = "sanitize-thread";

/// Relative to the workspace root.
const WRAPPER: &str = "xtask/platform/tsan-cc";
const SUPPRESSIONS: &str = "xtask/platform/tsan.supp";

/// Compiles the C side with the same instrumentation.
const CLANG: &str = "clang";
/// Comes with the library that the runtime is linked to.
const CXX: &str = "c++";
/// Turns addresses into names; the suppressions need them.
const SYMBOLIZER: &str = "/usr/bin/llvm-symbolizer";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if let Some(why) = unfit_host() {
        return Ok(Report::skipped(why));
    }
    let absent = || [CLANG, SYMBOLIZER, CXX].into_iter().find(|program| !process::exists(program));
    if let Some(what) = debian::missing().or_else(absent) {
        let why = format!("{what} is not installed (cargo xtask setup --for sanitize)");
        return Ok(Report::skipped(why));
    }
    let Some(runtime) = runtime(context, STEP, "tsan")? else {
        return Ok(Report::skipped("this Rust toolchain brings no runtime of ThreadSanitizer"));
    };
    let options = options(context);
    let rig = Rig {
        context,
        step: STEP,
        target: TARGET,
        cargo: &|| cargo(context, &runtime),
        build_args: &["-Zbuild-std"],
        names_lines: true,
        subset: SUBSET,
        exceptions: exception::THREAD,
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| {
            let job = context.job(STEP, &program.path).env("RUST_MIN_STACK", STACK);
            // Programs of the language's tests are linked by the tests.
            let job = job.env("QI_LANG_TSAN_LINKER", context.root.join(WRAPPER));
            let job = job.env("QI_LANG_TURNS", "1").env("QI_TSAN_RUNTIME", &runtime);
            job.env("TSAN_OPTIONS", options.clone())
        },
    };
    catch_then_test(&rig, "race", "WARNING: ThreadSanitizer: data race")
}

fn cargo(context: &Context, runtime: &Path) -> Job {
    // Switches between stacks are told to the sanitizer by the crate that makes them.
    let flags = "-Zsanitizer=thread -Zexternal-clangrt --cfg qi_tsan";
    let job = debian::cargo(context, STEP).env("RUSTFLAGS", flags);
    let job = job.env("QI_TSAN_RUNTIME", runtime);
    let job = job.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", context.root.join(WRAPPER));
    let job = job.env("CC_x86_64_unknown_linux_gnu", CLANG);
    job.env("CFLAGS_x86_64_unknown_linux_gnu", "-fsanitize=thread -g")
}

/// Bytes of a thread's stack: instrumented frames are several times as large.
const STACK: &str = "16777216";

/// The longest history: a race whose older access is no longer in it is dropped in silence.
const HISTORY: u32 = 7;

fn options(context: &Context) -> String {
    let suppressions = context.root.join(SUPPRESSIONS);
    format!(
        "exitcode={FOUND}:history_size={HISTORY}:suppressions={}:external_symbolizer_path={SYMBOLIZER}",
        suppressions.display()
    )
}
