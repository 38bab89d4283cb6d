//! Parts of tests that want a process of their own.
#![forbid(unsafe_code)]

use std::process::{Command, Output};

/// Set in processes that `alone` starts.
const ALONE: &str = "QI_TEST_ALONE";

/// Runs `victim`, the part of the test `name` that wants a process of its own, in one, and shows
/// what became of it to `look`.
pub(crate) fn alone(name: &str, victim: impl FnOnce(), look: impl FnOnce(Output)) {
    if std::env::var_os(ALONE).is_some() {
        return victim();
    }
    let own = std::env::current_exe().unwrap();
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    look(Command::new(own).args(arguments).env(ALONE, "1").output().unwrap());
}

/// A process that must succeed.
pub(crate) fn assert_success(output: Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
}
