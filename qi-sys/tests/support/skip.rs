//! For tests: says aloud that a check did not run, and why.
#![forbid(unsafe_code)]

use std::env;
use std::io::Write;

/// Set to 1 in this project's own checks: what cannot be checked is a failure.
const STRICT: &str = "QI_SYS_STRICT";

/// Whether the tests were built for another machine than the one that built them. They may run
/// there under an emulator, but what they start would not.
pub(crate) const IS_CROSS: bool = matches!(env!("QI_SYS_IS_CROSS").as_bytes(), b"true");

/// Reports that a check is left out.
pub(crate) fn skip(check: &str, reason: &str) {
    assert_ne!(env::var(STRICT).as_deref(), Ok("1"), "{check} could not be checked: {reason}");
    // Written past the test harness, which would keep it to itself.
    writeln!(std::io::stderr(), "SKIPPED {check}: {reason}")
        .expect("standard error can be written");
}
