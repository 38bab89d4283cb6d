//! The processor count follows the affinity mask, of the thread and of what it starts.
#![cfg(target_os = "linux")]
// Not `forbid`, which the support module could not lift.
#![deny(unsafe_code)]

#[path = "support/affinity.rs"]
mod affinity;
#[path = "support/skip.rs"]
mod skip;

use std::env;
use std::process::Command;
use std::thread;

use qi_sys::cpu_count;

/// Set in the process that a test starts, which then tells its count and ends.
const CHILD: &str = "QI_SYS_TEST_CHILD";

#[test]
fn the_count_is_at_most_the_size_of_the_mask() {
    let mask = affinity::cpus();
    assert!(cpu_count().unwrap().get() <= mask.len(), "{mask:?}");
}

#[test]
fn a_thread_pinned_to_one_processor_counts_one() {
    let all = cpu_count().unwrap();
    let pinned = thread::spawn(|| {
        affinity::pin_to(affinity::cpus()[0]);
        cpu_count().unwrap().get()
    });
    assert_eq!(pinned.join().unwrap(), 1);
    assert_eq!(cpu_count().unwrap(), all, "pinning one thread changed another's count");
}

#[test]
fn a_process_started_by_a_pinned_thread_counts_one() {
    if env::var_os(CHILD).is_some() {
        println!("\ncounted {}", cpu_count().unwrap());
        return;
    }
    if skip::IS_CROSS {
        return skip::skip("the affinity of a child process", "built for another machine");
    }
    let output = thread::spawn(|| {
        affinity::pin_to(*affinity::cpus().last().unwrap());
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_process_started_by_a_pinned_thread_counts_one", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap()
    })
    .join()
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.lines().any(|line| line == "counted 1"), "{text}");
}
