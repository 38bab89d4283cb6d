//! Listens to what the process says by itself: the runtime's log, and panics nobody planned.

use std::fmt;
use std::panic;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::ledger::Ledger;

/// What the one task says that panics on purpose.
pub(crate) const ON_PURPOSE: &str = "on purpose";

/// Counts warnings, errors and panics from now on.
pub(crate) fn begin(ledger: &Arc<Ledger>) {
    // Nobody else in this process sets one.
    let _ = tracing::subscriber::set_global_default(Log(ledger.clone()));
    let ledger = ledger.clone();
    panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&ON_PURPOSE) {
            ledger.wrong(&format!("a panic: {panic}"));
        }
    }));
}

/// A subscriber for warnings and errors.
struct Log(Arc<Ledger>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Levels are ordered by their verbosity.
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.warning(line.0.trim_end());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The fields of one event as a line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0.insert_str(0, &format!("{value:?} ")),
            name => self.0.push_str(&format!("{name}={value:?} ")),
        }
    }
}
