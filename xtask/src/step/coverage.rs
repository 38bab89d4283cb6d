//! Which lines and branches of the core crates their tests reach, and which they do not.
//!
//! Protocol: the tests are built with counters, by the toolchain that started xtask, and run as on other
//! platforms (`rig`). The counters lie in files that are mapped, so that a process that ends by a signal has
//! counted too. LLVM's own tools read them; they must be as new as the compiler's LLVM. Tests themselves, and
//! what loom alone runs, are not counted. The table and the list of lines that did not run are written to
//! `target/xtask/coverage.md`.

mod reached;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use self::reached::{File, Share};
use crate::catalogue::layer;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::{Report, tail};
use crate::rig::{PROGRAM_LIMIT, Program, Rig};

const STEP: &str = "coverage";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Crates whose lines must be reached, and how many of a hundred.
const BARS: &[(&str, f64)] = &[("qi-sched", 95.0), ("qi-reactor", 95.0), ("qi-coroutine", 95.0)];

const FLAGS: &str = "-Cinstrument-coverage -Zcoverage-options=branch \
    -Cllvm-args=-runtime-counter-relocation";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if std::env::consts::OS != "linux" || std::env::consts::ARCH != "x86_64" {
        return Ok(Report::skipped("it runs on x86_64 Linux"));
    }
    let Some(tools) = Tools::find(context)? else {
        return Ok(Report::skipped(
            "there is no llvm-cov as new as the compiler (cargo xtask setup --for coverage)",
        ));
    };
    let counters = context.target.join("xtask").join("coverage-counters");
    // What is left of an earlier run would be counted again; that there is none is no error.
    let _ = std::fs::remove_dir_all(&counters);
    std::fs::create_dir_all(&counters)?;
    let pattern = counters.join("%c%p-%m.profraw");
    let programs = RefCell::new(Vec::new());
    let rig = Rig {
        context,
        step: STEP,
        target: TARGET,
        cargo: &|| cargo(context),
        build_args: &[],
        names_lines: false,
        subset: SUBSET,
        exceptions: &[],
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| {
            programs.borrow_mut().push(PathBuf::from(&program.path));
            context.job(STEP, &program.path).env("LLVM_PROFILE_FILE", &pattern)
        },
    };
    let mut report = Report::default();
    rig.test(&mut report)?;
    let files = tools.reached(context, &counters, &programs.into_inner())?;
    let crates = by_crate(context, files);
    std::fs::write(context.target.join("xtask/coverage.md"), written(&crates))?;
    judge(&mut report, &crates, &context.options.packages);
    Ok(report)
}

fn cargo(context: &Context) -> Job {
    let job = context.cargo(STEP, &[]).without_env("CARGO_ENCODED_RUSTFLAGS");
    job.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS)
}

/// LLVM's programs that read counters.
struct Tools {
    profdata: String,
    cov: String,
}

impl Tools {
    /// Those that are as new as the compiler's LLVM.
    fn find(context: &Context) -> anyhow::Result<Option<Tools>> {
        let asked = context.job(STEP, "rustc").args(&["-vV"]).split_stdout().run()?;
        let wanted = major(&asked.stdout).context("rustc does not say which LLVM it has")?;
        let asked = context.job(STEP, "rustc").args(&["--print", "sysroot"]).split_stdout();
        let sysroot = asked.run()?.stdout.trim().to_owned();
        let folders = [
            format!("{sysroot}/lib/rustlib/{TARGET}/bin/"),
            format!("/usr/lib/rustlib/{TARGET}/bin/"),
            format!("/usr/lib/llvm-{wanted}/bin/"),
            String::new(),
        ];
        for folder in folders {
            let (profdata, cov) = (format!("{folder}llvm-profdata"), format!("{folder}llvm-cov"));
            if !process::exists(&cov) || !process::exists(&profdata) {
                continue;
            }
            let said = context.job(STEP, &cov).args(&["--version"]).split_stdout().run()?;
            if major(&said.stdout).is_some_and(|found| found >= wanted) {
                return Ok(Some(Tools { profdata, cov }));
            }
        }
        Ok(None)
    }

    /// Reads the counters of all programs.
    fn reached(
        &self,
        context: &Context,
        counters: &Path,
        programs: &[PathBuf],
    ) -> anyhow::Result<BTreeMap<String, File>> {
        let merged = counters.join("all.profdata");
        let list = counters.join("list");
        let mut names = String::new();
        for entry in std::fs::read_dir(counters)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "profraw") {
                writeln!(names, "{}", path.display())?;
            }
        }
        ensure!(!names.is_empty(), "no program has left counters");
        std::fs::write(&list, names)?;
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path is not text");
        // A process that was killed while it began leaves a file that cannot be read.
        let args =
            ["merge", "-sparse", "-failure-mode=all", "-f", &text(&list)?, "-o", &text(&merged)?];
        let finished = context.job(STEP, &self.profdata).args(&args).run()?;
        ensure!(finished.end.is_success(), "llvm-profdata: {}", tail(&finished.output));
        let mut args = vec!["export".to_owned(), "-format=lcov".to_owned()];
        args.push(format!("-instr-profile={}", text(&merged)?));
        for (index, program) in programs.iter().enumerate() {
            let path = text(program)?;
            args.push(if index == 0 { path } else { format!("-object={path}") });
        }
        let job = context.job(STEP, &self.cov).args(&args).split_stdout();
        let finished = job.run()?;
        ensure!(finished.end.is_success(), "llvm-cov: {}", tail(&finished.output));
        Ok(reached::parse(&finished.stdout))
    }
}

