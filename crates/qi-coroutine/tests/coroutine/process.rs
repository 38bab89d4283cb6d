//! Parts of tests that want a process of their own.
#![forbid(unsafe_code)]

use std::process::Output;

/// Set in processes that `alone` starts.
const ALONE: &str = "QI_TEST_ALONE";

/// Runs `victim`, the part of the test `name` that wants a process of its own, in one, and shows
/// what became of it to `look`.
pub(crate) fn alone(name: &str, victim: impl FnOnce(), look: impl FnOnce(Output)) {
    if std::env::var_os(ALONE).is_some() {
        return victim();
    }
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    let mut process = qi_test_kit::own_program();
    process.args(arguments).env(ALONE, "1");
    // A sanitizer handles faults itself unless it is asked not to.
    for options in ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"] {
        let given = std::env::var(options).unwrap_or_default();
        process.env(options, format!("{given}:handle_segv=0:handle_sigbus=0:handle_abort=0"));
    }
    look(process.output().unwrap());
}

/// A process that must succeed.
#[cfg(target_os = "linux")]
pub(crate) fn assert_success(output: Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
}
