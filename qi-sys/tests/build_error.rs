//! Without a C compiler the build says what is missing and how to get it.
#![forbid(unsafe_code)]

#[path = "support/skip.rs"]
mod skip;

use std::env;
use std::path::Path;
use std::process::Command;

/// Builds this crate in a target folder of its own with `CC` set, and returns what Cargo printed.
fn build_with(cc: &str) -> String {
    let mut command = Command::new(env!("CARGO"));
    // The likes of CC_x86_64_unknown_linux_gnu and HOST_CC count before CC.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CC_") || name.ends_with("_CC")) {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["build", "--lib", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_error"))
        .env("CC", cc)
        .env("CARGO_TERM_COLOR", "never")
        .env("RUST_BACKTRACE", "1")
        .output()
        .expect("Cargo starts");
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "built without a compiler: {messages}");
    messages
}

#[test]
fn a_missing_c_compiler_is_named_with_the_remedies_and_no_backtrace() {
    if skip::IS_CROSS {
        return skip::skip("the build error without a compiler", "built for another machine");
    }
    let messages = build_with("/nonexistent/cc");
    for part in [
        "no C compiler was found",
        "`/nonexistent/cc` cannot be started",
        "CC=/nonexistent/cc",
        "apt install gcc",
        "dnf install gcc",
        "xcode-select --install",
        "Build Tools",
        "variable CC",
    ] {
        assert!(messages.contains(part), "{part:?} is not in:\n{messages}");
    }
    for part in ["panicked", "backtrace", "build.rs:"] {
        assert!(!messages.contains(part), "{part:?} is in:\n{messages}");
    }
}
