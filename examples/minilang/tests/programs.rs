//! Every program of `programs/`, compiled both ways by the system's compiler, linked with the library, and
//! run on one worker and on several: it must print what lies beside it.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use qi_minilang::{Way, compile};

/// What `打印` of an uncaught exception ends with.
const UNCAUGHT: &str = "未捕获的异常";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Where cargo has put the libraries: beside this program.
fn libraries() -> PathBuf {
    let own = std::env::current_exe().expect("this program knows where it lies");
    own.parent().expect("it lies in a folder").to_owned()
}

/// The names of the programs.
fn programs() -> Vec<String> {
    let files = fs::read_dir(folder("programs")).expect("they are there");
    let names = files.map(|file| file.expect("it can be listed").file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.strip_suffix(".qi")?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert!(names.len() >= 15, "where are they? {names:?}");
    names
}

/// Compiles a program, and answers where it lies.
fn built(name: &str, way: Way) -> PathBuf {
    let source = fs::read_to_string(folder("programs").join(name).with_extension("qi"));
    let c = compile(&source.expect("it is text"), way).expect("it is a program");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}_{way:?}"));
    let text = program.with_extension("c");
    fs::write(&text, c).expect("it can be written");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror"]);
    // What a program does not use of itself is no mistake of the compiler's.
    let unused = ["function", "label", "variable", "but-set-variable"];
    compiler.args(unused.map(|what| format!("-Wno-unused-{what}")));
    compiler.arg("-I").arg(folder("../../crates/qi-abi/include")).arg(&text);
    compiler.arg("-L").arg(libraries()).args(["-lqi_abi", "-o"]).arg(&program);
    let output = compiler.output().expect("there is a compiler");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    program
}

fn check(way: Way) {
    for name in programs() {
        let expected = fs::read_to_string(folder("programs").join(&name).with_extension("out"));
        let expected = expected.expect("what it prints is known");
        let program = built(&name, way);
        for workers in ["1", "4"] {
            let mut run = Command::new(&program);
            run.env("QI_WORKERS", workers).env("LD_LIBRARY_PATH", libraries());
            let output = run.output().expect("it can be run");
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(printed, expected, "{name}, {way:?}, {workers} workers: {output:?}");
            let code = i32::from(expected.contains(UNCAUGHT));
            assert_eq!(output.status.code(), Some(code), "{name}, {way:?}: {output:?}");
        }
    }
}

#[test]
fn programs_print_what_they_should_as_coroutines() {
    check(Way::Stackful);
}

#[test]
fn programs_print_what_they_should_as_state_machines() {
    check(Way::Stackless);
}

#[test]
fn mistakes_are_told_with_their_lines_in_both_languages() {
    let cases = [
        ("函数 主() { 甲(1); }", "line 1: nothing is called `甲`"),
        ("函数 甲(乙) { }\n函数 主() { 甲(); }", "line 2: `甲` takes 1 arguments"),
        ("函数 主() { }\n函数 主() { }", "line 2: there are two functions `主`"),
        ("函数 主() { 跳出; }", "line 1: there is no loop to leave"),
        ("函数 甲() { }", "there is no function `主` without parameters"),
        ("函数 主() {\n 令 若 = 1; }", "line 2: `若` where a name is expected"),
        ("函数 主() { 令 甲 = 1 }", "line 1: `}` where ; is expected"),
    ];
    for (source, expected) in cases {
        let mistake = compile(source, Way::Stackless).expect_err(source);
        assert_eq!(mistake.to_string(), expected);
        assert!(!mistake.message_zh().is_ascii());
    }
}
