//! Programs in C, compiled by the system's compiler and linked with the library, statically and
//! dynamically; and the header under every standard that it claims.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a static library of Rust needs of the system.
const NATIVE: &[&str] = &["-lpthread", "-ldl", "-lm", "-lrt", "-lgcc_s"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Where cargo has put the libraries: beside this program.
fn libraries() -> PathBuf {
    let own = std::env::current_exe().expect("this program knows where it lies");
    own.parent().expect("it lies in a folder").to_owned()
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn build(name: &str, link: &[&OsStr], program: &Path) {
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-I"]);
    compiler.arg(folder("include")).arg(folder("tests/c").join(name));
    succeed(compiler.args(link).args(NATIVE).arg("-o").arg(program));
}

fn program(name: &str, way: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    out.join(format!("{}-{way}", name.trim_end_matches(".c")))
}

/// Builds and runs a program both ways.
fn check(name: &str) {
    let archive = libraries().join("libqi_abi.a");
    let once = program(name, "static");
    build(name, &[archive.as_os_str()], &once);
    assert_eq!(succeed(&mut Command::new(&once)), "fine\n");

    let (at, path) = (libraries(), program(name, "dynamic"));
    build(name, &[OsStr::new("-L"), at.as_os_str(), OsStr::new("-lqi_abi")], &path);
    assert_eq!(succeed(Command::new(&path).env("LD_LIBRARY_PATH", &at)), "fine\n");
}

#[test]
fn tasks_are_spawned_awaited_cancelled_and_dropped() {
    check("tasks.c");
}

#[test]
fn channels_locks_events_and_timers_serve_threads_and_poll_functions() {
    check("objects.c");
}

#[test]
fn every_misuse_gets_its_error() {
    check("misuse.c");
}

#[test]
fn header_is_c99_to_c17_and_cpp11_to_cpp17() {
    let header = folder("include/qi_runtime.h");
    for (compiler, language, standards) in
        [("cc", "c", ["c99", "c11", "c17"]), ("c++", "c++", ["c++11", "c++14", "c++17"])]
    {
        if Command::new(compiler).arg("--version").output().is_err() {
            // Only C++ may be missing: without a C compiler there is nothing to link with at all.
            assert_eq!(language, "c++", "there is no C compiler");
            // Written past the test harness, which would keep it to itself.
            let reason = b"SKIPPED the header as C++: there is no c++\n";
            std::io::Write::write_all(&mut std::io::stderr(), reason).expect("it can be written");
            continue;
        }
        for standard in standards {
            let mut check = Command::new(compiler);
            check.args([&format!("-std={standard}"), "-x", language, "-fsyntax-only"]);
            check.args(["-Wall", "-Wextra", "-Werror", "-pedantic"]).arg(&header);
            succeed(&mut check);
        }
    }
}

#[test]
fn every_function_of_the_header_is_called_by_a_program() {
    let header = std::fs::read_to_string(folder("include/qi_runtime.h")).expect("it is there");
    let mut programs = String::new();
    for name in ["check.h", "tasks.c", "objects.c", "misuse.c"] {
        programs += &std::fs::read_to_string(folder("tests/c").join(name)).expect("it is there");
    }
    let code = header.lines().filter(|line| !line.trim_start().starts_with("//"));
    let declared = code.filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("qi_").then_some(name)
    });
    let declared: Vec<&str> = declared.collect();
    assert!(declared.len() > 50, "the header was not understood: {declared:?}");
    let missing: Vec<_> =
        declared.iter().filter(|name| !programs.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "no program calls {missing:?}");
}
