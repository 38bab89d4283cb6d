//! The libraries as they are handed out: what they export, and programs in C that find and link them.
//!
//! Protocol: everything is built below the target directory and moved once more to the place that its
//! users would find it at, a prefix below a DESTDIR. Programs are then built against that place in each
//! of the ways that the documentation names, and run.

mod language;
pub(crate) mod memory;
pub(crate) mod windows;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::context::Context;
use crate::dist::{self, Built, PACKAGE, STEP, Wishes};
use crate::process::{self, Job};
use crate::report::{Report, tail};

/// A program waits for nothing that takes this long.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the libraries say they will be used.
const PREFIX: &str = "/opt/qi";

/// What every test program prints when all is well.
const FINE: &str = "fine\n";

/// What the program of the project of CMake prints.
const EMBEDDED: &str = "3 threads gave 100 jobs, the loop saw squares that add up to 328350\n";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if std::env::consts::OS != "linux" {
        return Ok(Report::skipped("the names and tools of this check are those of Linux"));
    }
    let base = context.target.join("xtask-dist");
    let _ = fs::remove_dir_all(&base);
    let mut report = Report::default();
    let profile = context.options.profile.clone().unwrap_or_else(|| "release".to_owned());
    let wishes = Wishes::here(profile.clone());
    let built = dist::build(context, &wishes, &base.join("built"))?;
    exports(context, &built, &mut report)?;
    programs(context, &built, &base, &mut report)?;
    cmake(context, &built, &base, &mut report)?;
    let again = prefixes(context, profile, &base, &mut report)?;
    exports(context, &again, &mut report)?;
    language::programs(context, &again, &base, &mut report)?;
    for file in [built.root.join("lib").join(built.flavour.archive), shared(&built)] {
        let bytes = file.metadata()?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        report.note(format!("{name}: {:.1} MiB", bytes as f64 / f64::from(1 << 20)));
    }
    Ok(report)
}

fn shared(built: &Built) -> PathBuf {
    built.root.join(built.flavour.shared)
}

/// The shared library exports the functions of the header, and nothing else.
fn exports(context: &Context, built: &Built, report: &mut Report) -> anyhow::Result<()> {
    if !process::exists("nm") || !process::exists("readelf") {
        report.skip("nm and readelf are not installed");
        return Ok(());
    }
    let listed = context.job(STEP, "nm").args(&["-D", "--defined-only"]).args(&[shared(built)]);
    let listed = listed.split_stdout().run()?;
    let found = exported(&listed.stdout);
    let mut wanted = built.exports.clone();
    wanted.sort();
    if found == wanted {
        report.pass();
    } else {
        let strange: Vec<_> = found.iter().filter(|name| !wanted.contains(name)).collect();
        let missing: Vec<_> = wanted.iter().filter(|name| !found.contains(name)).collect();
        report.fail("what is exported", format!("too much: {strange:?}\nmissing: {missing:?}"));
    }
    let dynamic = context.job(STEP, "readelf").args(&["-d"]).args(&[shared(built)]);
    let dynamic = dynamic.split_stdout().run()?;
    if dynamic.stdout.contains("soname: [libqi_runtime.so.1]") {
        report.pass();
    } else {
        report.fail("the name that programs remember", dynamic.stdout);
    }
    Ok(())
}

