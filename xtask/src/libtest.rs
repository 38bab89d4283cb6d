//! Reads the counts and the names of failed tests from what the standard test harness prints.

use regex_lite::Regex;

use crate::process::Finished;
use crate::report::{Report, tail};

/// What the harness counted, summed over all test programs of one command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    /// Programs that reported, whatever they ran.
    pub(crate) programs: usize,
}

/// Sums the `test result:` lines.
pub(crate) fn counts(output: &str) -> Counts {
    let line = Regex::new(
        r"(?m)^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; ",
    )
    .expect("the pattern is constant");
    let mut sum = Counts::default();
    for found in line.captures_iter(output) {
        // A number that does not fit cannot come from the harness.
        let number = |i: usize| found[i].parse::<usize>().unwrap_or(usize::MAX);
        sum.passed += number(1);
        sum.failed += number(2);
        sum.ignored += number(3);
        sum.programs += 1;
    }
    sum
}

/// The names of failed tests, from the harness's list before each result line.
pub(crate) fn failed_names(output: &str) -> Vec<String> {
    let (mut names, mut list) = (Vec::new(), Vec::new());
    let mut listing = false;
    for line in output.lines() {
        if line == "failures:" {
            // The list is the last of several: before it the harness, or a test, may say the same.
            list.clear();
            listing = true;
        } else if line.starts_with("test result:") {
            names.append(&mut list);
        } else if listing {
            match line.strip_prefix("    ") {
                Some(name) => list.push(name.to_owned()),
                None => listing = false,
            }
        }
    }
    names
}

/// What tests left out: a test that cannot check something writes `SKIPPED CHECK: REASON`.
fn skipped(output: &str) -> Vec<String> {
    // With one thread the harness has begun the line already.
    let line = Regex::new(r"(?m)(?:^|\.\.\. )SKIPPED (.+)$").expect("the pattern is constant");
    line.captures_iter(output).map(|found| found[1].trim().to_owned()).collect()
}

/// Turns a finished test command into counted checks.
///
/// A command in which no test ran has failed, and so has one that ended badly while its tests
/// claim to have passed (it did not compile, or a program crashed before it could report).
pub(crate) fn judge(report: &mut Report, what: &str, finished: &Finished) {
    let counts = counts(&finished.output);
    report.passed += counts.passed;
    let names = failed_names(&finished.output);
    for index in 0..counts.failed {
        let name = names.get(index).map_or("a test without a name", String::as_str);
        let output = if index == 0 { tail(&finished.output) } else { String::new() };
        report.fail(format!("{what}: {name}"), output);
    }
    if counts.failed == 0 && !finished.end.is_success() {
        report.fail(format!("{what}: {}", finished.end), tail(&finished.output));
    } else if counts.passed + counts.failed == 0 {
        report.fail(format!("{what}: no test ran"), tail(&finished.output));
    }
    for reason in skipped(&finished.output) {
        // The harness took the test that returned early for one that passed.
        report.passed = report.passed.saturating_sub(1);
        report.skip(format!("{what}: {reason}"));
    }
    for _ in 0..counts.ignored {
        report.skip(format!("{what}: a test or a documentation example is marked as ignored"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::End;
    use std::time::Duration;

    const TWO_PROGRAMS: &str = "\
running 2 tests
test a ... ok
test b ... FAILED

failures:

---- b stdout ----
thread 'b' panicked at src/lib.rs:1:1:
    indented text of the test
failures:
    not::a::name

failures:
    b

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 4 filtered out; finished in 1.20s
";

    fn finished(success: bool, output: &str) -> Finished {
        // A status cannot be made by hand on every platform, an end by limit can.
        let end = if success { success_end() } else { End::TimedOut(Duration::from_secs(1)) };
        Finished { end, output: output.into(), stdout: String::new() }
    }

    fn success_end() -> End {
        End::Exited(std::process::ExitStatus::default())
    }

    #[test]
    fn counts_are_summed_over_programs() {
        let expected = Counts { passed: 13, failed: 1, ignored: 3, programs: 2 };
        assert_eq!(counts(TWO_PROGRAMS), expected);
    }

    #[test]
    fn text_that_only_looks_like_a_result_is_not_counted() {
        assert_eq!(counts("x test result: ok. 5 passed; 0 failed; 0 ignored; "), Counts::default());
        assert_eq!(counts(""), Counts::default());
    }

    #[test]
    fn failed_tests_are_named() {
        assert_eq!(failed_names(TWO_PROGRAMS), ["b"]);
        assert!(failed_names("test a ... ok\n").is_empty());
    }

    #[test]
    fn run_without_tests_has_failed_though_cargo_is_content() {
        let mut report = Report::default();
        let text = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out;";
        judge(&mut report, "tests", &finished(true, text));
        assert_eq!(report.failures.len(), 1);
        assert!(report.failures[0].what.contains("no test ran"));
    }

    #[test]
    fn run_that_ends_badly_has_failed_though_its_tests_passed() {
        let mut report = Report::default();
        let text = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out;";
        judge(&mut report, "tests", &finished(false, text));
        assert_eq!((report.passed, report.failures.len()), (5, 1));
    }

    #[test]
    fn test_that_says_it_was_skipped_is_a_skip_and_no_pass() {
        let mut report = Report::default();
        let text = "SKIPPED the header: no compiler\ntest a ... SKIPPED b: c\n\n\
            test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out;";
        judge(&mut report, "tests", &finished(true, text));
        assert_eq!((report.passed, report.failures.len()), (3, 0));
        assert_eq!(report.skips, ["tests: the header: no compiler", "tests: b: c"]);
    }

    #[test]
    fn ignored_tests_are_skips() {
        let mut report = Report::default();
        judge(&mut report, "tests", &finished(false, TWO_PROGRAMS));
        assert_eq!((report.passed, report.failures.len(), report.skips.len()), (13, 1, 3));
    }
}
