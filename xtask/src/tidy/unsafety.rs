//! Rules on `unsafe`: where it may stand, and what must be said there.

use super::Finding;
use super::manifest::packages;
use super::tree::{Code, File, Tree};
use crate::catalogue::unsafe_file::{UNSAFE_FILES, UnsafeFile};

/// How far above an `unsafe` its reason may begin, counted in lines of code: a statement may
/// begin some lines before its unsafe block.
const CODE_BETWEEN: usize = 3;

/// `unsafe` stands in the table's files only, and in each of them.
pub(crate) fn places(tree: &Tree) -> Vec<Finding> {
    places_by(tree, UNSAFE_FILES)
}

fn places_by(tree: &Tree, table: &[UnsafeFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        let mut found = code.find(&["unsafe"]).map(|index| code.tokens[index].at.line);
        let listed = table.iter().find(|listed| listed.path == file.path);
        match (listed, found.next()) {
            (None, Some(line)) => {
                let text = "`unsafe` in a file that the table does not name";
                findings.push(Finding::new(&file.path, line, text));
            }
            (Some(listed), None) => {
                let text = format!("named for unsafe code ({}) but has none", listed.reason);
                findings.push(Finding::new(&file.path, 0, text));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
    let absent = table.iter().filter(|listed| !tree.has(listed.path));
    findings.extend(absent.map(|listed| {
        Finding::new(
            listed.path,
            0,
            format!("named for unsafe code ({}), is absent", listed.reason),
        )
    }));
    findings
}

/// Every unsafe block and unsafe impl has its reason above or beside it.
pub(crate) fn reasons(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        let lines: Vec<&str> = file.text.lines().collect();
        let blocks = code.find(&["unsafe", "{"]).chain(code.find(&["unsafe", "impl"]));
        for index in blocks {
            let line = code.tokens[index].at.line;
            if !has_reason(&lines, line) {
                findings.push(Finding::new(&file.path, line, "no SAFETY comment"));
            }
        }
    }
    findings
}

/// Looks from line `number` (from 1) upwards.
fn has_reason(lines: &[&str], number: usize) -> bool {
    let mut code_lines = 0;
    for line in lines[..number].iter().rev() {
        if line.contains("SAFETY:") {
            return true;
        }
        let line = line.trim_start();
        if !line.starts_with("//") {
            code_lines += 1;
        }
        // The line of the `unsafe` itself is one of them.
        if line.is_empty() || code_lines > CODE_BETWEEN {
            return false;
        }
    }
    false
}

/// A crate without a file in the table forbids unsafe code as a whole; in the other crates every
/// file does so that neither is in the table nor has a child that is.
pub(crate) fn forbidden(tree: &Tree) -> Vec<Finding> {
    forbidden_by(tree, UNSAFE_FILES)
}

fn forbidden_by(tree: &Tree, table: &[UnsafeFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages(tree) {
        let in_table = |path: &str| table.iter().any(|listed| listed.path == path);
        let sources = || tree.sources().filter(|(file, _)| file.path.starts_with(&package.folder));
        let mut open: Vec<String> = table
            .iter()
            .filter(|l| l.path.starts_with(&package.folder))
            .map(|l| stem(l.path))
            .collect();
        let whole = open.is_empty();
        // A parent of an open module is open too; the chain is as long as the modules are deep.
        loop {
            let is_new = |(file, code): &(&File, &Code)| {
                let parent = children(code).iter().any(|child| open.contains(child));
                parent && !open.contains(&stem(&file.path))
            };
            let found: Vec<String> = sources().filter(is_new).map(|(f, _)| stem(&f.path)).collect();
            if found.is_empty() {
                break;
            }
            open.extend(found);
        }
        for (file, code) in sources().filter(|(file, _)| !in_table(&file.path)) {
            let is_root = ["src/lib.rs", "src/main.rs"]
                .iter()
                .any(|root| file.path == format!("{}{root}", package.folder));
            let must = if whole { is_root } else { !open.contains(&stem(&file.path)) };
            if must && code.find(FORBID).next().is_none() {
                findings.push(Finding::new(&file.path, 0, "lacks `#![forbid(unsafe_code)]`"));
            }
        }
    }
    findings
}

const FORBID: &[&str] = &["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"];

/// The name by which a parent declares the module in this file.
fn stem(path: &str) -> String {
    let path = path.strip_suffix("/mod.rs").unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".rs").unwrap_or(name).to_owned()
}

/// The modules that a file declares in files of their own, by name or by path.
fn children(code: &Code) -> Vec<String> {
    let text = |index: usize| code.tokens.get(index).map_or("", |token| token.text.as_str());
    let named = code.find(&["mod"]).filter(|index| text(index + 2) == ";");
    let by_path = code.find(&["path", "="]).map(|index| stem(text(index + 2).trim_matches('"')));
    named.map(|index| text(index + 1).to_owned()).chain(by_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[UnsafeFile] = &[UnsafeFile { path: "a/src/ffi.rs", reason: "calls C" }];

    #[test]
    fn unsafe_outside_the_table_and_idle_rows_are_found() {
        let tree = Tree::of(&[
            ("a/src/ffi.rs", "fn a() { unsafe { b() } }\n"),
            ("a/src/lib.rs", "#![deny(unsafe_code)]\n\nunsafe fn a() {}\n"),
        ]);
        assert_eq!(places_by(&tree, TABLE).len(), 1);
        assert_eq!(places_by(&tree, TABLE)[0].line, 3);
        let tree = Tree::of(&[("a/src/ffi.rs", "fn a() {}\n")]);
        assert!(places_by(&tree, TABLE)[0].text.contains("has none"));
        assert!(places_by(&Tree::of(&[]), TABLE)[0].text.contains("absent"));
    }

    #[test]
    fn block_without_a_reason_is_found() {
        let bad = "fn a() {\n    // Fast.\n    unsafe { b() }\n}\n";
        assert_eq!(reasons(&Tree::of(&[("a.rs", bad)])).len(), 1);
        let bad = "// SAFETY: of another one.\nfn a() {}\n\nfn c() {\n    unsafe { b() }\n}\n";
        assert_eq!(reasons(&Tree::of(&[("a.rs", bad)])).len(), 1);
        let bad = "unsafe impl Send for A {}\n";
        assert_eq!(reasons(&Tree::of(&[("a.rs", bad)])).len(), 1);
    }

    #[test]
    fn block_with_a_reason_above_its_statement_passes() {
        let good = "fn a() {\n    // SAFETY: b never fails,\n    // see I7.\n    let c =\n        \
                    unsafe { b() };\n}\n";
        assert!(reasons(&Tree::of(&[("a.rs", good)])).is_empty());
        let beside = "fn a() {\n    unsafe { b() } // SAFETY: b is a constant.\n}\n";
        assert!(reasons(&Tree::of(&[("a.rs", beside)])).is_empty());
    }

    #[test]
    fn crate_without_unsafe_files_must_forbid_unsafe_code() {
        let manifest = "[package]\nname = \"x\"\n";
        let files = [
            ("a/Cargo.toml", manifest),
            ("a/src/lib.rs", "//! A.\n"),
            ("b/Cargo.toml", manifest),
            ("b/src/lib.rs", "//! B.\n"),
            ("c/Cargo.toml", manifest),
            ("c/src/main.rs", "//! C.\n#![forbid(unsafe_code)]\n"),
        ];
        let tree = Tree::of(&files);
        let found = forbidden_by(&tree, &TABLE[..0]);
        let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["a/src/lib.rs", "b/src/lib.rs"]);
    }

    #[test]
    fn file_beside_the_unsafe_ones_must_forbid_it_for_itself() {
        let files = [
            ("a/Cargo.toml", "[package]\nname = \"x\"\n"),
            ("a/src/lib.rs", "//! A.\nmod sys;\nmod good;\nmod bad;\n"),
            ("a/src/sys/mod.rs", "//! Sys.\n#[path = \"../ffi.rs\"]\nmod calls;\n"),
            ("a/src/ffi.rs", "//! Calls.\n"),
            ("a/src/good.rs", "//! Good.\n#![forbid(unsafe_code)]\n"),
            ("a/src/bad.rs", "//! Bad.\n"),
        ];
        let found = forbidden_by(&Tree::of(&files), TABLE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a/src/bad.rs");
    }
}
