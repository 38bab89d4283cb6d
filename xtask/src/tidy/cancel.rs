//! What a dropped future loses: every public async function says it, and docs/TESTING.md names the
//! test that drops it at every poll, or says why there is none.
//!
//! The table's rows read `| file | operations | tests | or why not |`; files are named below
//! [`SOURCES`]. An operation is an item whose documentation has the section.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

use super::Finding;
use super::code::functions;
use super::tree::{File, Tree};

const DOCUMENT: &str = "docs/TESTING.md";

/// The files whose operations the table must hold.
const SOURCES: &str = "crates/qi-runtime/src/";

/// The section.
const HEADING: &str = "# Cancel safety";

/// What a test's file mentions that drops futures at every poll.
const HARNESS: &str = "DropAtEveryPoll";

/// An item that says what is lost with its future, or an async function that should.
struct Operation<'a> {
    line: usize,
    name: &'a str,
    has_section: bool,
}

/// One row of the table.
struct Row<'a> {
    line: usize,
    file: &'a str,
    operations: Vec<&'a str>,
    tests: Vec<&'a str>,
    reason: &'a str,
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wanted = BTreeMap::new();
    for file in tree.ending(".rs").filter(|file| is_public_code(&file.path)) {
        for operation in operations(file) {
            if !operation.has_section {
                let text = format!("fn {} does not say what is lost with it", operation.name);
                findings.push(Finding::new(&file.path, operation.line, text));
            } else if let Some(short) = file.path.strip_prefix(SOURCES) {
                wanted.insert((short, operation.name), operation.line);
            }
        }
    }
    let Some(document) = tree.file(DOCUMENT) else {
        findings.push(Finding::new(DOCUMENT, 0, "is absent, and with it the table of futures"));
        return findings;
    };
    let tests = tests(tree);
    for row in rows(document, &mut findings) {
        let mut tell = |text: String| findings.push(Finding::new(DOCUMENT, row.line, text));
        for operation in &row.operations {
            if wanted.remove(&(row.file, *operation)).is_none() {
                tell(format!("{}: no {operation} with the section, or it stood above", row.file));
            }
        }
        for test in row.tests.iter().filter(|test| !tests.contains_key(**test)) {
            tell(format!("there is no test {test}"));
        }
        let dropped = row.tests.iter().any(|test| tests.get(*test) == Some(&true));
        if !dropped && row.reason.is_empty() {
            tell(format!("{}: no test drops it at every poll, and no reason is given", row.file));
        }
    }
    findings.extend(wanted.into_iter().map(|((file, name), line)| {
        let text = format!("the table of {DOCUMENT} lacks {name}");
        Finding::new(&format!("{SOURCES}{file}"), line, text)
    }));
    findings
}

/// What users call: not tests, tools and examples.
fn is_public_code(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("crates")
        && parts.next().is_some_and(|name| name.starts_with("qi-") && name != "qi-bench")
        && parts.next() == Some("src")
}

/// The tests by name, and whether their file uses the harness.
fn tests(tree: &Tree) -> BTreeMap<String, bool> {
    let mut tests = BTreeMap::new();
    for (file, code) in tree.sources() {
        let uses_harness = file.text.contains(HARNESS);
        let named = functions(&code.syntax).into_iter().filter(|function| function.is_test);
        for test in named {
            *tests.entry(test.name).or_default() |= uses_harness;
        }
    }
    tests
}

/// The items of a file that have the section, or are public async functions. By its lines, because
/// some stand in macros.
fn operations(file: &File) -> Vec<Operation<'_>> {
    let item =
        Regex::new(r"^(pub )?(async )?(?:fn|struct) (\w+)").expect("the pattern is constant");
    let mut found = Vec::new();
    let mut has_section = false;
    for (line, text) in file.lines() {
        let text = text.trim_start();
        if let Some(doc) = text.strip_prefix("///") {
            has_section |= doc.trim() == HEADING;
            continue;
        }
        if text.starts_with('#') {
            continue;
        }
        // Most lines are no items, and a pattern takes long.
        let may_be_item = text.contains("fn ") || text.contains("struct ");
        if let Some(captures) = may_be_item.then(|| item.captures(text)).flatten() {
            let is_async = captures.get(1).is_some() && captures.get(2).is_some();
            if let Some(name) = captures.get(3).filter(|_| has_section || is_async) {
                found.push(Operation { line, name: name.as_str(), has_section });
            }
        }
        has_section = false;
    }
    // Several types of a file may have one of the same name: a row for all.
    let mut seen = BTreeSet::new();
    found.retain(|operation| !operation.has_section || seen.insert(operation.name));
    found
}

