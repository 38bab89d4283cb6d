//! The numbered invariants of docs/ARCHITECTURE.md against the code that keeps and guards them.
//!
//! The table's rows read `| I7 | text | owner file | guarding test |`. Files and tests may be
//! several, parted by commas; a test is named by its function, with or without its path.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

use super::Finding;
use super::code::functions;
use super::tree::{File, Tree};

const DOCUMENT: &str = "docs/ARCHITECTURE.md";

/// One row of the table.
struct Invariant<'a> {
    line: usize,
    number: &'a str,
    owners: Vec<&'a str>,
    guards: Vec<&'a str>,
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(document) = tree.file(DOCUMENT) else {
        return vec![Finding::new(DOCUMENT, 0, "is absent, and with it the invariants")];
    };
    let mut findings = Vec::new();
    let rows = rows(document, &mut findings);
    if rows.is_empty() {
        findings.push(Finding::new(DOCUMENT, 0, "has no table of invariants"));
    }
    let tests: BTreeSet<String> = tree
        .sources()
        .flat_map(|(_, code)| functions(&code.syntax))
        .filter(|function| function.is_test)
        .map(|function| function.name)
        .collect();
    let mut seen = BTreeMap::new();
    for row in &rows {
        let mut tell = |text: String| findings.push(Finding::new(DOCUMENT, row.line, text));
        if let Some(line) = seen.insert(row.number, row.line) {
            tell(format!("{} stands in line {line} already", row.number));
        }
        for owner in &row.owners {
            match tree.file(owner) {
                None => tell(format!("{}: there is no file {owner}", row.number)),
                Some(file) if !mentions(&file.text, row.number) => {
                    tell(format!("{}: {owner} does not mention it", row.number));
                }
                Some(_) => {}
            }
        }
        for guard in row.guards.iter().filter(|guard| !tests.contains(**guard)) {
            tell(format!("{}: there is no test {guard}", row.number));
        }
    }
    for (file, _) in tree.sources().filter(|(file, _)| !file.path.starts_with("xtask/")) {
        let cited = citations(file).into_iter().filter(|(_, number)| !seen.contains_key(&**number));
        findings.extend(cited.map(|(line, number)| {
            Finding::new(&file.path, line, format!("cites {number}, which the table lacks"))
        }));
    }
    findings
}

fn rows<'a>(document: &'a File, findings: &mut Vec<Finding>) -> Vec<Invariant<'a>> {
    let start = Regex::new(r"^\|\s*`?\**I\d+").expect("the pattern is constant");
    let mut rows = Vec::new();
    for (line, text) in document.lines().filter(|(_, text)| start.is_match(text)) {
        let cells: Vec<&str> = text.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, owners, guards] = cells.as_slice() else {
            let text = "an invariant's row has four cells: number, text, owner, guard";
            findings.push(Finding::new(DOCUMENT, line, text));
            continue;
        };
        let owners = names(owners);
        let guards: Vec<&str> =
            names(guards).iter().filter_map(|g| g.rsplit("::").next()).collect();
        if owners.is_empty() || guards.is_empty() {
            let text = format!("{number} needs an owner file and a guarding test");
            findings.push(Finding::new(DOCUMENT, line, text));
        }
        let number = number.trim_matches(['`', '*']);
        rows.push(Invariant { line, number, owners, guards });
    }
    rows
}

/// The names in a cell, without their backticks.
fn names(cell: &str) -> Vec<&str> {
    let parts = cell.split([',', ';']).map(|part| part.trim().trim_matches('`'));
    parts.filter(|part| !part.is_empty()).collect()
}

/// Whether `text` names the invariant as a word: I7 is not in I71.
fn mentions(text: &str, number: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == number)
}

/// Every `(I7)`, `(I7, I8)`, `invariant I7` in the comments of a file, with its line.
fn citations(file: &File) -> Vec<(usize, String)> {
    let group =
        Regex::new(r"\((I\d+(?:(?:, ?| and )I\d+)*)\)|[Ii]nvariants? (I\d+(?:(?:, ?| and )I\d+)*)")
            .expect("the pattern is constant");
    let mut found = Vec::new();
    for (line, text) in file.lines() {
        let Some((_, comment)) = text.split_once("//") else { continue };
        for captures in group.captures_iter(comment) {
            let list = captures.get(1).or_else(|| captures.get(2)).map_or("", |list| list.as_str());
            let numbers = list.split(|c: char| !c.is_ascii_alphanumeric());
            let numbers = numbers.filter(|word| word.starts_with('I') && word.len() > 1);
            found.extend(numbers.map(|number| (line, number.to_owned())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: (&str, &str) = ("a/src/state.rs", "//! State.\n// Keeps invariant I7.\n");
    const GUARD: (&str, &str) =
        ("a/tests/b.rs", "//! B.\n#[test]\nfn holds() {}\nfn helper() {}\n");

    fn found(row: &str, files: &[(&str, &str)]) -> Vec<String> {
        let text = format!("| number | text | owner | guard |\n|---|---|---|---|\n{row}\n");
        let tree = Tree::of(&[&[(DOCUMENT, text.as_str())], files].concat());
        check(&tree).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn invariant_with_owner_and_guard_passes() {
        let row = "| I7 | it holds | `a/src/state.rs` | `tests::holds` |";
        assert!(found(row, &[OWNER, GUARD]).is_empty());
    }

    #[test]
    fn absent_owner_silent_owner_and_absent_guard_are_found() {
        let row = "| I7 | it holds | a/src/gone.rs | holds |";
        assert!(found(row, &[GUARD])[0].contains("no file"));
        let row = "| I7 | it holds | a/src/state.rs | holds |";
        let silent = ("a/src/state.rs", "//! About I71.\n");
        assert!(found(row, &[silent, GUARD])[0].contains("does not mention"));
        let row = "| I7 | it holds | a/src/state.rs | holds, gone |";
        assert!(found(row, &[OWNER, GUARD])[0].contains("no test gone"));
    }

    #[test]
    fn function_that_is_no_test_guards_nothing() {
        let row = "| I7 | it holds | a/src/state.rs | helper |";
        assert!(found(row, &[OWNER, GUARD])[0].contains("no test helper"));
    }

    #[test]
    fn row_without_a_guard_and_repeated_number_are_found() {
        let row = "| I7 | it holds | a/src/state.rs | |";
        assert!(found(row, &[OWNER, GUARD])[0].contains("needs an owner"));
        let row = "| I7 | a | a/src/state.rs | holds |\n| I7 | b | a/src/state.rs | holds |";
        assert!(found(row, &[OWNER, GUARD])[0].contains("already"));
        assert!(found("| I7 | it holds |", &[OWNER])[0].contains("four cells"));
    }

    #[test]
    fn citation_of_an_unknown_invariant_is_found() {
        let row = "| I7 | it holds | a/src/state.rs | holds |";
        let citing =
            ("a/src/c.rs", "//! C, see (I7, I8) and invariants I7 and I9; I5 is no citation\n");
        let texts = found(row, &[OWNER, GUARD, citing]);
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("I8") && texts[1].contains("I9"));
    }

    #[test]
    fn document_without_invariants_is_found() {
        assert_eq!(found("", &[]).len(), 1);
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
