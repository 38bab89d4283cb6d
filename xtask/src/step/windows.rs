//! The tests of the core crates, built for 64-bit Windows and run under wine without a display.
//!
//! Protocol: everything lies in one folder below the target directory, the wine prefix too, so
//! that nobody's own prefix is touched. Wine 8 lacks a library that Rust's standard library
//! imports, so the prefix gets one (`xtask/platform/bcryptprimitives.c`).
//!
//! It tests wine's sockets and completion ports, not the Windows kernel's: the workflow's native
//! Windows job does that.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::catalogue::exception;
use crate::catalogue::platform::WINDOWS;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::{Report, tail};
use crate::rig::{PROGRAM_LIMIT, Program, Rig, debian};

const TARGET: &str = WINDOWS.target;
const STEP: &str = WINDOWS.step;
pub(crate) const LINKER: &str = "x86_64-w64-mingw32-gcc-posix";
pub(crate) const WINE: &str = "/usr/lib/wine/wine64";
pub(crate) const WINESERVER: &str = "/usr/lib/wine/wineserver";

/// How long wine's server waits for the next program, in seconds: longer than any build between
/// two programs, and not for ever, should nobody be left to end it.
const SERVER_WAITS: &str = "-p300";

/// The library that wine lacks.
const LIBRARY: &str = "bcryptprimitives.dll";
const LIBRARY_SOURCE: &str = "xtask/platform/bcryptprimitives.c";

/// The longest that making a prefix may take; it takes some 20 seconds on a busy machine.
const PREFIX_LIMIT: Duration = Duration::from_secs(180);

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if let Some(what) = missing() {
        let why = format!("{what} is not installed (cargo xtask setup --for windows)");
        return Ok(Report::skipped(why));
    }
    let prefix = context.target.join(format!("xtask-{STEP}")).join("wine");
    prepare(context, &prefix)?;
    let end_server = || wine(context, &prefix, WINESERVER).args(&["-k"]).run();
    // Whatever server still runs would not wait for our programs.
    let _ = end_server();
    let rig = Rig {
        context,
        step: STEP,
        target: TARGET,
        cargo: &|| cargo(context),
        build_args: &["-Zbuild-std"],
        names_lines: false,
        subset: SUBSET,
        exceptions: exception::WINE,
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| {
            keep_server(context, &prefix);
            wine(context, &prefix, WINE).args(&[&program.path])
        },
    };
    let mut report = Report::default();
    let tested = rig.test(&mut report);
    // The server is ours alone, as the prefix is. If it has ended by itself, all the better.
    let _ = end_server();
    tested.map(|()| report)
}

pub(crate) fn missing() -> Option<&'static str> {
    if std::env::consts::OS != "linux" {
        return Some("wine for this host");
    }
    let absent = || [LINKER, WINE].into_iter().find(|program| !process::exists(program));
    debian::missing().or_else(absent)
}

fn cargo(context: &Context) -> Job {
    debian::cross_cargo(context, STEP, TARGET, LINKER).env("QI_SYS_STRICT", "1")
}

/// Prepares one of wine's programs, or one that it runs.
pub(crate) fn wine(context: &Context, prefix: &Path, program: &str) -> Job {
    let job = context.job(STEP, program).env("WINEPREFIX", prefix).env("WINEARCH", "win64");
    // Neither .NET nor a browser engine is wanted: wine would ask whether to fetch them.
    let job = job.env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", "mscoree,mshtml=d");
    job.without_env("DISPLAY").without_env("WAYLAND_DISPLAY")
}

/// Lets wine's server wait for further programs: one that ends of its own accord may do so just
/// as the next program calls it, which then ends with status 1.
pub(crate) fn keep_server(context: &Context, prefix: &Path) {
    // It is an error to start a second one, and all is well.
    let _ = wine(context, prefix, WINESERVER).args(&[SERVER_WAITS]).run();
}

/// Makes the prefix if it is not there, or was not finished.
pub(crate) fn prepare(context: &Context, prefix: &Path) -> anyhow::Result<()> {
    let library = prefix.join("drive_c/windows/system32").join(LIBRARY);
    let source = context.root.join(LIBRARY_SOURCE);
    if is_newer(&library, &source) {
        return Ok(());
    }
    std::fs::create_dir_all(prefix)
        .with_context(|| format!("cannot create {}", prefix.display()))?;
    let boot = wine(context, prefix, WINE).args(&["wineboot", "-i"]).within(PREFIX_LIMIT).run()?;
    ensure!(boot.end.is_success(), "wineboot: {}\n{}", boot.end, tail(&boot.output));
    let out: [PathBuf; 2] = [library, source];
    let job = context.job(STEP, LINKER).args(&["-O2", "-Wall", "-Werror", "-shared", "-o"]);
    let built = job.args(&out).args(&["-ladvapi32"]).run()?;
    ensure!(built.end.is_success(), "{LIBRARY_SOURCE}: {}\n{}", built.end, tail(&built.output));
    Ok(())
}

/// Whether `made` exists and was made after the last change of `source`.
fn is_newer(made: &Path, source: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified());
    match (changed(made), changed(source)) {
        (Ok(made), Ok(source)) => made >= source,
        _ => false,
    }
}
