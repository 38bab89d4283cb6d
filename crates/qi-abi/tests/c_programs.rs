//! Programs in C, compiled by the system's compiler and linked with the library, statically and
//! dynamically; and the header under every standard that it claims.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

#[path = "c_programs/declared.rs"]
mod declared;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use declared::Header;

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

fn build(source: &Path, link: &[&OsStr], program: &Path) {
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-I"]);
    compiler.arg(folder("include")).arg(source);
    succeed(compiler.args(link).args(NATIVE).arg("-o").arg(program));
}

fn program(name: &str, way: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    out.join(format!("{}-{way}", name.trim_end_matches(".c")))
}

/// Builds and runs a program with the static library.
fn check_static(name: &str) {
    let archive = libraries().join("libqi_abi.a");
    let once = program(name, "static");
    build(&folder("tests/c").join(name), &[archive.as_os_str()], &once);
    assert_eq!(succeed(&mut Command::new(&once)), "fine\n");
}

/// Builds and runs a program with the shared library, and returns what it says.
fn said_with_shared(source: &Path, name: &str) -> String {
    let (at, path) = (libraries(), program(name, "dynamic"));
    build(source, &[OsStr::new("-L"), at.as_os_str(), OsStr::new("-lqi_abi")], &path);
    succeed(Command::new(&path).env("LD_LIBRARY_PATH", &at))
}

/// Builds and runs a program both ways.
fn check(name: &str) {
    check_static(name);
    assert_eq!(said_with_shared(&folder("tests/c").join(name), name), "fine\n");
}

/// Builds and runs an example.
fn check_example(name: &str, output: &str) {
    let source = folder("../../examples/c").join(name);
    assert_eq!(said_with_shared(&source, &format!("example-{name}")), output);
}

#[test]
fn example_says_hello() {
    check_example("hello.c", "hello, 世界\nthe answer is 42\n");
}

#[test]
fn example_runs_ten_thousand_tasks() {
    let output = "10000 tasks, the sum of their results is 49995000\n";
    check_example("ten_thousand.c", output);
}

#[test]
fn example_of_back_pressure_never_has_more_waiting_than_there_is_room() {
    let output = "1000 values, their sum is 499500\nnever more than 4 ever waited\n";
    check_example("back_pressure.c", output);
}

#[test]
fn example_of_select_hears_both_channels_and_the_end_of_the_time() {
    let output = "nothing is there yet\na word: good morning\na number: 7\n\
                  nothing came in two milliseconds\n";
    check_example("select_timeout.c", output);
}

#[test]
fn example_server_echoes_every_line() {
    let output = "50 clients, 20 lines each, all came back\nthe server: QI_ERR_CANCELLED\n";
    check_example("echo_server.c", output);
}

#[test]
fn example_of_cancellation_is_told_and_tidies_up() {
    let output = "the sleep answers QI_ERR_CANCELLED\nthe argument is dropped\n\
                  the task ends with QI_ERR_CANCELLED\na second request: QI_ERR_FINISHED\n";
    check_example("cancellation.c", output);
}

#[test]
fn example_of_priorities_runs_the_most_urgent_first() {
    check_example("priorities.c", "critical\nhigh\nnormal\nlow\n");
}

#[test]
fn example_embeds_the_runtime_beside_threads_and_a_loop_of_its_own() {
    let output = "3 threads gave 100 jobs, the loop saw squares that add up to 328350\n";
    check_example("embedding.c", output);
}

