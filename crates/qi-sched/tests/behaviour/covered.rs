//! Blocks that could return but lie under others on the same thread: found, counted and named.
#![forbid(unsafe_code)]

use crate::support::{Event, until, watched};
use qi_sched::{Scheduler, TaskHandle};
use std::sync::{Arc, Mutex};

/// Keeps the text of every warning.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!("{field}={value:?} ");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// A scheduler whose threads report to the list.
fn reporting(warnings: &Warnings) -> Scheduler {
    let dispatch = tracing::Dispatch::new(warnings.clone());
    Scheduler::builder()
        .worker_threads(1)
        .stall_threshold(std::time::Duration::from_millis(1))
        .around_thread(move |life| tracing::dispatcher::with_default(&dispatch, life))
        .build()
        .unwrap()
}

/// A task "below" that blocks on the first event, covered by a task "above" that blocks on the
/// second one.
fn stack_two_blocks(scheduler: &Scheduler, below: &Event, above: &Event) -> TaskHandle<()> {
    let handle = scheduler.handle().clone();
    let (below_ready, above_ready) = (below.clone(), above.clone());
    let task = scheduler.handle().task().name("below").spawn(async move {
        let inner_handle = handle.clone();
        let spawned = handle.task().name("above").spawn_local(async move {
            inner_handle.block_on(above_ready.wait());
        });
        drop(spawned.unwrap());
        handle.block_on(below_ready.wait());
    });
    until(|| below.waiting() == 1 && above.waiting() == 1);
    task
}

#[test]
fn a_block_that_is_ready_but_covered_is_reported_with_both_names() {
    watched(|| {
        let (warnings, below, above) = (Warnings::default(), Event::default(), Event::default());
        let scheduler = reporting(&warnings);
        let task = stack_two_blocks(&scheduler, &below, &above);
        assert_eq!(scheduler.stats().covered_blocks, 0, "covered, but not ready");
        below.set();
        until(|| scheduler.stats().covered_blocks == 1);
        until(|| !warnings.0.lock().unwrap().is_empty());
        above.set();
        scheduler.block_on(task).unwrap();
        scheduler.shutdown().unwrap();
        let warnings = warnings.0.lock().unwrap().clone();
        let covered: Vec<_> = warnings.iter().filter(|text| text.contains("covered_by")).collect();
        assert_eq!(covered.len(), 1, "reported once: {warnings:?}");
        let (first, second) = covered[0].split_once("covered_by").unwrap();
        assert!(first.contains("'below'") && second.contains("'above'"), "{covered:?}");
    });
}

#[test]
fn a_block_that_is_covered_but_not_ready_is_not_reported() {
    watched(|| {
        let (warnings, below, above) = (Warnings::default(), Event::default(), Event::default());
        let scheduler = reporting(&warnings);
        let task = stack_two_blocks(&scheduler, &below, &above);
        // Long enough for a report that is not due: another block, which is, has been reported.
        let (other, cover) = (Event::default(), Event::default());
        let reported = reporting(&warnings);
        let due = stack_two_blocks(&reported, &other, &cover);
        other.set();
        until(|| reported.stats().covered_blocks == 1);
        cover.set();
        reported.block_on(due).unwrap();
        assert_eq!(scheduler.stats().covered_blocks, 0);
        above.set();
        until(|| scheduler.stats().completed_tasks == 1);
        below.set();
        scheduler.block_on(task).unwrap();
        assert_eq!(scheduler.stats().covered_blocks, 0, "ready when it was on top again");
    });
}