/// The first number of the LLVM that a text names.
fn major(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("LLVM version")?;
    after.trim_start_matches([':', ' ']).split('.').next()?.parse().ok()
}

/// What was reached of each core crate: its files, by their paths in the workspace.
fn by_crate(
    context: &Context,
    files: BTreeMap<String, File>,
) -> BTreeMap<String, BTreeMap<String, File>> {
    let mut crates: BTreeMap<String, BTreeMap<String, File>> = BTreeMap::new();
    let root = format!("{}/", context.root.display());
    for (path, file) in files {
        let Some(inside) = path.strip_prefix(&root) else { continue };
        let Some((package, rest)) = inside.split_once("/src/") else { continue };
        let is_test = rest.ends_with("tests.rs") || rest.contains("tests/");
        let package = package.trim_start_matches("crates/").to_owned();
        if is_test || !layer::core_packages().contains(&package.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap_or_default();
        let file = file.without_tests(&source);
        crates.entry(package).or_default().insert(inside.to_owned(), file);
    }
    crates
}

fn shares(files: &BTreeMap<String, File>) -> (Share, Share) {
    let (mut lines, mut branches) = (Share::default(), Share::default());
    files.values().for_each(|file| file.count(&mut lines, &mut branches));
    (lines, branches)
}

fn written(crates: &BTreeMap<String, BTreeMap<String, File>>) -> String {
    let mut text =
        "| crate | lines | reached | branches | reached |\n|---|---|---|---|---|\n".to_owned();
    for (package, files) in crates {
        let (lines, branches) = shares(files);
        text += &format!(
            "| {package} | {} | {:.1} % | {} | {:.1} % |\n",
            lines.of,
            lines.percent(),
            branches.of,
            branches.percent()
        );
    }
    text += "\nLines that did not run:\n\n";
    for (path, file) in crates.values().flatten() {
        if let Some(missed) = file.missed() {
            let (mut lines, mut branches) = (Share::default(), Share::default());
            file.count(&mut lines, &mut branches);
            text += &format!("- {path} ({:.0} %): {missed}\n", lines.percent());
        }
    }
    text
}

/// `asked`: the packages whose tests ran; all if there are none.
fn judge(report: &mut Report, crates: &BTreeMap<String, BTreeMap<String, File>>, asked: &[String]) {
    for (package, bar) in BARS {
        if !asked.is_empty() && !asked.iter().any(|name| name == package) {
            report.skip(format!("{package}: its tests were not asked for"));
            continue;
        }
        let Some(files) = crates.get(*package) else {
            report.fail(format!("{package}: nothing of it ran"), "");
            continue;
        };
        let (lines, branches) = shares(files);
        let said = format!(
            "{package}: {:.1} % of {} lines, {:.1} % of {} branches",
            lines.percent(),
            lines.of,
            branches.percent(),
            branches.of
        );
        match lines.percent() >= *bar {
            true => {
                report.pass();
                report.note(said);
            }
            false => report.fail(format!("{said}; asked for {bar} % of the lines"), ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_number_is_found_in_what_both_say() {
        assert_eq!(major("release: 1.95.0\nLLVM version: 22.1.2\n"), Some(22));
        assert_eq!(major("Debian LLVM version 16.0.6\n"), Some(16));
        assert_eq!(major("nothing"), None);
    }

    #[test]
    fn a_crate_below_its_bar_fails() {
        let mut file = File::default();
        file.lines.extend((0..100).map(|number| (number, number > 4)));
        let all = |file| BTreeMap::from([("src/a.rs".to_owned(), file)]);
        let mut crates: BTreeMap<_, _> = BARS
            .iter()
            .map(|(package, _)| {
                let mut file = File::default();
                file.lines.insert(1, true);
                ((*package).to_owned(), all(file))
            })
            .collect();
        crates.insert("qi-sched".to_owned(), all(file));
        let mut report = Report::default();
        judge(&mut report, &crates, &[]);
        assert!(report.failures.is_empty(), "95 of 100 lines are enough");
        if let Some(files) = crates.get_mut("qi-sched") {
            let file = files.get_mut("src/a.rs").unwrap();
            file.lines.insert(50, false);
        }
        judge(&mut report, &crates, &[]);
        assert_eq!(report.failures.len(), 1);
        assert!(written(&crates).contains("src/a.rs (94 %): 0-4, 50"));
    }
}
