//! What the workload met, printed as it comes and counted for the verdict.

use std::error::Error;
use std::future::Future;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use qi_runtime::time::timeout;

/// Most lines of one kind: a flood of them is found by its count.
const LINES: u64 = 20;

/// The counts. Relaxed throughout: read when no other thread is left.
#[derive(Debug)]
pub(crate) struct Ledger {
    patience: Duration,
    errors: Counted,
    gave_up: Counted,
    overdue: Counted,
    warnings: Counted,
    leaks: Counted,
    wrong: Counted,
    tasks: AtomicU64,
}

/// Things of one kind.
#[derive(Debug)]
struct Counted {
    kind: &'static str,
    count: AtomicU64,
}

impl Counted {
    fn new(kind: &'static str) -> Self {
        Self { kind, count: AtomicU64::new(0) }
    }

    fn add(&self, text: &str) {
        if self.count.fetch_add(1, Relaxed) < LINES {
            println!("{}: {text}", self.kind);
        }
    }

    fn get(&self) -> u64 {
        self.count.load(Relaxed)
    }
}

impl Ledger {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            errors: Counted::new("error"),
            gave_up: Counted::new("gave up"),
            overdue: Counted::new("overdue"),
            warnings: Counted::new("warning"),
            leaks: Counted::new("leak"),
            wrong: Counted::new("wrong"),
            tasks: AtomicU64::new(0),
        }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The runtime returned an error, which must say something.
    pub(crate) fn error(&self, what: &str, error: &(dyn Error + 'static)) {
        let mut text = format!("{what}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        if error.to_string().trim().is_empty() {
            self.wrong(&format!("{what}: an error without words: {error:?}"));
        }
        self.errors.add(&text);
    }

    /// Something was tried several times and left undone.
    pub(crate) fn gave_up(&self, what: &str) {
        self.gave_up.add(what);
    }

    /// Something neither happened nor failed within the patience.
    pub(crate) fn overdue(&self, what: &str) {
        self.overdue.add(what);
    }

    pub(crate) fn has_overdue(&self) -> bool {
        self.overdue.get() > 0
    }

    /// The runtime logged a warning or an error.
    pub(crate) fn warning(&self, text: &str) {
        self.warnings.add(text);
    }

    /// Something was left that should be gone.
    pub(crate) fn leak(&self, text: &str) {
        self.leaks.add(text);
    }

    /// Another promise was broken.
    pub(crate) fn wrong(&self, text: &str) {
        self.wrong.add(text);
    }

    /// Notes a broken promise unless `holds`.
    pub(crate) fn check(&self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.wrong(&text());
        }
    }

    pub(crate) fn add_tasks(&self, count: u64) {
        self.tasks.fetch_add(count, Relaxed);
    }

    /// Waits for a future, with patience.
    pub(crate) async fn within<F: Future>(&self, what: &str, future: F) -> Option<F::Output> {
        let outcome = timeout(self.patience, future).await.ok();
        if outcome.is_none() {
            self.overdue(what);
        }
        outcome
    }

    /// Prints the last line.
    pub(crate) fn verdict(&self) -> ExitCode {
        let (word, code) = match self.leaks.get() + self.wrong.get() {
            0 => ("ok", ExitCode::SUCCESS),
            _ => ("bad", ExitCode::FAILURE),
        };
        println!(
            "verdict: {word} errors={} gave_up={} overdue={} warnings={} leaks={} wrong={} tasks={}",
            self.errors.get(),
            self.gave_up.get(),
            self.overdue.get(),
            self.warnings.get(),
            self.leaks.get(),
            self.wrong.get(),
            self.tasks.load(Relaxed),
        );
        code
    }
}
