//! `debug: true`: events on standard error, unless the program has a subscriber; and a later
//! global subscriber of the program is still possible.
//!
//! Subscribers are global to a process, so each case runs in one of its own: this program again,
//! told by a variable which part to play.

use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const PART: &str = "QI_TEST_DEBUG_PART";

/// Events that the program's own subscriber saw.
static SEEN: AtomicUsize = AtomicUsize::new(0);

/// A subscriber of the program's own.
struct Counting;

impl Subscriber for Counting {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        SEEN.fetch_add(1, SeqCst);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn play(test: &str, part: &str) -> Output {
    let mut command = qi_test_kit::own_program();
    command.args(["--exact", &format!("debug_log::{test}"), "--nocapture"]).env(PART, part);
    let output = command.output().expect("this program can be started");
    assert!(output.status.success(), "{part}: {output:?}");
    output
}

fn is_part(part: &str) -> bool {
    std::env::var(PART).is_ok_and(|wanted| wanted == part)
}

fn run_a_runtime(debug: bool) {
    let config = AsyncRuntimeConfig { worker_threads: 1, debug, ..Default::default() };
    let runtime = AsyncRuntime::new(config).expect("in range");
    runtime.block_on(runtime.spawn(async {})).expect("it ends");
    runtime.shutdown().expect("nothing runs");
}

#[test]
fn debug_writes_to_standard_error_and_a_later_global_subscriber_is_still_possible() {
    let part = "own";
    if is_part(part) {
        run_a_runtime(true);
        tracing::subscriber::set_global_default(Counting).expect("Qi has taken the global place");
        tracing::info!("the program's own");
        assert_eq!(SEEN.load(SeqCst), 1);
        return;
    }
    let test = "debug_writes_to_standard_error_and_a_later_global_subscriber_is_still_possible";
    let output = play(test, part);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("DEBUG qi_sched"), "nothing was written: {said}");
}

#[test]
fn debug_leaves_the_word_to_a_subscriber_of_the_program() {
    let part = "foreign";
    if is_part(part) {
        tracing::subscriber::set_global_default(Counting).expect("nobody else has set one");
        run_a_runtime(true);
        assert!(SEEN.load(SeqCst) > 0, "the program's subscriber saw nothing");
        return;
    }
    let output = play("debug_leaves_the_word_to_a_subscriber_of_the_program", part);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("qi_sched"), "{said}");
}

#[test]
fn without_debug_nothing_is_written() {
    let part = "silent";
    if is_part(part) {
        return run_a_runtime(false);
    }
    let output = play("without_debug_nothing_is_written", part);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("qi_"), "{said}");
}
