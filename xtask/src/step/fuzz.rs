//! Fuzzes the bodies of `fuzz/` with libFuzzer, after each has found a fault that was planted for it.
//!
//! Protocol: the toolchain that started xtask builds the programs, with counters of coverage and with
//! AddressSanitizer, into a target directory of their own; libFuzzer is compiled along with them, so that
//! nothing but a C++ compiler has to be installed. What a run learns stays in `target/xtask/fuzz`, beside the
//! committed inputs, and the next run goes on from there. A finding is a file there, which
//! `cargo run -p qi-fuzz --bin fuzz_NAME -- FILE` runs once more.
//!
//! `--minimise` learns nothing more: of all that was learnt it keeps as few inputs as cover as much, in the place of
//! the committed ones that it had made before. Inputs with a name that somebody gave them stay.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use regex_lite::Regex;

use crate::catalogue::fuzzed::{FUZZED, Fuzzed};
use crate::context::Context;
use crate::mutant;
use crate::process;
use crate::report::{Report, tail};
use crate::workspace::executables;

const STEP: &str = "fuzz";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What makes a build one that libFuzzer can steer and that notices what goes wrong.
const FLAGS: &str = "--cfg fuzzing --cfg qi_asan -Zsanitizer=address -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Leaks are LeakSanitizer's business, and the bodies count what they make. Frames that are kept beyond their
/// functions' return would be kept for each coroutine, and fill the memory.
const OPTIONS: &str = "detect_leaks=0:detect_stack_use_after_return=0";
/// One input may take so many seconds: some hundred calls take milliseconds.
const INPUT_SECONDS: u32 = 25;
/// Bytes of the longest input: a plan has a few hundred steps.
const LONGEST: u32 = 600;
/// Beside the seconds that were asked for: reading the inputs, and ending.
const GRACE: Duration = Duration::from_secs(120);
/// Reading all that was ever learnt of a body, several times.
const MERGE_LIMIT: Duration = Duration::from_secs(20 * 60);
/// Bytes of a body's committed inputs at most: a checkout is no archive.
const MOST_BYTES: u64 = 200 * 1024;

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    if let Some(why) = cannot() {
        return Ok(Report::skipped(why));
    }
    let mut report = Report::default();
    let minimises = context.options.fuzz_minimise;
    for row in wanted(context).filter(|_| !minimises) {
        find(context, &mut report, row)?;
    }
    let programs = match build(context)? {
        Ok(programs) => programs,
        Err(output) => return Ok(Report::failed("the fuzzing programs do not build", output)),
    };
    for row in wanted(context) {
        let name = format!("fuzz_{}", row.body);
        match programs.iter().find(|(program, _)| *program == name) {
            Some((_, path)) if minimises => minimise(context, &mut report, row, path)?,
            Some((_, path)) => fuzz(context, &mut report, row, path)?,
            None => report.fail(format!("{name} was not built"), ""),
        }
    }
    Ok(report)
}

fn cannot() -> Option<String> {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    if (arch, os) != ("x86_64", "linux") {
        return Some(format!("it runs on x86_64 Linux, not {arch} {os}"));
    }
    (!process::exists("c++")).then(|| "there is no C++ compiler, for libFuzzer".to_owned())
}

fn wanted(context: &Context) -> impl Iterator<Item = &'static Fuzzed> {
    let only = context.options.fuzz_body.as_deref();
    FUZZED.iter().filter(move |row| only.is_none_or(|name| name == row.body))
}

/// Plants a fault, which the random inputs of the ordinary test must find.
fn find(context: &Context, report: &mut Report, row: &Fuzzed) -> anyhow::Result<()> {
    let wrapper = mutant::wrapper(&context.target.join("xtask"), row.mutant)?;
    let wrapper = wrapper.to_str().context("the target directory has a name that is not text")?;
    let args = ["test", "--package", "qi-fuzz", "--test", "bodies", "--", "--exact", row.test];
    let job = context.cargo(STEP, &args).env("RUSTC_WORKSPACE_WRAPPER", wrapper);
    let finished = job.run()?;
    if !finished.end.is_success()
        && finished.output.contains(&format!("{} panicked with", row.body))
    {
        report.pass();
        report.note(format!("{}: {} was found", row.body, row.mutant));
    } else {
        let what = format!("{}: {} ({}) was not found", row.body, row.mutant, row.about);
        report.fail(what, tail(&finished.output));
    }
    Ok(())
}

/// The programs, by name; or what the compiler said.
fn build(context: &Context) -> anyhow::Result<Result<Vec<(String, String)>, String>> {
    let folder = context.target.join("xtask-fuzz");
    let folder = folder.to_str().context("the target directory has a name that is not text")?;
    let mut args = vec!["build", "--package", "qi-fuzz", "--release", "--target", TARGET];
    args.extend(["--target-dir", folder, "--message-format=json-render-diagnostics"]);
    let names: Vec<String> = wanted(context).map(|row| format!("fuzz_{}", row.body)).collect();
    names.iter().for_each(|name| args.extend(["--bin", name]));
    let job = context.cargo(STEP, &args).without_env("CARGO_ENCODED_RUSTFLAGS").split_stdout();
    let job = job.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS);
    let finished = job.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true").run()?;
    if finished.end.is_success() {
        Ok(Ok(executables(&finished.stdout)))
    } else {
        Ok(Err(tail(&finished.output)))
    }
}

