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

/// What is missing, if anything.
pub(crate) fn missing() -> Option<&'static str> {
    [CARGO, RUSTC]
        .into_iter()
        .find(|program| !process::exists(program))
        .or_else(|| (!std::path::Path::new(SOURCES).exists()).then_some(SOURCES))
}

/// Its cargo. The variables that rustup and the cargo that started us have set would lead it back
/// to their toolchain.
pub(crate) fn cargo(context: &Context, step: &str) -> Job {
    let job = context.job(step, CARGO).env("PATH", "/usr/bin:/bin");
    let job = job.env("RUSTC", RUSTC).env("RUSTDOC", RUSTDOC).env("RUSTC_BOOTSTRAP", "1");
    ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO", "LD_LIBRARY_PATH"]
        .into_iter()
        .fold(job, Job::without_env)
}
