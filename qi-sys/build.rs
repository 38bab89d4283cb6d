//! Builds the C side: chooses the platform's files, compiles them, and says plainly what is missing
//! when that cannot be done.
//!
//! Every failure is told by `cargo::error` lines and an ordinary return: Cargo then fails the build
//! and prints those lines alone, where a panic would bury them under a backtrace.
#![forbid(unsafe_code)]

use std::env;
use std::path::Path;

/// Needed on every platform.
const COMMON: &[&str] = &["clock.c", "time_math.c"];

/// Set to 1 in this project's own checks: warnings of the C compiler fail the build. Users do not
/// get that, because a newer compiler may warn of something that today's does not know.
const STRICT: &str = "QI_SYS_STRICT";

fn main() {
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rerun-if-changed=include");
    println!("cargo::rerun-if-env-changed={STRICT}");
    // Read by the tests only.
    println!("cargo::rustc-env=QI_SYS_IS_CROSS={}", is_cross());
    if let Err(message) = compile() {
        for line in message.lines() {
            println!("cargo::error={line}");
        }
        return;
    }
    // Dependents read this as DEP_QI_ASYNC_SYS_INCLUDE.
    println!(
        "cargo::metadata=include={}",
        Path::new(&var("CARGO_MANIFEST_DIR")).join("include").display()
    );
}

/// Cargo sets every variable that this is asked for, so absence reads as empty.
fn var(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Whether this is a build for another machine than the one it runs on.
fn is_cross() -> bool {
    var("HOST") != var("TARGET")
}

fn compile() -> Result<(), String> {
    let target = var("TARGET");
    let platform = platform_files(&var("CARGO_CFG_TARGET_OS"), &var("CARGO_CFG_TARGET_FAMILY"))
        .ok_or_else(|| format!("qi-sys knows Unix and Windows systems; {target} is neither"))?;
    let mut build = cc::Build::new();
    build.include("include").files(COMMON.iter().chain(platform).map(|name| format!("c/{name}")));
    if var(STRICT) == "1" {
        build.warnings(true).extra_warnings(true).warnings_into_errors(true);
        build.flag_if_supported("-std=c99").flag_if_supported("-pedantic");
    }
    find_compiler(&build, &target)?;
    build.try_compile("qi_async_sys").map_err(|error| compiler_failed(&build, &target, &error))
}

/// The files for one platform, or `None` where there are none.
fn platform_files(os: &str, family: &str) -> Option<&'static [&'static str]> {
    let is_family = |name| family.split(',').any(|item| item == name);
    match os {
        "linux" | "android" => {
            Some(&["posix.c", "posix_wait_absolute.c", "linux_cpu.c", "linux_cgroup.c"])
        }
        "macos" | "ios" | "tvos" | "watchos" | "visionos" => {
            Some(&["posix.c", "posix_wait_relative.c", "apple_cpu.c"])
        }
        "freebsd" => Some(&["posix.c", "posix_wait_absolute.c", "freebsd_cpu.c"]),
        "openbsd" => Some(&["posix.c", "posix_wait_relative.c", "posix_cpu.c"]),
        _ if is_family("unix") => Some(&["posix.c", "posix_wait_absolute.c", "posix_cpu.c"]),
        _ if is_family("windows") => Some(&["windows.c"]),
        _ => None,
    }
}

/// Checks that the compiler can be started at all, which tells a missing one from a failing one.
fn find_compiler(build: &cc::Build, target: &str) -> Result<(), String> {
    let tool = build.try_get_compiler().map_err(|error| no_compiler(target, &error.to_string()))?;
    // The answer does not matter (cl.exe knows no such option), only that there was one.
    tool.to_command().arg("--version").output().map(drop).map_err(|error| {
        no_compiler(target, &format!("`{}` cannot be started: {error}", tool.path().display()))
    })
}

fn no_compiler(target: &str, reason: &str) -> String {
    format!(
        "no C compiler was found for {target}, and qi-sys has a small part in C.
Tried: {reason}
{}
How to install one:
  Debian, Ubuntu   apt install gcc libc6-dev
  Fedora, RHEL     dnf install gcc glibc-devel
  Alpine           apk add gcc musl-dev
  macOS            xcode-select --install
  Windows (MSVC)   Visual Studio Build Tools with the workload \"Desktop development with C++\"
  Windows (GNU)    MSYS2, then pacman -S mingw-w64-x86_64-gcc
A compiler elsewhere is named by the variable CC, or by {} for this target alone.",
        variables(target),
        target_variable(target),
    )
}

fn compiler_failed(build: &cc::Build, target: &str, error: &cc::Error) -> String {
    let path = build.try_get_compiler().map_or_else(
        |_| "the C compiler".to_owned(),
        |tool| format!("the C compiler `{}`", tool.path().display()),
    );
    format!(
        "{path} could not compile the C part of qi-sys for {target}.
{error}
{}
If it says that a header is missing, install the C library's development files (Debian: libc6-dev,
Fedora: glibc-devel, Alpine: musl-dev). If it does not know the target, name a compiler that does
in the variable {}.",
        variables(target),
        target_variable(target),
    )
}

/// The variable that names the compiler for one target, as a shell can write it.
fn target_variable(target: &str) -> String {
    format!("CC_{}", target.replace('-', "_"))
}

/// Which of the variables that choose the compiler are set, in the order in which they count.
fn variables(target: &str) -> String {
    let kind = if is_cross() { "TARGET_CC" } else { "HOST_CC" };
    let set: Vec<String> =
        [format!("CC_{target}"), target_variable(target), kind.into(), "CC".into()]
            .iter()
            .filter_map(|name| env::var(name).ok().map(|value| format!("{name}={value}")))
            .collect();
    if set.is_empty() {
        "No variable chose it (CC is not set); the name is the usual one, looked up in PATH.".into()
    } else {
        format!("Chosen by: {}", set.join(", "))
    }
}
