//! Decides how coroutines are made: `cfg(qi_fiber)` where corosensei knows how to switch stacks (the
//! same targets as in Cargo.toml), unless `--cfg qi_coroutine_threads` asks for a thread each.
#![forbid(unsafe_code)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(qi_fiber)");
    let is_set = |name: &str| env::var_os(format!("CARGO_CFG_{name}")).is_some();
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let switches = match arch.as_str() {
        "x86_64" => is_set("UNIX") || is_set("WINDOWS"),
        "aarch64" | "riscv64" => is_set("UNIX"),
        _ => false,
    };
    if switches && !is_set("QI_COROUTINE_THREADS") {
        println!("cargo::rustc-cfg=qi_fiber");
    }
}