fn rows<'a>(document: &'a File, findings: &mut Vec<Finding>) -> Vec<Row<'a>> {
    let start = Regex::new(r"^\| `[\w/]+\.rs` \|").expect("the pattern is constant");
    let mut rows = Vec::new();
    for (line, text) in document.lines().filter(|(_, text)| text.starts_with("| `")) {
        let cells: Vec<&str> = text.trim().trim_matches('|').split('|').map(str::trim).collect();
        match cells.as_slice() {
            [file, operations, tests, reason] if start.is_match(text) => rows.push(Row {
                line,
                file: file.trim_matches('`'),
                operations: names(operations),
                tests: names(tests),
                reason,
            }),
            _ if start.is_match(text) => {
                let text = "a row has four cells: file, operations, tests, or why not";
                findings.push(Finding::new(DOCUMENT, line, text));
            }
            _ => {}
        }
    }
    rows
}

/// What stands between backticks in a cell.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: (&str, &str) = (
        "crates/qi-runtime/tests/a.rs",
        "//! A, by DropAtEveryPoll.\n#[test]\nfn dropped_it_loses_nothing() {}\n",
    );
    const PLAIN: (&str, &str) =
        ("crates/qi-runtime/tests/b.rs", "//! B.\n#[test]\nfn it_works() {}\n");
    const CODE: (&str, &str) = (
        "crates/qi-runtime/src/net/a.rs",
        "//! A.\n/// Waits.\n///\n/// # Cancel safety\n/// Nothing is lost.\n#[inline]\n\
         pub async fn wait() {}\n",
    );

    fn found(rows: &str, files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(&[&[(DOCUMENT, rows)], files].concat());
        check(&tree).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn operation_with_a_row_and_a_test_that_drops_it_passes() {
        let row = "| `net/a.rs` | `wait` | `dropped_it_loses_nothing` | |\n";
        assert_eq!(found(row, &[TEST, CODE]), [""; 0]);
        let row = "| `net/a.rs` | `wait` | `it_works` | it never waits |\n";
        assert_eq!(found(row, &[PLAIN, CODE]), [""; 0]);
    }

    #[test]
    fn operation_without_a_row_and_row_without_an_operation_are_found() {
        assert!(found("", &[TEST, CODE])[0].contains("lacks wait"));
        let row = "| `net/a.rs` | `wait`, `gone` | `dropped_it_loses_nothing` | |\n";
        assert!(found(row, &[TEST, CODE])[0].contains("no gone"));
    }

    #[test]
    fn test_that_is_not_there_or_drops_nothing_is_found() {
        let row = "| `net/a.rs` | `wait` | `gone` | |\n";
        let texts = found(row, &[TEST, CODE]);
        assert!(texts[0].contains("no test gone") && texts[1].contains("no reason"), "{texts:?}");
        let row = "| `net/a.rs` | `wait` | `it_works` | |\n";
        assert!(found(row, &[PLAIN, CODE])[0].contains("no reason"));
    }

    #[test]
    fn async_function_that_does_not_say_what_is_lost_is_found() {
        let silent = ("crates/qi-sync/src/a.rs", "//! A.\n/// Waits.\npub async fn wait() {}\n");
        assert!(found("", &[silent])[0].contains("fn wait does not say"));
        let helper = ("crates/qi-sync/src/a.rs", "//! A.\nasync fn wait() {}\n");
        let tool = ("xtask/src/a.rs", "//! A.\npub async fn wait() {}\n");
        assert_eq!(found("", &[helper, tool]), [""; 0]);
    }
}
