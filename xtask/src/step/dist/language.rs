//! The libraries that were built for the language: programs in its compiler's part run with both of them,
//! and one in C that has never heard of it needs nothing of the language's own library.

use std::path::Path;

use super::{FINE, LIMIT, judge, with_library};
use crate::context::Context;
use crate::dist::{Built, PACKAGE, STEP};
use crate::process::Job;
use crate::report::{Report, tail};

/// The programs of the language's own tests that need no compiler of LLVM's text.
const FOLDER: &str = "crates/qi-lang/tests/c";
const SOURCES: &[&str] = &["main.c", "plain.c", "language.c"];

/// What they play, each once: values, jumps, stacks, timers, sockets.
const SCENARIOS: &[&str] =
    &["ready_futures", "exceptions", "goroutines", "locks", "timers", "sockets"];

/// A program of the C ABI.
const STRANGER: &str = "tests/c/tasks.c";

pub(super) fn programs(
    context: &Context,
    built: &Built,
    base: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let lib = built.root.join("lib");
    let archive = lib.join(built.flavour.archive);
    for (way, library) in [("shared", built.root.join(built.flavour.shared)), ("static", archive)] {
        let program = base.join(format!("language-{way}"));
        let sources = SOURCES.iter().map(|name| context.root.join(FOLDER).join(name));
        let sources: Vec<_> = sources.chain([library.clone()]).collect();
        // What a jump may have clobbered is marked; the compiler's guess knows that not everywhere.
        let job = cc(context, built).args(&["-DPLAIN", "-Wno-clobbered"]).args(&sources);
        if compiled(&format!("language, {way}"), job, built, &program, report)? {
            for scenario in SCENARIOS {
                let job = with_library(context, built, &program).args(&[scenario, "1"]);
                judge(&format!("{scenario}, {way}"), job, FINE, report)?;
            }
        }
        let program = base.join(format!("stranger-{way}"));
        let source = context.root.join(PACKAGE).join(STRANGER);
        let job = cc(context, built).args(&[source, library]);
        if compiled(&format!("{STRANGER}, {way}"), job, built, &program, report)? {
            judge(STRANGER, with_library(context, built, &program), FINE, report)?;
        }
    }
    Ok(())
}

fn cc(context: &Context, built: &Built) -> Job {
    let job = context.job(STEP, "cc").args(&["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"]);
    job.args(&["-I"]).args(&[built.root.join("include")]).within(LIMIT)
}

/// Whether the program could be linked; if not, that is reported.
fn compiled(
    what: &str,
    job: Job,
    built: &Built,
    program: &Path,
    report: &mut Report,
) -> anyhow::Result<bool> {
    let ended = job.args(&built.native).args(&["-lpthread", "-o"]).args(&[program]).run()?;
    if !ended.end.is_success() {
        report.fail(format!("{what}: {}", ended.end), tail(&ended.output));
    }
    Ok(ended.end.is_success())
}
