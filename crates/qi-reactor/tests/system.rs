//! Bad days of a Linux system: no descriptors left, and a process that is stopped while it waits.
// (With mio's poll(2) backend the calls, and what they need, are others.)
#![cfg(all(target_os = "linux", not(mio_unsupported_force_poll_poll)))]

use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use qi_reactor::{Reactor, ReactorError};

/// Set in a child process that is to run one test's inner part.
const INNER: &str = "QI_REACTOR_TEST_INNER";

/// Opens descriptors until the system refuses one.
fn take_all() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// Runs one test of this binary again, with few descriptors.
fn run_inner(test: &str) {
    let mut own = qi_test_kit::own_program();
    own.args(["--exact", test, "--test-threads", "1"]);
    let status = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(own.get_program())
        .args(own.get_args())
        .env(INNER, "1")
        .status()
        .expect("there is a shell");
    assert!(status.success(), "the inner part of {test} failed");
}

#[test]
fn a_refused_descriptor_at_start_is_an_error_that_names_the_call_and_leaks_nothing() {
    if std::env::var_os(INNER).is_none() {
        return run_inner(
            "a_refused_descriptor_at_start_is_an_error_that_names_the_call_and_leaks_nothing",
        );
    }
    let mut taken = take_all();
    for free in 0..=4 {
        let built = Reactor::new(1);
        let named = match &built {
            Err(ReactorError::CreateQueue(_)) => 0,
            Err(ReactorError::ShareQueue(_)) => 1,
            Err(ReactorError::CreateWaker(_)) => 2,
            Err(ReactorError::CreateTimer(_)) => 3,
            Ok(_) => 4,
            Err(other) => panic!("with {free} descriptors: {other:?}"),
        };
        assert_eq!(named, free, "with {free} descriptors: {built:?}");
        drop(built);
        assert_eq!(take_all().len(), free, "all descriptors are given back");
        drop(taken.pop());
    }
    // The second shard fails: the first is given back, too.
    assert_eq!(take_all().len(), 5);
    assert!(matches!(Reactor::new(2), Err(ReactorError::ShareQueue(_))));
    assert_eq!(take_all().len(), 5);
}

#[test]
fn a_process_that_is_stopped_and_continued_goes_on_waiting() {
    let reactor = Arc::new(Reactor::new(1).expect("a reactor"));
    let parker = thread::spawn({
        let reactor = Arc::clone(&reactor);
        move || {
            while reactor.stats(0).timers_fired == 0 {
                reactor.park(0);
            }
        }
    });
    while reactor.stats(0).parks == 0 {
        thread::yield_now();
    }
    // Stopping and continuing interrupts epoll_wait (signal(7)).
    let pid = std::process::id();
    let status = Command::new("sh")
        .args(["-c", &format!("kill -STOP {pid}; kill -CONT {pid}")])
        .status()
        .expect("there is a shell");
    assert!(status.success());
    let deadline = reactor.now();
    reactor.set_timer(0, deadline, std::task::Waker::noop().clone()).expect("it is open");
    parker.join().expect("parking does not panic");
    assert_eq!(reactor.stats(0).failed_turns, 0, "an interruption is no failure");
}