/// The names in what nm says, sorted, without that of the version itself.
fn exported(listed: &str) -> Vec<String> {
    let rows = listed.lines().filter_map(|line| line.split_whitespace().nth(2).zip(Some(line)));
    let symbols = rows.filter(|(_, line)| !line.contains(" A "));
    let names = symbols.map(|(name, _)| name.split('@').next().unwrap_or(name).to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The prefix is told, and files lie below it and the DESTDIR; what is installed has the language, too.
fn prefixes(
    context: &Context,
    profile: String,
    base: &Path,
    report: &mut Report,
) -> anyhow::Result<Built> {
    let staged = Wishes {
        prefix: Some(PREFIX.to_owned()),
        destdir: Some(base.join("stage")),
        language: true,
        ..Wishes::here(profile)
    };
    let built = dist::build(context, &staged, &base.join("prefixed"))?;
    let at = dist::place(&staged);
    dist::install(&built, &at)?;
    let headers = ["include/qi_runtime.h", "include/qi_language.h"];
    for file in headers.into_iter().chain(["lib/libqi_runtime.so", built.flavour.shared]) {
        let path = base.join("stage/opt/qi").join(file);
        if path.exists() {
            report.pass();
        } else {
            report.fail(format!("{} is not there", path.display()), "");
        }
    }
    let found = fs::read_to_string(at.join("lib/pkgconfig/qi-runtime.pc"))?;
    if found.contains(&format!("prefix={PREFIX}\n")) {
        report.pass();
    } else {
        report.fail("the prefix is not told", found);
    }
    Ok(built)
}

/// What pkg-config answers.
fn asked(context: &Context, built: &Built, what: &str) -> anyhow::Result<Vec<String>> {
    let job = context.job(STEP, "pkg-config").args(&[what, "qi-runtime"]);
    let job = job.env("PKG_CONFIG_PATH", built.root.join("lib/pkgconfig"));
    let answer = job.split_stdout().run()?;
    anyhow::ensure!(answer.end.is_success(), "pkg-config {what}: {}", tail(&answer.output));
    Ok(answer.stdout.split_whitespace().map(str::to_owned).collect())
}

/// Every program in C is built and run with both libraries, found by pkg-config.
fn programs(
    context: &Context,
    built: &Built,
    base: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    if !process::exists("pkg-config") {
        report.skip("pkg-config is not installed (cargo xtask setup)");
        return Ok(());
    }
    let ask = |what| asked(context, built, what);
    let dynamic = ask("--libs")?;
    let fixed = [ask("--variable=static_library")?, ask("--variable=static_needs")?].concat();
    let flags = ask("--cflags")?;
    for source in sources(context)? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (way, libraries) in [("shared", &dynamic), ("static", &fixed)] {
            let program = base.join(format!("{name}-{way}"));
            let job =
                context.job(STEP, "cc").args(&["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"]);
            let job = job.args(&flags).args(&[&source]).args(libraries).args(&["-lpthread", "-o"]);
            let compiled = job.args(&[&program]).run()?;
            if !compiled.end.is_success() {
                report.fail(format!("{name}, {way}: {}", compiled.end), tail(&compiled.output));
                continue;
            }
            let job = with_library(context, built, &program);
            judge(&format!("{name}, {way}"), job, FINE, report)?;
        }
    }
    Ok(())
}

/// The programs of the ABI's own tests, which print one word.
fn sources(context: &Context) -> anyhow::Result<Vec<PathBuf>> {
    let folder = context.root.join(PACKAGE).join("tests/c");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|it| it.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "c"));
    paths.sort();
    Ok(paths)
}

/// A program that finds the shared library.
fn with_library(context: &Context, built: &Built, program: &Path) -> Job {
    let job = context.job(STEP, program).env("LD_LIBRARY_PATH", built.root.join("lib"));
    job.split_stdout().within(LIMIT)
}

fn judge(what: &str, job: Job, wanted: &str, report: &mut Report) -> anyhow::Result<()> {
    let finished = job.run()?;
    if finished.end.is_success() && finished.stdout == wanted {
        report.pass();
    } else {
        let said = format!("{}\n{}", finished.stdout, tail(&finished.output));
        report.fail(format!("{what}: {}", finished.end), said);
    }
    Ok(())
}

/// A project of CMake finds both libraries, and its programs run.
fn cmake(context: &Context, built: &Built, base: &Path, report: &mut Report) -> anyhow::Result<()> {
    if !process::exists("cmake") {
        report.skip("cmake is not installed (cargo xtask setup)");
        return Ok(());
    }
    let (source, out) = (context.root.join(PACKAGE).join("tests/cmake"), base.join("cmake"));
    let mut prefix = OsString::from("-DCMAKE_PREFIX_PATH=");
    prefix.push(&built.root);
    let configure = context.job(STEP, "cmake").args(&[Path::new("-S"), &source]).args(&["-B"]);
    report.judge("cmake", &configure.args(&[&out]).args(&[prefix]).run()?);
    let make = context.job(STEP, "cmake").args(&["--build"]).args(&[&out]);
    report.judge("cmake --build", &make.run()?);
    for program in ["embedding_shared", "embedding_static"] {
        // No search path: CMake has told the program where the library lies.
        let job = context.job(STEP, out.join(program)).split_stdout().within(LIMIT);
        judge(program, job, EMBEDDED, report)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_without_their_version_and_the_version_is_none() {
        let listed =
            "0000 A QI_1\n0010 T qi_yield@@QI_1\n0020 T qi_init@@QI_1\n                 U x\n";
        assert_eq!(exported(listed), ["qi_init", "qi_yield"]);
    }
}
