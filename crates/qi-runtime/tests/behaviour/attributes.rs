//! The attributes `main` and `test`.

use qi_runtime::time::{Duration, Instant, advance, pause, sleep};
use qi_runtime::{Handle, PanicPolicy};
use std::cell::RefCell;
use std::sync::mpsc;

#[qi_runtime::main]
async fn program_with_defaults() -> usize {
    Handle::current().stats().worker_threads
}

#[qi_runtime::main(
    worker_threads = 1 + 2,
    thread_name = format!("{}-worker", "tea"),
    panic_policy = PanicPolicy::default(),
)]
async fn program_with_options() -> Result<(usize, String), Box<dyn std::error::Error>> {
    let name =
        qi_runtime::spawn(async { std::thread::current().name().unwrap_or_default().to_owned() });
    Ok((Handle::current().stats().worker_threads, name.await?))
}

#[qi_runtime::main(worker_threads = 4096)]
async fn program_that_cannot_start() {}

/// The crate under another name.
mod compiler {
    pub(crate) use qi_runtime as runtime;
}

#[compiler::runtime::main(crate = compiler::runtime, worker_threads = 1)]
async fn program_of_a_compiler() -> u8 {
    qi_runtime::yield_now().await;
    7
}

#[test]
fn main_starts_a_runtime_and_returns_what_the_function_does() {
    assert!(program_with_defaults() >= 1);
    let (workers, name) = program_with_options().expect("the task ends");
    assert_eq!(workers, 3);
    assert!(name.starts_with("tea-worker"), "{name}");
    assert_eq!(program_of_a_compiler(), 7);
    assert!(Handle::try_current().is_err(), "its runtime has gone");
}

#[test]
#[should_panic(expected = "no runtime: worker_threads")]
fn main_says_which_option_is_out_of_range() {
    program_that_cannot_start();
}

#[qi_runtime::test]
async fn a_test_has_one_worker_unless_it_says_otherwise() {
    assert_eq!(Handle::current().stats().worker_threads, 1);
}

#[qi_runtime::test(worker_threads = 3, debug = false)]
async fn a_test_has_the_workers_that_it_asks_for() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(Handle::current().stats().worker_threads, 3);
    assert_eq!(qi_runtime::spawn(async { 7 }).await?, 7);
    Ok(())
}

#[qi_runtime::test(start_paused = true)]
async fn time_passes_at_once_in_a_test_that_starts_paused() {
    let begun = Instant::now();
    sleep(Duration::from_secs(86_400)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(86_400));
}

#[qi_runtime::test]
async fn a_test_may_pause_its_clock_later() {
    pause();
    let begun = Instant::now();
    advance(Duration::from_secs(5)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}

#[qi_runtime::test]
#[should_panic(expected = "cold tea")]
async fn a_panic_of_a_test_is_its_own() {
    sleep(Duration::ZERO).await;
    panic!("cold tea");
}

#[qi_runtime::test(shutdown_timeout = Duration::from_millis(1))]
#[should_panic(expected = "the test is over, but")]
async fn a_test_that_leaves_something_behind_has_failed() {
    thread_local! {
        static TELL: RefCell<Option<mpsc::Sender<()>>> = const { RefCell::new(None) };
    }
    let (tell, told) = mpsc::channel();
    // It is dropped, and so ends the call, when this test's thread ends.
    TELL.with(|kept| kept.replace(Some(tell)));
    let (begin, begun) = mpsc::channel();
    qi_runtime::spawn_blocking(move || {
        begin.send(()).expect("the test waits");
        told.recv().ok();
    });
    qi_runtime::block_in_place(|| begun.recv()).expect("the call begins");
}
