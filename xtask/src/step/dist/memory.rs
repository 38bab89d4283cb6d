//! The programs in C under AddressSanitizer and under valgrind, linked with the static library: no byte is
//! touched that is not theirs, and none is lost.
//!
//! A program that is faulty on purpose must be caught by each first, or the check proves nothing. The
//! sanitizer watches the C side, and what both sides have of the allocator; valgrind sees every access of
//! the library, too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::context::Context;
use crate::dist::{self, Built, PACKAGE, STEP, Wishes};
use crate::process::{self, Job};
use crate::report::{Report, tail};

/// Valgrind runs programs some 20 to 50 times slower, one thread at a time.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// The status that both end with when they found something; no program uses it.
const FOUND: i32 = 99;

/// What valgrind is not to report, with the reason.
const SUPPRESSIONS: &str = "xtask/valgrind.supp";

/// What valgrind is told. "Possibly lost" does not count here: what Rust's library knows of a thread that it
/// has not started, as the main thread of a program in C, is held by a pointer into its middle. The
/// sanitizer takes such a pointer for one that holds, and looks for leaks, too.
const VALGRIND: &[&str] = &[
    "--quiet",
    "--show-leak-kinds=definite,indirect",
    "--errors-for-leak-kinds=definite,indirect",
    "--num-callers=30",
    "--fair-sched=yes",
];

/// The program that forks: the threads of its parent are not in the child, where all that they had is lost.
const FORKS: &str = "misuse";

/// How programs are watched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    Sanitizer,
    Valgrind,
}

impl Watch {
    fn name(self) -> &'static str {
        match self {
            Watch::Sanitizer => "AddressSanitizer",
            Watch::Valgrind => "valgrind",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Watch::Sanitizer => &["-fsanitize=address"],
            Watch::Valgrind => &[],
        }
    }

    fn job(self, context: &Context, program: &Path) -> Job {
        let job = match self {
            Watch::Sanitizer => {
                let options = format!("exitcode={FOUND}:detect_leaks=1");
                context.job(STEP, program).env("ASAN_OPTIONS", options)
            }
            Watch::Valgrind => {
                let code = format!("--error-exitcode={FOUND}");
                let known = format!("--suppressions={SUPPRESSIONS}");
                let forks = program.file_stem().is_some_and(|name| name == FORKS);
                let leaks = if forks { "--leak-check=no" } else { "--leak-check=full" };
                let job = context.job(STEP, "valgrind").args(VALGRIND).args(&[code, known]);
                job.args(&[leaks]).args(&[program])
            }
        };
        job.within(LIMIT)
    }
}

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if std::env::consts::OS != "linux" {
        return Ok(Report::skipped("valgrind and the names of this check are those of Linux"));
    }
    let base = context.target.join("xtask-dist-memory");
    let profile = context.options.profile.clone().unwrap_or_else(|| "release".to_owned());
    let wishes = Wishes::here(profile);
    let built = dist::build(context, &wishes, &base)?;
    let mut report = Report::default();
    for watch in [Watch::Sanitizer, Watch::Valgrind] {
        if watch == Watch::Valgrind && !process::exists("valgrind") {
            report.skip("valgrind is not installed (cargo xtask setup)");
            continue;
        }
        let bait = context.root.join(PACKAGE).join("tests/bait/faulty.c");
        if !catches(context, &built, watch, &bait)? {
            report.fail(format!("{} does not catch the fault", watch.name()), "");
            continue;
        }
        report.pass();
        for source in super::sources(context)? {
            check(context, &built, watch, &source, &mut report)?;
        }
    }
    Ok(report)
}

/// Whether the faulty program is caught at both of its faults.
fn catches(context: &Context, built: &Built, watch: Watch, bait: &Path) -> anyhow::Result<bool> {
    let Some(program) = compiled(context, built, watch, bait, &mut Report::default())? else {
        return Ok(false);
    };
    for arguments in [&[][..], &["touch"]] {
        let ended = watch.job(context, &program).args(arguments).run()?;
        if ended.end.code() != Some(FOUND) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn check(
    context: &Context,
    built: &Built,
    watch: Watch,
    source: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(program) = compiled(context, built, watch, source, report)? else { return Ok(()) };
    let ended = watch.job(context, &program).run()?;
    if ended.end.is_success() {
        report.pass();
    } else {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        report.fail(format!("{name}, {}: {}", watch.name(), ended.end), tail(&ended.output));
    }
    Ok(())
}

/// Builds a program; a failure is reported.
fn compiled(
    context: &Context,
    built: &Built,
    watch: Watch,
    source: &Path,
    report: &mut Report,
) -> anyhow::Result<Option<PathBuf>> {
    let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let program = built.root.join(&name).with_extension(watch.name());
    let job = context.job(STEP, "cc").args(&["-std=gnu11", "-g", "-O1"]).args(watch.flags());
    let job = job.args(&["-I"]).args(&[built.root.join("include")]).args(&[source]);
    let job = job.args(&[built.root.join("lib").join(built.flavour.archive)]);
    let made = job.args(&built.native).args(&["-o"]).args(&[&program]).run()?;
    if made.end.is_success() {
        return Ok(Some(program));
    }
    report.fail(format!("{name}, {}: {}", watch.name(), made.end), tail(&made.output));
    Ok(None)
}
