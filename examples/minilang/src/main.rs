//! The compiler as a program: `qi-minilang FILE [--stackless]` writes C to standard output.
#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::process::ExitCode;

use qi_minilang::{Way, compile};

fn main() -> ExitCode {
    let (flags, files): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let way = match flags.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Way::Stackful,
        ["--stackless"] => Way::Stackless,
        _ => return usage(),
    };
    let [file] = files.as_slice() else { return usage() };
    let source = match fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match compile(&source, way) {
        Ok(c) => {
            print!("{c}");
            ExitCode::SUCCESS
        }
        Err(mistake) => {
            eprintln!("{file}: {mistake} / {}", mistake.message_zh());
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: qi-minilang FILE [--stackless]");
    ExitCode::from(2)
}
