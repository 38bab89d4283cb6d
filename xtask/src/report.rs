//! What a step found, how it is counted, and how the counts are shown.
//!
//! The unit is one check: every test that ran counts as one, and so does every question that is
//! not a test (a rule of tidy, a lint run, an example, a model, a mutant). A step that checked
//! nothing has failed.

use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::process::Finished;

/// How many lines of a failed command are shown; the log keeps all.
const TAIL_LINES: usize = 60;
/// How many failures the table names; the text above it names all.
const NAMED_FAILURES: usize = 3;
/// The widest the table's last column may be, so that logs stay readable.
const TABLE_WIDTH: u16 = 118;

/// One check that failed, and what it said.
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) output: String,
}

/// What a step found.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) passed: usize,
    pub(crate) failures: Vec<Failure>,
    /// One reason per check that did not run.
    pub(crate) skips: Vec<String>,
    /// What the table shows beside the counts.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn pass(&mut self) {
        self.passed += 1;
    }

    /// Counts a failure. The first line of `what` names it; further lines belong to its output.
    pub(crate) fn fail(&mut self, what: impl Into<String>, output: impl Into<String>) {
        let (what, output) = (what.into(), output.into());
        let failure = match what.split_once('\n') {
            Some((first, rest)) => {
                Failure { what: first.into(), output: format!("{rest}\n{output}") }
            }
            None => Failure { what, output },
        };
        self.failures.push(failure);
    }

    pub(crate) fn skip(&mut self, reason: impl Into<String>) {
        self.skips.push(reason.into());
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// How many checks there were up to now, whatever became of them.
    pub(crate) fn checks(&self) -> usize {
        self.passed + self.failures.len() + self.skips.len()
    }

    /// Counts one command that must succeed.
    pub(crate) fn judge(&mut self, what: &str, finished: &Finished) {
        if finished.end.is_success() {
            self.pass();
        } else {
            self.fail(format!("{what}: {}", finished.end), tail(&finished.output));
        }
    }

    /// A report of one check that did not run.
    pub(crate) fn skipped(reason: impl Into<String>) -> Report {
        Report { skips: vec![reason.into()], ..Report::default() }
    }

    /// A report of one check that failed.
    pub(crate) fn failed(what: impl Into<String>, output: impl Into<String>) -> Report {
        let mut report = Report::default();
        report.fail(what, output);
        report
    }

    /// Applies the two rules that no step may escape: nothing checked is a failure, and so is
    /// anything skipped when the caller is strict.
    pub(crate) fn close(mut self, strict: bool) -> Report {
        if self.passed == 0 && self.failures.is_empty() && self.skips.is_empty() {
            self.fail("the step checked nothing", "");
        }
        if strict {
            for reason in std::mem::take(&mut self.skips) {
                self.fail(format!("skipped: {reason}"), "");
            }
        }
        self
    }

    fn verdict(&self) -> &'static str {
        match (self.failures.is_empty(), self.passed) {
            (false, _) => "FAILED",
            (true, 0) => "skipped",
            (true, _) => "ok",
        }
    }

    fn detail(&self) -> String {
        let mut parts = self.notes.clone();
        parts.extend(self.failures.iter().take(NAMED_FAILURES).map(|f| f.what.clone()));
        if self.failures.len() > NAMED_FAILURES {
            parts.push(format!("and {} more", self.failures.len() - NAMED_FAILURES));
        }
        parts.extend(self.skips.iter().map(|reason| format!("skipped: {reason}")));
        parts.join("; ")
    }
}

/// A step that has run.
pub(crate) struct Row {
    pub(crate) step: &'static str,
    pub(crate) report: Report,
    pub(crate) took: Duration,
}

impl Row {
    /// The line shown as soon as the step ends.
    pub(crate) fn line(&self) -> String {
        let seconds = self.took.as_secs_f64();
        format!(
            "{:<16} {:<8} {seconds:>7.1} s  {}",
            self.step,
            self.report.verdict(),
            self.report.detail()
        )
    }
}

/// The table of all steps.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_width(TABLE_WIDTH);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["step", "result", "passed", "failed", "skipped", "seconds", "detail"]);
    for row in rows {
        table.add_row([
            row.step.to_owned(),
            row.report.verdict().to_owned(),
            row.report.passed.to_string(),
            row.report.failures.len().to_string(),
            row.report.skips.len().to_string(),
            format!("{:.1}", row.took.as_secs_f64()),
            row.report.detail(),
        ]);
    }
    for column in 2..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// The last line of every run.
pub(crate) fn closing_line(rows: &[Row]) -> String {
    let sum =
        |count: fn(&Report) -> usize| rows.iter().map(|row| count(&row.report)).sum::<usize>();
    let (passed, failed) = (sum(|r| r.passed), sum(|r| r.failures.len()));
    format!("{passed} passed, {failed} failed, {} skipped", sum(|r| r.skips.len()))
}

/// The last lines of `output`.
pub(crate) fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: &'static str, report: Report) -> Row {
        Row { step, report, took: Duration::from_millis(1500) }
    }

    #[test]
    fn step_that_checked_nothing_has_failed() {
        let report = Report::default().close(false);
        assert_eq!(report.failures.len(), 1);
        assert_eq!(report.verdict(), "FAILED");
    }

    #[test]
    fn skip_is_counted_with_its_reason_and_fails_when_strict() {
        let lenient = Report::skipped("no valgrind").close(false);
        assert_eq!((lenient.failures.len(), lenient.skips.len()), (0, 1));
        assert_eq!(lenient.detail(), "skipped: no valgrind");
        let strict = Report::skipped("no valgrind").close(true);
        assert_eq!((strict.failures.len(), strict.skips.len()), (1, 0));
        assert!(strict.detail().contains("no valgrind"));
    }

    #[test]
    fn closing_line_adds_up_the_rows() {
        let mut good = Report { passed: 7, ..Report::default() };
        good.skip("a reason");
        let rows = [row("a", good), row("b", Report::failed("broken", "why"))];
        assert_eq!(closing_line(&rows), "7 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn table_shows_each_step_with_its_result_and_reason() {
        let rows = [
            row("tidy", Report { passed: 3, ..Report::default() }),
            row("leak", Report::skipped("valgrind is not installed")),
            row("docs", Report::failed("a link is broken", "")),
        ];
        let text = table(&rows);
        let line = |step: &str| text.lines().find(|l| l.contains(step)).unwrap().to_owned();
        assert!(line("tidy").contains("ok") && line("tidy").contains("1.5"), "{text}");
        assert!(line("leak").contains("valgrind is not installed"), "{text}");
        assert!(line("docs").contains("FAILED") && line("docs").contains("a link is broken"));
    }

    #[test]
    fn many_failures_are_named_in_part_and_counted_in_full() {
        let mut report = Report::default();
        (0..9).for_each(|i| report.fail(format!("failure-{i}"), ""));
        assert!(report.detail().contains("and 6 more"));
        assert!(!report.detail().contains("failure-3"));
    }

    #[test]
    fn failure_is_named_by_one_line_and_keeps_the_others() {
        let report = Report::failed("it does not compile\nerror: why", "more");
        assert_eq!(report.failures[0].what, "it does not compile");
        assert_eq!(report.failures[0].output, "error: why\nmore");
    }

    #[test]
    fn tail_keeps_the_end() {
        let text: Vec<String> = (0..200).map(|i| i.to_string()).collect();
        let tail = tail(&text.join("\n"));
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("199"));
    }
}
