//! The libraries for 64-bit Windows: what the shared one exports, and the programs in C with each of them,
//! under wine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::context::Context;
use crate::dist::{self, Built, Wishes};
use crate::process;
use crate::report::{Report, tail};
use crate::step::windows::{LINKER, WINE, WINESERVER, keep_server, missing, prepare, wine};

/// Where commands of this file write what they say.
const STEP: &str = "dist-windows";

const TARGET: &str = "x86_64-pc-windows-gnu";

/// The program that tells what a library exports.
const OBJDUMP: &str = "x86_64-w64-mingw32-objdump";

/// A program waits for nothing that takes this long, wine's own beginning included.
const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if let Some(what) = missing() {
        let why = format!("{what} is not installed (cargo xtask setup --for windows)");
        return Ok(Report::skipped(why));
    }
    if !has_target(context)? {
        return Ok(Report::skipped(format!("rustup target add {TARGET}")));
    }
    let base = context.target.join("xtask-dist-windows");
    let profile = context.options.profile.clone().unwrap_or_else(|| "release".to_owned());
    let wishes = Wishes { target: Some(TARGET.to_owned()), ..Wishes::here(profile) };
    let built = dist::build(context, &wishes, &base)?;
    let mut report = Report::default();
    exports(context, &built, &mut report)?;
    let prefix = context.target.join("xtask-windows/wine");
    prepare(context, &prefix)?;
    let end_server = || wine(context, &prefix, WINESERVER).args(&["-k"]).run();
    // Whatever server still runs would not wait for our programs.
    let _ = end_server();
    let tested = programs(context, &built, &prefix, &mut report);
    let _ = end_server();
    tested.map(|()| report)
}

fn has_target(context: &Context) -> anyhow::Result<bool> {
    let asked = context.job(STEP, "rustup").args(&["target", "list", "--installed"]);
    let asked = asked.split_stdout().run()?;
    Ok(asked.stdout.lines().any(|line| line == TARGET))
}

/// The shared library exports the functions of the header, and nothing else.
fn exports(context: &Context, built: &Built, report: &mut Report) -> anyhow::Result<()> {
    if !process::exists(OBJDUMP) {
        report.skip(format!("{OBJDUMP} is not installed"));
        return Ok(());
    }
    let listed = context.job(STEP, OBJDUMP).args(&["-p"]);
    let listed = listed.args(&[built.root.join(built.flavour.shared)]).split_stdout().run()?;
    let (found, mut wanted) = (exported(&listed.stdout), built.exports.clone());
    wanted.sort();
    if found == wanted {
        report.pass();
    } else {
        report.fail("what is exported", format!("found: {found:?}\nwanted: {wanted:?}"));
    }
    Ok(())
}

/// The names in objdump's table of exports, sorted.
fn exported(listed: &str) -> Vec<String> {
    let table = listed.split("[Ordinal/Name Pointer] Table").nth(1).unwrap_or_default();
    let rows = table.lines().skip(1).take_while(|line| line.trim_start().starts_with('['));
    let names = rows.filter_map(|line| line.split_whitespace().last());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// Every program in C is built with both libraries and run.
fn programs(
    context: &Context,
    built: &Built,
    prefix: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let lib = built.root.join("lib");
    let shared = [lib.join("libqi_runtime.dll.a")];
    let fixed = [lib.join(built.flavour.archive)];
    // The library is found beside the program.
    let folder = built.root.join("bin");
    for source in super::sources(context)? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (way, libraries) in [("shared", &shared), ("static", &fixed)] {
            let program = folder.join(format!("{name}-{way}.exe"));
            let job = context.job(STEP, LINKER).args(&["-std=gnu11", "-O1", "-Wall", "-Wextra"]);
            let job = job.args(&["-Werror", "-static-libgcc", "-I"]);
            let job = job.args(&[built.root.join("include")]).args(&[&source]).args(libraries);
            let made = job.args(&built.native).args(&["-o"]).args(&[&program]).run()?;
            if !made.end.is_success() {
                report.fail(format!("{name}, {way}: {}", made.end), tail(&made.output));
                continue;
            }
            keep_server(context, prefix);
            let job = wine(context, prefix, WINE).args(&[&program]).split_stdout().within(LIMIT);
            let ended = job.run()?;
            if ended.end.is_success() && ended.stdout.replace('\r', "") == super::FINE {
                report.pass();
            } else {
                let said = format!("{}\n{}", ended.stdout, tail(&ended.output));
                report.fail(format!("{name}, {way}: {}", ended.end), said);
            }
            // What programs leave is in the way of nobody, but large.
            let _ = fs::remove_file(&program);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_names_are_those_of_the_table() {
        let listed =
            "x\n[Ordinal/Name Pointer] Table\n\t[   0] qi_yield\n\t[   1] qi_init\n\nmore [2] x";
        assert_eq!(exported(listed), ["qi_init", "qi_yield"]);
    }
}