/// Where what was learnt of a body lies.
fn learnt(context: &Context, row: &Fuzzed) -> anyhow::Result<String> {
    let folder = context.target.join("xtask").join(STEP).join(row.body);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let folder = folder.to_str().context("the target directory has a name that is not text")?;
    Ok(folder.to_owned())
}

fn fuzz(context: &Context, report: &mut Report, row: &Fuzzed, path: &str) -> anyhow::Result<()> {
    let learnt = learnt(context, row)?;
    let committed = format!("fuzz/corpus/{}", row.body);
    let seconds = context.options.fuzz_seconds;
    let args = [
        learnt.clone(),
        committed,
        format!("-max_total_time={seconds}"),
        format!("-timeout={INPUT_SECONDS}"),
        format!("-max_len={LONGEST}"),
        format!("-artifact_prefix={learnt}-"),
        format!("-seed={}", context.options.seed & 0x7fff_ffff),
        "-print_final_stats=1".to_owned(),
    ];
    let job = context.job(STEP, path).args(&args).env("ASAN_OPTIONS", OPTIONS);
    let finished = job.within(Duration::from_secs(seconds) + GRACE).run()?;
    let what = format!("{} for {seconds} s", row.body);
    match executed(&finished.output) {
        Some(inputs) if finished.end.is_success() => {
            report.pass();
            report.note(format!("{what}: {inputs} inputs"));
        }
        _ => report.fail(format!("{what}: {}", finished.end), tail(&finished.output)),
    }
    Ok(())
}

/// Puts what was made before back to what was learnt, and as few of all that as cover as much in its place.
fn minimise(
    context: &Context,
    report: &mut Report,
    row: &Fuzzed,
    path: &str,
) -> anyhow::Result<()> {
    let learnt = learnt(context, row)?;
    let committed = context.root.join("fuzz/corpus").join(row.body);
    for (name, made) in inputs(&committed)? {
        if is_made(&name) {
            std::fs::copy(&made, Path::new(&learnt).join(&name)).context("cannot keep an input")?;
            std::fs::remove_file(&made).context("cannot take an input away")?;
        }
    }
    let into = format!("fuzz/corpus/{}", row.body);
    let args = ["-set_cover_merge=1".to_owned(), into, learnt, format!("-max_len={LONGEST}")];
    let job = context.job(STEP, path).args(&args).env("ASAN_OPTIONS", OPTIONS);
    let finished = job.within(MERGE_LIMIT).run()?;
    let made = inputs(&committed)?;
    let bytes: u64 =
        made.iter().map(|(_, path)| path.metadata().map_or(0, |file| file.len())).sum();
    if !finished.end.is_success() {
        report.fail(format!("{}: {}", row.body, finished.end), tail(&finished.output));
    } else if bytes > MOST_BYTES {
        report.fail(format!("{}: {bytes} bytes are too many to commit", row.body), "");
    } else {
        report.pass();
        report.note(format!("{}: {} inputs, {bytes} bytes", row.body, made.len()));
    }
    Ok(())
}

/// The committed inputs of a body, by name.
fn inputs(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .collect::<Result<Vec<_>, _>>()?;
    let named = |entry: &DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
    Ok(entries.iter().map(named).collect())
}

/// Whether libFuzzer gave the name: the digits of a hash.
fn is_made(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How many inputs libFuzzer says it has run.
fn executed(output: &str) -> Option<u64> {
    let line = Regex::new(r"stat::number_of_executed_units:\s*(\d+)").ok()?;
    line.captures(output)?[1].parse().ok().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_somebody_gave_are_not_those_of_the_fuzzer() {
        assert!(is_made("0e6a5d8e1e2534bc74ce501bec11062626d72acd"));
        assert!(!is_made("begin-40") && !is_made("a-group-at-its-limit"));
    }

    #[test]
    fn committed_inputs_are_few() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        for row in FUZZED {
            let files = inputs(&corpus.join(row.body)).unwrap();
            let bytes: u64 = files.iter().map(|(_, path)| path.metadata().unwrap().len()).sum();
            assert!((1..=MOST_BYTES).contains(&bytes), "{}: {bytes} bytes", row.body);
        }
    }

    #[test]
    fn a_run_without_an_input_does_not_count() {
        assert_eq!(executed("stat::number_of_executed_units: 12\n"), Some(12));
        assert_eq!(executed("stat::number_of_executed_units: 0\n"), None);
        assert_eq!(executed("INFO: Seed: 1\n"), None);
    }

    #[test]
    fn every_body_has_its_program_its_test_and_its_inputs() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        let tests = std::fs::read_to_string(fuzz.join("tests/bodies.rs")).unwrap();
        for row in FUZZED {
            assert!(manifest.contains(&format!("name = \"fuzz_{}\"", row.body)), "{}", row.body);
            assert!(tests.contains(&format!("fn {}()", row.test)), "{}", row.test);
            assert!(fuzz.join("corpus").join(row.body).is_dir(), "{}", row.body);
        }
        assert_eq!(manifest.matches("name = \"fuzz_").count(), FUZZED.len());
    }
}
