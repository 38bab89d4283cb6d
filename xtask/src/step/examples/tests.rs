//! Examples that print the wrong thing, end badly or hang; the programs are compiled here.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::context::Options;
use crate::workspace::{Package, Target};

const ROW: Example = Example {
    package: "p",
    name: "fixture",
    args: &[],
    needs: &[],
    output: &["^one$", "two"],
    acts: &[],
    exit_code: 0,
    limit_seconds: 60,
    leak_check: false,
};

fn context() -> Context {
    Context::new(Options::default()).unwrap()
}

/// Compiles `source` and runs it as the example `row`.
fn checked(name: &str, source: &str, row: &Example) -> Report {
    let dir = std::env::temp_dir().join(format!("xtask-example-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let program = compile(&dir, source);
    let limit = Duration::from_secs(row.limit_seconds);
    let job = Job::new(program, &dir, dir.join("log"), limit);
    let mut report = Report::default();
    check(&context(), row, job, &[], &mut report).unwrap();
    std::fs::remove_dir_all(dir).unwrap();
    report
}

fn compile(dir: &Path, source: &str) -> PathBuf {
    let file = dir.join("main.rs");
    std::fs::write(&file, source).unwrap();
    let program = dir.join(format!("fixture{}", std::env::consts::EXE_SUFFIX));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    assert!(Command::new(rustc).arg(&file).arg("-o").arg(&program).status().unwrap().success());
    program
}

#[test]
fn example_that_prints_what_it_must_passes() {
    let report = checked("good", r#"fn main() { println!("one\nthen two") }"#, &ROW);
    assert_eq!((report.passed, report.failures.len()), (1, 0));
}

#[test]
fn example_that_prints_it_in_another_order_fails() {
    let report = checked("order", r#"fn main() { println!("two\none") }"#, &ROW);
    assert_eq!(report.failures.len(), 1);
    assert!(report.failures[0].what.contains("the output lacks `two`"));
}

#[test]
fn example_with_another_exit_code_fails() {
    let source = r#"fn main() { println!("one\ntwo"); std::process::exit(4) }"#;
    let report = checked("code", source, &ROW);
    assert!(report.failures[0].what.contains("expected exit code 0"));
    let row = Example { exit_code: 4, ..ROW };
    assert_eq!(checked("code4", source, &row).passed, 1);
}

#[test]
fn example_that_hangs_is_killed_and_fails() {
    let source = r#"fn main() { println!("one\ntwo"); loop { std::thread::park() } }"#;
    let row = Example { limit_seconds: 1, ..ROW };
    let report = checked("hang", source, &row);
    assert!(report.failures[0].what.contains("killed after its limit of 1 s"));
}

#[test]
fn act_waits_for_its_cue_and_an_example_without_the_cue_fails() {
    let row = Example { acts: &[("never printed", Act::Interrupt)], limit_seconds: 1, ..ROW };
    let source = r#"fn main() { println!("one\ntwo"); loop { std::thread::park() } }"#;
    assert_eq!(checked("cue", source, &row).failures.len(), 1);
}

#[test]
fn example_that_must_be_stopped_is_stopped_or_counted_as_skipped() {
    // The default action of Ctrl-C ends the program without an exit code, so this one fails
    // where it could be asked at all; where it could not, the check is skipped.
    let row = Example { acts: &[("two", Act::Interrupt)], ..ROW };
    let source = r#"fn main() { println!("one\ntwo"); loop { std::thread::park() } }"#;
    let report = checked("stop", source, &row);
    assert_eq!(report.failures.len() + report.skips.len(), 1);
    assert_eq!(report.passed, 0);
}

#[test]
fn example_without_a_row_and_row_without_an_example_are_named() {
    let target = Target { name: "new".into(), kind: "example".into() };
    let package = Package { name: "p".into(), targets: vec![target], ..Package::default() };
    let metadata = Metadata { packages: vec![package] };
    let found = out_of_step(&metadata, &[&[ROW]]);
    assert_eq!(found, ["example new of p has no row in the table", "p has no example fixture"]);
}
