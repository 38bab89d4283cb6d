//! Runs the stress programs from one printed seed, in release mode.

use regex_lite::Regex;

use crate::catalogue::stress::{STRESS, Stress};
use crate::context::Context;
use crate::libtest;
use crate::report::Report;
use crate::workspace::Metadata;

const STEP: &str = "stress";

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for wrong in out_of_step(context.metadata()?, STRESS) {
        report.fail(wrong, "");
    }
    let (seed, seconds) = (context.options.seed, context.options.stress_seconds);
    for row in STRESS {
        let args = ["test", "--release", "--package", row.package, "--test", row.test, "--"];
        let args = [&args[..], &["--nocapture", "--test-threads=1"]].concat();
        let job = context.cargo(STEP, &args).env("QI_STRESS_SEED", seed.to_string());
        let finished = job.env("QI_STRESS_SECONDS", seconds.to_string()).run()?;
        libtest::judge(&mut report, row.test, &finished);
        // A program that ignores the seed cannot be replayed, so it must show that it read it.
        match operations(&finished.output, seed) {
            0 => report.fail(format!("{}: no operation done with seed {seed}", row.test), ""),
            done => report.note(format!("{}: {done} operations", row.test)),
        }
    }
    report.note(format!("seed {seed}"));
    if STRESS.is_empty() {
        report.skip("no crate has a stress program yet");
    }
    Ok(report)
}

/// Stress programs without a row, and rows without a program.
fn out_of_step(metadata: &Metadata, rows: &[Stress]) -> Vec<String> {
    let is_stress = |test: &str| test == "stress" || test.starts_with("stress_");
    let has_row = |package: &str, test: &str| {
        rows.iter().any(|row| row.package == package && row.test == test)
    };
    let unknown = metadata
        .targets("test")
        .filter(|(package, test)| is_stress(test) && !has_row(package, test))
        .map(|(package, test)| format!("test {test} of {package} has no row in the table"));
    let absent = rows.iter().filter(|row| !metadata.has_target(row.package, "test", row.test));
    unknown.chain(absent.map(|row| format!("{} has no test {}", row.package, row.test))).collect()
}

/// The operations that the program says it did with this seed.
fn operations(output: &str, seed: u64) -> u64 {
    let line = Regex::new(r"stress: \w+ seed=(\d+) operations=(\d+)").expect("constant pattern");
    let said = line.captures_iter(output).filter(|said| said[1].parse() == Ok(seed));
    said.filter_map(|said| said[2].parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Package, Target};

    #[test]
    fn operations_of_another_seed_do_not_count() {
        let output = "stress: join seed=7 operations=10\nstress: wake seed=8 operations=5\n";
        assert_eq!(operations(output, 7), 10);
        assert_eq!(operations(output, 9), 0);
    }

    #[test]
    fn stress_program_without_a_row_is_named() {
        let target = Target { name: "stress_join".into(), kind: "test".into() };
        let package = Package { name: "p".into(), targets: vec![target], ..Package::default() };
        let metadata = Metadata { packages: vec![package] };
        assert_eq!(out_of_step(&metadata, &[]).len(), 1);
        let row = Stress { package: "p", test: "stress_join" };
        assert!(out_of_step(&metadata, &[row]).is_empty());
        assert_eq!(out_of_step(&metadata, &[Stress { package: "q", test: "stress" }]).len(), 2);
    }
}
