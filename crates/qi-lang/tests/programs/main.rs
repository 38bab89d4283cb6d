//! Programs as the language's compiler makes them: coroutines in LLVM's text, compiled by each version of
//! clang that is there, and C in the part of the compiler for all else, linked with the archive and with
//! a small library in the part of the language's own.
//!
//! Every scenario runs on one worker and on two. `QI_LANG_TURNS` says how often, if not `TURNS`.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod idle;
mod link;
mod lower;
mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{Compiler, archive, folder, out, succeed};

/// Turns of each scenario, if the environment does not say.
const TURNS: &str = "5";

const PLAIN: &[&str] = &[
    "ready_futures",
    "exceptions",
    "goroutines",
    "locks",
    "timers",
    "mailboxes",
    "sockets",
    "threads",
];
const COROUTINES: &[&str] = &[
    "values",
    "run_all",
    "channels",
    "plain_sends_wait",
    "child_parks_first",
    "blocks",
    "lasting_turns",
    "throws_reach_the_awaiter",
    "sleeps",
    "cancels",
    "steps",
    "selects",
    "priorities",
    "foreign_futures",
    "deadlocks",
    "memory",
];
const SOURCES: &[&str] =
    &["main.c", "plain.c", "coroutines.c", "deadlock.c", "idle.c", "language.c"];

/// Builds the program with coroutines of this compiler. Tests run side by side: each has its own name.
fn build(compiler: &Compiler, name: &str) -> PathBuf {
    let program = out(&format!("{name}-{}", compiler.version));
    let sources = SOURCES.iter().map(|name| folder("c").join(name));
    tools::link(sources.collect(), &[coroutines(compiler, name), archive()], &[], &program);
    program
}

/// Compiles the coroutines.
fn coroutines(compiler: &Compiler, name: &str) -> PathBuf {
    let source = std::fs::read_to_string(folder("ir/coroutines.ll.in")).expect("it is there");
    let lowered = out(&format!("{name}-{}.ll", compiler.version));
    let mut text = lower::lower(&source, compiler.version);
    if tools::are_watched() {
        text = text.replace("presplitcoroutine {", "presplitcoroutine sanitize_thread {");
    }
    std::fs::write(&lowered, text).expect("it can be written");
    let object = out(&format!("{name}-{}.o", compiler.version));
    compiler.compile(&lowered, &object);
    object
}

fn run(program: &Path, scenarios: &[&str]) {
    let turns = std::env::var("QI_LANG_TURNS").unwrap_or(TURNS.into());
    for scenario in scenarios {
        if *scenario == "deadlocks" && tools::are_watched() {
            tools::skipped(
                "deadlocks",
                "the sanitizer's thread is one that may call in at any time",
            );
            continue;
        }
        for workers in ["1", "2"] {
            let mut command = Command::new("timeout");
            command.args(["120"]).arg(program).args([scenario, turns.as_str()]);
            let said = succeed(command.env("QI_CORO_WORKERS", workers));
            assert_eq!(said, "fine\n", "{scenario} on {workers} workers");
        }
    }
}

#[test]
fn programs_without_coroutines_run_on_one_worker_and_on_two() {
    let program = out("plain");
    let sources = ["main.c", "plain.c", "language.c"].map(|name| folder("c").join(name));
    tools::link(sources.into(), &[archive()], &["-DPLAIN"], &program);
    run(&program, PLAIN);
}

#[test]
fn coroutines_of_every_compiler_there_is_run_on_one_worker_and_on_two() {
    let compilers = tools::compilers();
    if compilers.len() < 2 {
        tools::skipped("a second version of LLVM", "fewer than two clangs are installed");
    }
    for compiler in compilers {
        run(&build(&compiler, "coroutines"), COROUTINES);
    }
}

#[test]
fn deadlock_is_said_in_two_languages_with_who_waits_on_what() {
    let compilers = tools::compilers();
    let Some(compiler) = compilers.first() else {
        return tools::skipped("the words of a deadlock", "there is no clang");
    };
    let program = build(compiler, "deadlock");
    let output = tools::run(Command::new(&program).args(["deadlocks", "1"]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for words in ["死锁", "deadlock", "等待从通道", "receives from channel", "waits for lock"]
    {
        assert!(said.contains(words), "{words} is missing in {said}");
    }
}

#[test]
fn program_that_measures_speed_runs_to_its_end() {
    let compilers = tools::compilers();
    let Some(compiler) = compilers.last() else {
        return tools::skipped("the program that measures speed", "there is no clang");
    };
    let program = out("speed");
    let sources = vec![folder("c/speed.c"), folder("c/language.c")];
    tools::link(sources, &[coroutines(compiler, "speed"), archive()], &[], &program);
    let said = succeed(Command::new("timeout").arg("60").arg(&program).arg("2000"));
    assert_eq!(said.lines().count(), 13, "{said}");
}

/// The page for the compiler's authors shows how this one is linked.
#[test]
fn program_of_the_page_is_linked_as_the_page_says() {
    let fits = |compiler: &Compiler| (18..=21).contains(&compiler.version);
    let Some(compiler) = tools::compilers().into_iter().find(fits) else {
        return tools::skipped("the program of the page", "there is no clang from 18 to 21");
    };
    let (object, program) = (out("hello.o"), out("hello"));
    compiler.compile(&folder("ir/hello.ll"), &object);
    let first_wins = "-Wl,--allow-multiple-definition";
    let library = folder("c/language.c");
    tools::link(vec![library], &[object, archive()], &[first_wins], &program);
    assert_eq!(succeed(&mut Command::new(&program)), "42\n");
}

#[test]
fn every_exported_function_is_called_by_a_program() {
    let read = |name| std::fs::read_to_string(folder(name)).expect("it is there");
    let (header, shared) = (read("../include/qi_language.h"), read("c/qi.h"));
    let mut programs = String::new();
    for name in ["c/plain.c", "c/coroutines.c", "c/deadlock.c", "c/idle.c", "ir/coroutines.ll.in"] {
        programs += &read(name);
    }
    programs += &shared[shared.find("#define CHECK").expect("the macros are there")..];
    let exported = tools::exported();
    assert!(exported.len() > 70, "the sources were not understood: {exported:?}");
    let missing: Vec<_> =
        exported.iter().filter(|name| !programs.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "no program calls {missing:?}");
    let undeclared: Vec<_> =
        exported.iter().filter(|name| !header.contains(&format!("{name}("))).collect();
    assert!(undeclared.is_empty(), "the header lacks {undeclared:?}");
}
