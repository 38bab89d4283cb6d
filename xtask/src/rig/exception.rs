//! Tests that cannot pass in one way of running, through no fault of this project.

use regex_lite::Regex;

use crate::report::Report;
use crate::rig::Program;

/// In place of a test's path: the whole program is left out.
const WHOLE: &str = "";

/// One test that is left out.
pub(crate) struct Exception {
    pub(crate) package: &'static str,
    /// The file of tests, or the crate's unit tests.
    pub(crate) test: Option<&'static str>,
    /// The test's full path, as the harness prints it.
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
}

impl Exception {
    pub(super) fn is_in(&self, program: &Program) -> bool {
        program.is(self.package, self.test)
    }
}

/// The one that leaves out the whole program, if there is one.
pub(super) fn whole<'a>(exceptions: &[&'a Exception]) -> Option<&'a Exception> {
    exceptions.iter().copied().find(|exception| exception.name == WHOLE)
}

/// What tells the harness to leave them out.
pub(super) fn arguments(exceptions: &[&Exception]) -> Vec<&'static str> {
    let names = exceptions.iter().flat_map(|exception| ["--skip", exception.name]);
    // The harness takes the switch once only.
    let switch = exceptions.first().map(|_| "--exact");
    switch.into_iter().chain(names).collect()
}

/// Counts them as skipped; a name that left nothing out is a failure.
pub(super) fn report(
    report: &mut Report,
    program: &Program,
    exceptions: &[&Exception],
    output: &str,
) {
    // A test may start its own program again and filter for itself.
    if exceptions.is_empty() {
        return;
    }
    for exception in exceptions {
        report.skip(format!("{}: {}: {}", program.label(), exception.name, exception.reason));
    }
    let filtered = Regex::new(r"(?m)^test result: .*; (\d+) filtered out;").expect("constant");
    let last = filtered.captures_iter(output).last();
    let left_out = last.and_then(|found| found[1].parse::<usize>().ok());
    if left_out.is_some_and(|count| count != exceptions.len()) {
        let what = format!("{}: the table of exceptions is out of date", program.label());
        report.fail(what, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Exception = Exception { package: "p", test: Some("t"), name: "a::b", reason: "why" };

    fn output(filtered: usize) -> String {
        format!(
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; {filtered} filtered out; finished"
        )
    }

    #[test]
    fn test_that_is_left_out_is_a_skip_with_its_reason() {
        let mut report = Report::default();
        super::report(&mut report, &Program::default(), &[&A], &output(1));
        assert!(report.failures.is_empty());
        assert!(report.skips[0].ends_with("a::b: why"));
    }

    #[test]
    fn exception_without_a_name_is_for_the_whole_program() {
        const B: Exception = Exception { name: WHOLE, ..A };
        assert!(whole(&[&A]).is_none());
        assert!(whole(&[&A, &B]).is_some_and(|found| found.reason == "why"));
    }

    #[test]
    fn exception_that_matches_no_test_is_a_failure() {
        let mut report = Report::default();
        super::report(&mut report, &Program::default(), &[&A], &output(0));
        assert_eq!(report.failures.len(), 1);
    }

    #[test]
    fn switch_is_given_once_and_each_name_is_skipped() {
        let arguments = arguments(&[&A, &A]);
        assert_eq!(arguments.iter().filter(|argument| **argument == "--exact").count(), 1);
        assert_eq!(arguments.iter().filter(|argument| **argument == "--skip").count(), 2);
        assert!(super::arguments(&[]).is_empty());
    }
}
