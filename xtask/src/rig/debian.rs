//! The Rust toolchain of Debian's `rustc-web`, which can build the standard library for targets
//! that rustup cannot add without a network of its own.

use crate::context::Context;
use crate::process::{self, Job};

/// The programs of the toolchain.
const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const RUSTDOC: &str = "/usr/bin/rustdoc";

/// The sources of the standard library.
pub(crate) const SOURCES: &str = "/usr/lib/rustlib/src/rust/library/Cargo.lock";

/// What reads the counters of instrumented programs, of this toolchain's LLVM.
pub(crate) const COV: &str = "/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-cov";

/// What is missing, if anything.
pub(crate) fn missing() -> Option<&'static str> {
    [CARGO, RUSTC]
        .into_iter()
        .find(|program| !process::exists(program))
        .or_else(|| (!std::path::Path::new(SOURCES).exists()).then_some(SOURCES))
}

/// Its cargo.
pub(crate) fn cargo(context: &Context, step: &str) -> Job {
    with_toolchain(context.job(step, CARGO))
}

/// Its cargo for another target, whose C compiler links too.
pub(crate) fn cross_cargo(context: &Context, step: &str, target: &str, compiler: &str) -> Job {
    let name = target.to_uppercase().replace('-', "_");
    let job = cargo(context, step).env(&format!("CARGO_TARGET_{name}_LINKER"), compiler);
    job.env(&format!("CC_{}", target.replace('-', "_")), compiler)
}

/// Makes a program that acts as cargo use this toolchain. The variables that rustup and the cargo that
/// started us have set would lead it back to theirs.
pub(crate) fn with_toolchain(job: Job) -> Job {
    let job = job.env("PATH", "/usr/bin:/bin");
    let job = job.env("RUSTC", RUSTC).env("RUSTDOC", RUSTDOC).env("RUSTC_BOOTSTRAP", "1");
    ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO", "LD_LIBRARY_PATH"]
        .into_iter()
        .fold(job, Job::without_env)
}
