//! The C header is clean C99 and C++11, and C and C++ programs link with the library.
#![cfg(unix)]
#![forbid(unsafe_code)]

#[path = "support/skip.rs"]
mod skip;

use std::env;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

const CLEAN: &[&str] = &["-pedantic", "-Wall", "-Wextra", "-Werror"];

/// The compiler that the environment names, or the usual one.
fn compiler(variable: &str, usual: &str) -> String {
    env::var(variable).ok().filter(|name| !name.is_empty()).unwrap_or_else(|| usual.to_owned())
}

/// Compiles the C program with these options, links it, and runs it. `false`: no such compiler.
fn runs(compiler: &str, name: &str, options: &[&str]) -> bool {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // CC may carry arguments, as in "ccache gcc".
    let mut words = compiler.split_whitespace();
    let compiled = Command::new(words.next().expect("a compiler has a name"))
        .args(words)
        .args(options)
        .args(CLEAN)
        .arg("-I")
        .arg(package.join("include"))
        .arg(package.join("tests/c/five_calls.c"))
        // Otherwise the library would be taken for a source in the language named above.
        .args(["-x", "none"])
        .arg(Path::new(env!("OUT_DIR")).join("libqi_async_sys.a"))
        .arg("-o")
        .arg(&program)
        .output();
    let compiled = match compiled {
        Err(error) if error.kind() == ErrorKind::NotFound => return false,
        other => other.expect("the compiler starts"),
    };
    let messages = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{compiler}: {messages}");
    assert_eq!(messages, "", "the compiler had something to say");
    let run = Command::new(&program).output().expect("the program starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    true
}

#[test]
fn a_c99_program_uses_the_header_and_links() {
    if skip::IS_CROSS {
        return skip::skip("the header in C99", "built for another machine");
    }
    let cc = compiler("CC", "cc");
    assert!(runs(&cc, "five_calls_c99", &["-x", "c", "-std=c99"]), "{cc} is gone since the build");
}

#[test]
fn a_cpp11_program_uses_the_header_and_links() {
    if skip::IS_CROSS {
        return skip::skip("the header in C++11", "built for another machine");
    }
    let cxx = compiler("CXX", "c++");
    if !runs(&cxx, "five_calls_cpp11", &["-x", "c++", "-std=c++11"]) {
        skip::skip("the header in C++11", &format!("no C++ compiler, tried {cxx}"));
    }
}
