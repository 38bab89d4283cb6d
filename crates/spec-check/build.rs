//! Takes the Rust snippets out of the specification's text, for `tests/snippets.rs` to include.
#![forbid(unsafe_code)]

use std::path::Path;
use std::{env, fs};

const SPECIFICATION: &str = "../../docs/spec/async_runtime.zh.md";

fn main() {
    println!("cargo::rerun-if-changed={SPECIFICATION}");
    let text = fs::read_to_string(SPECIFICATION)
        .unwrap_or_else(|error| panic!("cannot read {SPECIFICATION}: {error}"));
    let snippets = rust_snippets(&text);
    assert_eq!(snippets.len(), 4, "the specification has four Rust snippets");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for (index, snippet) in snippets.iter().enumerate() {
        let is_program = snippet.contains("fn main()");
        assert_eq!(is_program, index == 0, "the first snippet is a program, the others fragments");
        let path = Path::new(&out).join(format!("snippet_{}.rs", index + 1));
        fs::write(path, if is_program { snippet.clone() } else { wrapped(snippet) })
            .expect("cargo's output folder can be written");
    }
}

/// The content of each block fenced as Rust.
fn rust_snippets(text: &str) -> Vec<String> {
    let mut snippets = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.trim_end()) {
            (None, "```rust") => open = Some(String::new()),
            (Some(_), "```") => snippets.extend(open.take()),
            (Some(snippet), line) => {
                snippet.push_str(line);
                snippet.push('\n');
            }
            (None, _) => {}
        }
    }
    assert!(open.is_none(), "a snippet is not closed");
    snippets
}

/// A fragment that uses a `runtime` becomes the body of a function that has one. The text itself
/// is not touched.
fn wrapped(fragment: &str) -> String {
    format!(
        "pub(crate) fn run(runtime: &qi_compiler::runtime::AsyncRuntime) \
         -> Result<(), Box<dyn std::error::Error>> {{\n{fragment}\nOk(())\n}}\n"
    )
}
