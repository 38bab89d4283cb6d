//! Hands the compiler's version to the instrument: instruction counts mean nothing without it.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|out| String::from_utf8(out.stdout).ok())
        .unwrap_or_else(|| "an unnamed compiler".into());
    println!("cargo:rustc-env=QI_BENCH_RUSTC={}", version.trim());
    println!("cargo:rerun-if-changed=build.rs");
}
