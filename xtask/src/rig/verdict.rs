//! What one test program says, as counted checks; a program that hung or crashed is told with the
//! tests that had not ended.

use crate::libtest;
use crate::process::Finished;
use crate::report::{Report, tail};
use crate::rig::Program;

/// How many tests are named when a program did not come to its end.
const NAMED: usize = 3;

/// Counts a program that came to its end; `false` if it did not report.
pub(super) fn judge(report: &mut Report, program: &Program, finished: &Finished) -> bool {
    let counts = libtest::counts(&finished.output);
    let nothing = counts.passed + counts.failed + counts.ignored == 0;
    if counts.programs == 0 {
        return false;
    }
    if !nothing || !finished.end.is_success() {
        libtest::judge(report, &program.label(), finished);
    } else if program.is_test_file() && finished.output.contains(" 0 filtered out;") {
        report.skip(format!("{}: it has no test for this target", program.label()));
    }
    true
}

/// Counts a program that ended before it reported. `list` is what it answers to `--list`.
pub(super) fn judge_unfinished(
    report: &mut Report,
    program: &Program,
    finished: &Finished,
    list: &str,
) {
    report.passed += ended(&finished.output).filter(|(_, result)| *result == "ok").count();
    let names = suspects(&finished.output, list);
    let mut named = names.iter().take(NAMED).map(|name| (*name).to_owned()).collect::<Vec<_>>();
    if names.len() > NAMED {
        named.push(format!("or one of {} more", names.len() - NAMED));
    }
    let label = program.label();
    let what = match named.is_empty() {
        true => format!("{label}: {}, before any test ended", finished.end),
        false => format!("{label}: {}, in {}", finished.end, named.join(", ")),
    };
    report.fail(what, tail(&finished.output));
}

/// The tests that may be to blame: those of which the harness said that they take long; else all
/// that are listed and have not ended.
fn suspects<'a>(output: &'a str, list: &'a str) -> Vec<&'a str> {
    let over = |name: &str| ended(output).any(|(other, _)| other == name);
    let slow = output.lines().filter_map(|line| {
        line.strip_prefix("test ")?.split_once(" has been running for over ").map(|(name, _)| name)
    });
    let slow: Vec<&str> = slow.filter(|name| !over(name)).collect();
    if !slow.is_empty() {
        return slow;
    }
    let listed = list.lines().filter_map(|line| line.trim_end().strip_suffix(": test"));
    listed.filter(|name| !over(name)).collect()
}

/// The tests that ended, with their result.
fn ended(output: &str) -> impl Iterator<Item = (&str, &str)> {
    output.lines().filter_map(|line| {
        let (name, result) = line.trim_end().strip_prefix("test ")?.split_once(" ... ")?;
        Some((name, result)).filter(|(_, result)| !result.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::End;
    use std::process::ExitStatus;
    use std::time::Duration;

    const LIST: &str = "a: test\nb: test\nc::d: test\n";

    fn program(kind: &str) -> Program {
        let (package, name) = ("p".to_owned(), "net".to_owned());
        Program { package, kind: kind.into(), name, ..Program::default() }
    }

    fn finished(end: End, output: &str) -> Finished {
        Finished { end, output: output.into(), stdout: String::new() }
    }

    fn hung(output: &str) -> Finished {
        finished(End::TimedOut(Duration::from_secs(9)), output)
    }

    #[test]
    fn hanging_program_names_itself_and_the_test_that_runs_long() {
        let output = "test a ... ok\ntest b has been running for over 60 seconds\n\
            test c::d has been running for over 60 seconds\ntest c::d ... ok\n";
        let mut report = Report::default();
        assert!(!judge(&mut report, &program("test"), &hung(output)));
        judge_unfinished(&mut report, &program("test"), &hung(output), LIST);
        assert_eq!((report.passed, report.failures.len()), (2, 1));
        assert_eq!(report.failures[0].what, "p/net: killed after its limit of 9 s, in b");
    }

    #[test]
    fn crashed_program_names_the_tests_that_had_not_ended() {
        let mut report = Report::default();
        let output = "test a ... ok\ntest c::d ... FAILED\n";
        judge_unfinished(&mut report, &program("lib"), &hung(output), LIST);
        assert!(report.failures[0].what.ends_with(", in b"), "{}", report.failures[0].what);
        assert_eq!(report.passed, 1);
    }

    #[test]
    fn program_that_cannot_even_start_has_failed() {
        let mut report = Report::default();
        judge_unfinished(&mut report, &program("lib"), &hung(""), "");
        assert!(report.failures[0].what.contains("before any test ended"));
    }

    #[test]
    fn file_without_tests_for_the_target_is_a_skip() {
        let text = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out;";
        let end = End::Exited(ExitStatus::default());
        let mut report = Report::default();
        assert!(judge(&mut report, &program("test"), &finished(end, text)));
        assert!(judge(&mut report, &program("lib"), &finished(end, text)));
        assert_eq!((report.passed, report.failures.len(), report.skips.len()), (0, 0, 1));
    }

    #[test]
    fn program_that_reports_success_and_ends_badly_has_failed() {
        let text = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out;";
        let mut report = Report::default();
        assert!(judge(&mut report, &program("test"), &hung(text)));
        assert_eq!((report.passed, report.failures.len()), (2, 1));
        // A sanitizer speaks at the end, and a program without tests can fail so, too.
        let text = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out;";
        assert!(judge(&mut report, &program("lib"), &hung(text)));
        assert_eq!(report.failures.len(), 2);
    }
}
