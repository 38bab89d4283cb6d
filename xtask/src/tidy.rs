//! Checks the house rules that a program can check. A rule is a function from the tree to findings.

mod cancel;
mod code;
mod example;
mod invariant;
mod link;
mod manifest;
mod model;
mod text;
mod tree;
mod unsafety;

use std::fmt;

use crate::context::Context;
use crate::report::Report;
use crate::tidy::tree::Tree;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// 0 stands for the file as a whole.
    line: usize,
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// One rule.
struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const fn rule(name: &'static str, check: fn(&Tree) -> Vec<Finding>) -> Rule {
    Rule { name, check }
}

const RULES: &[Rule] = &[
    rule("the files that every checkout has", manifest::required_files),
    rule("a source file can be parsed", code::parses),
    rule("a source file begins by naming its job", text::header),
    rule("files are short", text::length),
    rule("functions are short", code::function_length),
    rule("no tabs, no trailing space", text::whitespace),
    rule("nothing is left to be done", text::unfinished),
    rule("no unfinished or debugging macros", code::macros),
    rule("no ignored tests", code::ignored),
    rule("no sleeping in tests", code::sleeps),
    rule("platforms are chosen at a module line", code::platforms),
    rule("unsafe stands in the named files only", unsafety::places),
    rule("every unsafe block says why it is safe", unsafety::reasons),
    rule("other crates forbid unsafe code", unsafety::forbidden),
    rule("manifests are complete", manifest::complete),
    rule("a dependency's version is stated once", manifest::versions),
    rule("the minimum Rust version is stated once", manifest::rust_version),
    rule("docs/ARCHITECTURE.md justifies each external crate", manifest::justified),
    rule("invariants, code and tests are in step", invariant::check),
    rule("what a dropped future loses is said, and tested", cancel::check),
    rule("public types have examples, and say what is lost", example::check),
    rule("models, mutants and their table are in step", model::check),
    rule("relative links lead somewhere", link::check),
    rule("no path of one machine", text::machine_paths),
];

/// The step: every rule is one check.
pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let tree = Tree::read(&context.root)?;
    let mut report = Report::default();
    for rule in RULES {
        let findings = (rule.check)(&tree);
        if findings.is_empty() {
            report.pass();
            continue;
        }
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        report.fail(format!("{}: {} findings", rule.name, findings.len()), lines.join("\n"));
    }
    report.note(format!("{} files", tree.files.len()));
    Ok(report)
}
