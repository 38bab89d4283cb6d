//! The steps of the suite, cheapest first: a file per step under `step/`.

pub(crate) mod alone;
pub(crate) mod coverage;
pub(crate) mod deny;
pub(crate) mod dist;
pub(crate) mod ecosystem;
pub(crate) mod edges;
pub(crate) mod examples;
pub(crate) mod faults;
pub(crate) mod fuzz;
pub(crate) mod header;
pub(crate) mod idle;
pub(crate) mod kernels;
pub(crate) mod leak;
pub(crate) mod lint;
pub(crate) mod models;
pub(crate) mod platform;
pub(crate) mod proxy;
pub(crate) mod sanitize;
pub(crate) mod semver;
pub(crate) mod shuttle;
pub(crate) mod simulate;
pub(crate) mod stress;
pub(crate) mod tests;
pub(crate) mod windows;

use crate::catalogue::platform as target;
use crate::catalogue::platform::Platform;
use crate::context::Context;
use crate::report::Report;
use crate::tidy;

/// One step of the suite.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Whether continuous integration runs it.
    pub(crate) ci: bool,
    pub(crate) run: fn(&Context) -> anyhow::Result<Report>,
}

const fn step(
    name: &'static str,
    about: &'static str,
    run: fn(&Context) -> anyhow::Result<Report>,
) -> Step {
    Step { name, about, ci: true, run }
}

/// Continuous integration leaves it out.
const fn on_request(step: Step) -> Step {
    Step { ci: false, ..step }
}

const fn of_platform(
    platform: &'static Platform,
    run: fn(&Context) -> anyhow::Result<Report>,
) -> Step {
    step(platform.step, platform.about, run)
}

pub(crate) const STEPS: &[Step] = &[
    step("tidy", "the house rules that a program can check", tidy::run),
    step("format", "cargo fmt --check", lint::format),
    step("edges", "which crate depends on which", edges::run),
    step("deny", "licences and origins of all that is linked", deny::run),
    step("header", "the header of the C ABI against its sources", header::run),
    step("clippy", "clippy over all targets, warnings denied", lint::clippy),
    step("docs", "rustdoc, warnings denied", lint::docs),
    step("test-debug", "all tests, debug", tests::debug),
    step("test-release", "all tests, release", tests::release),
    step("alone", "each core crate alone, with nothing above it compiled", alone::run),
    step("examples", "every example, its output checked", examples::run),
    step(
        "ecosystem",
        "examples over others' protocols, tried with foreign programs",
        ecosystem::run,
    ),
    step("proxy", "the example proxy under load, every byte compared", proxy::run),
    step("dist", "the libraries for C: what they export, programs that link them", dist::run),
    step("loom", "the loom models", models::run_models),
    step("mutants", "each model against its mutants", models::run_mutants),
    step("shuttle", "the whole scheduler in orders that shuttle draws", shuttle::run),
    step("simulate", "the simulated workload from many seeds, and planted faults", simulate::run),
    step("stress", "the stress programs, from the printed seed", stress::run),
    step("leak", "valgrind over start, work and shutdown", leak::run),
    step("kernels", "instructions of short kernels against the committed figures", kernels::run),
    step("idle", "an idle runtime makes no system call", idle::run),
    step("faults", "system calls that fail, each of a workload's in turn", faults::run),
    // In the suite these run the subset of `catalogue::subset`; all tests when they are named.
    step("sanitize-leak", "core crates' tests under LeakSanitizer", sanitize::leak::run),
    step("sanitize-thread", "core crates' tests under ThreadSanitizer", sanitize::thread::run),
    of_platform(&target::WINDOWS, |context| platform::run(context, &target::WINDOWS)),
    of_platform(&target::AARCH64, |context| platform::run(context, &target::AARCH64)),
    // Named only: their minutes, added to the others', are more than continuous integration has.
    on_request(step(
        "dist-memory",
        "programs in C under AddressSanitizer and valgrind",
        dist::memory::run,
    )),
    on_request(step(
        "dist-windows",
        "the libraries for Windows, programs in C under wine",
        dist::windows::run,
    )),
    on_request(step("rotation", "another platform each day", platform::rotation::run)),
];

/// The steps that run only when they are asked for, by `cargo xtask platform`, `platforms` and `sanitize`,
/// and those that have a command of their own and too much to do for the suite.
pub(crate) const ON_REQUEST: &[Step] = &[
    // Its subset would take as long as LeakSanitizer's again.
    step("sanitize-address", "core crates' tests under AddressSanitizer", sanitize::address::run),
    step("fuzz", "sequences of calls against models, under libFuzzer", fuzz::run),
    step("coverage", "lines and branches that the core crates' tests reach", coverage::run),
    step("semver", "the public API against the listing that is committed", semver::run),
    of_platform(&target::RISCV64, |context| platform::run(context, &target::RISCV64)),
    of_platform(&target::I686, |context| platform::run(context, &target::I686)),
    of_platform(&target::ARMV7, |context| platform::run(context, &target::ARMV7)),
    of_platform(&target::MUSL, |context| platform::run(context, &target::MUSL)),
    of_platform(&target::POLL, |context| platform::run(context, &target::POLL)),
    of_platform(&target::THREADS, |context| platform::run(context, &target::THREADS)),
    of_platform(&target::MACOS_ARM, |context| platform::run(context, &target::MACOS_ARM)),
    of_platform(&target::MACOS_X86, |context| platform::run(context, &target::MACOS_X86)),
    of_platform(&target::FREEBSD, |context| platform::run(context, &target::FREEBSD)),
    of_platform(&target::OLDEST, |context| platform::run(context, &target::OLDEST)),
];

/// The names that `--only` accepts.
pub(crate) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}