#[test]
fn every_example_in_c_is_run() {
    let own = include_str!("c_programs.rs");
    for entry in std::fs::read_dir(folder("../../examples/c")).expect("it is there") {
        let name = entry.expect("it can be listed").file_name();
        let name = name.to_string_lossy();
        let is_run = own.contains(&format!("(\"{name}\""));
        assert!(is_run || name.ends_with(".h"), "{name} is not run");
    }
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
fn coroutines_wait_anywhere_and_are_told_when_they_are_cancelled() {
    check("coroutines.c");
}

#[test]
fn select_chooses_what_is_ready_and_loses_nothing() {
    check("select.c");
}

#[test]
fn runtime_that_the_system_refuses_is_an_error_and_can_be_made_later() {
    check("refused.c");
}

#[test]
fn values_whose_sending_is_given_up_are_not_sent() {
    check("given_up.c");
}

#[test]
fn every_misuse_gets_its_error() {
    check("misuse.c");
}

#[test]
fn connections_are_made_accepted_read_and_written() {
    check("tcp.c");
}

#[test]
fn datagrams_go_to_where_they_are_sent() {
    check("udp.c");
}

#[test]
fn files_are_opened_read_written_measured_and_removed() {
    check("files.c");
}

#[test]
fn graphs_run_in_order_and_pass_results_on() {
    check("graph.c");
}

#[test]
fn figures_add_up_and_tasks_are_listed() {
    check("statistics.c");
}

#[test]
fn calls_of_the_system_are_in_the_library() {
    // Cargo's shared library does not export what is written in C; that of `cargo xtask dist` does.
    check_static("system.c");
}

#[test]
fn every_misuse_of_sockets_and_files_gets_its_error() {
    check("io_misuse.c");
}

/// Compilers, the language of each, and whether it may be missing.
const COMPILERS: &[(&str, &str, bool)] = &[
    ("cc", "c", false),
    ("c++", "c++", true),
    ("gcc", "c", true),
    ("g++", "c++", true),
    ("clang", "c", true),
    ("clang++", "c++", true),
];

#[test]
fn header_is_c99_to_c17_and_cpp11_to_cpp17() {
    let header = folder("include/qi_runtime.h");
    for (compiler, language, may_be_missing) in COMPILERS {
        if Command::new(compiler).arg("--version").output().is_err() {
            assert!(may_be_missing, "there is no C compiler");
            // Written past the test harness, which would keep it to itself.
            let reason = format!("SKIPPED the header under {compiler}, which is not there\n");
            std::io::Write::write_all(&mut std::io::stderr(), reason.as_bytes())
                .expect("it can be written");
            continue;
        }
        for standard in if *language == "c" { ["99", "11", "17"] } else { ["11", "14", "17"] } {
            let mut check = Command::new(compiler);
            check.args([&format!("-std={language}{standard}"), "-x", language, "-fsyntax-only"]);
            check.args(["-Wall", "-Wextra", "-Werror", "-pedantic"]).arg(&header);
            succeed(&mut check);
        }
    }
}

fn header() -> Header {
    Header::of(&std::fs::read_to_string(folder("include/qi_runtime.h")).expect("it is there"))
}

#[test]
fn every_function_answers_misuse_with_an_error_wherever_it_is_called() {
    let (path, calls) = (folder("tests/c/every_call.h"), header().calls());
    if std::env::var_os("QI_WRITE").is_some() {
        std::fs::write(&path, &calls).expect("it can be written");
    }
    let committed = std::fs::read_to_string(path).expect("it is there");
    assert_eq!(committed, calls, "every_call.h is not what the header says: set QI_WRITE once");
    // Cargo's shared library does not export what is written in C; that of `cargo xtask dist` does.
    check_static("every.c");
}

#[test]
fn every_function_of_the_header_is_called_by_a_program() {
    let mut programs = String::new();
    for entry in std::fs::read_dir(folder("tests/c")).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        programs += &std::fs::read_to_string(path).expect("it is text");
    }
    let functions = header().functions;
    let names = functions.iter().map(|function| &function.name);
    let missing: Vec<&String> =
        names.filter(|name| !programs.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "no program calls {missing:?}");
}

#[test]
fn every_function_that_suspends_is_refused_inside_a_poll_function() {
    let read = |name| std::fs::read_to_string(folder("tests/c").join(name)).expect("it is there");
    let misuse = read("misuse.c") + &read("io_misuse.c");
    let suspends = |comment: &str| comment.contains("SUSPENDS.") || comment.ends_with("SUSPENDS");
    let missing: Vec<String> = header()
        .functions
        .into_iter()
        .filter(|function| suspends(&function.comment))
        .map(|function| function.name)
        .filter(|name| !misuse.contains(&format!("ANSWERS(QI_ERR_WOULD_BLOCK, {name}(")))
        .collect();
    assert!(missing.is_empty(), "neither misuse.c nor io_misuse.c tries {missing:?}");
}
