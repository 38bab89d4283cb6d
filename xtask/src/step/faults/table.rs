//! The sweep as a table: what came of each call with each error.

use std::fmt;

use comfy_table::{CellAlignment, presets};

use super::outcome::{Kind, Outcome, Severity};
use super::sweep::Case;

/// The counts of one row.
#[derive(Default)]
struct Row {
    call: &'static str,
    error: &'static str,
    /// The last call that was made to fail.
    last: u64,
    runs: u64,
    /// Runs in which a call failed. The others ended before they came to it.
    injected: u64,
    /// Of these, runs in which nobody was told of an error.
    borne: u64,
    /// Runs in which the runtime returned errors.
    errors: u64,
    aborted: u64,
    hang: u64,
    leak: u64,
    other: u64,
}

/// The rows, in the order in which they were first met.
#[derive(Default)]
pub(super) struct Table(Vec<Row>);

impl Table {
    pub(super) fn add(&mut self, case: &Case, outcome: &Outcome) {
        let Some(fault) = case.fault else { return };
        let (call, error) = (fault.call, case.error);
        let known = self.0.iter().position(|row| row.call == call && row.error == error);
        let index = known.unwrap_or_else(|| {
            self.0.push(Row { call, error, ..Row::default() });
            self.0.len() - 1
        });
        let row = &mut self.0[index];
        row.last = row.last.max(case.from);
        row.runs += 1;
        row.injected += u64::from(outcome.injected > 0);
        match &outcome.severity {
            Severity::Wrong(Kind::Hang, _) => row.hang += 1,
            Severity::Wrong(Kind::Leak, _) => row.leak += 1,
            Severity::Wrong(Kind::Other, _) => row.other += 1,
            Severity::Fine if outcome.injected == 0 => {}
            Severity::Fine if outcome.aborted => row.aborted += 1,
            Severity::Fine if outcome.errors > 0 => row.errors += 1,
            Severity::Fine => row.borne += 1,
        }
    }

    /// The whole in one line.
    pub(super) fn summary(&self) -> String {
        let sum = |count: fn(&Row) -> u64| self.0.iter().map(count).sum::<u64>();
        format!(
            "{} runs, a call failed in {}: {} borne, {} with clean errors, {} aborted by std, {} \
             hangs, {} leaks",
            sum(|row| row.runs),
            sum(|row| row.injected),
            sum(|row| row.borne),
            sum(|row| row.errors),
            sum(|row| row.aborted),
            sum(|row| row.hang),
            sum(|row| row.leak),
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header([
            "call",
            "error",
            "n up to",
            "runs",
            "injected",
            "borne",
            "clean errors",
            "aborted by std",
            "hang",
            "leak",
            "other",
        ]);
        for row in &self.0 {
            let mut cells = vec![row.call.to_owned(), row.error.to_owned()];
            let counts = [row.last, row.runs, row.injected, row.borne, row.errors, row.aborted];
            let faults = [row.hang, row.leak, row.other];
            cells.extend(counts.iter().chain(&faults).map(u64::to_string));
            table.add_row(cells);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.fmt(f)
    }
}
