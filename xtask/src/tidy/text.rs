//! Rules that need only the lines of a file.

use regex_lite::Regex;

use super::Finding;
use super::tree::Tree;

/// The longest a source file may be.
const FILE_LINES: usize = 500;

/// Marks of unfinished work, put together here so that this file does not hold them.
const UNFINISHED: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];

/// Every Rust source begins with `//!`.
pub(crate) fn header(tree: &Tree) -> Vec<Finding> {
    let lacking = tree.ending(".rs").filter(|file| {
        let first = file.text.lines().next().unwrap_or_default();
        first.strip_prefix("//!").is_none_or(|job| job.trim().is_empty())
    });
    lacking.map(|file| Finding::new(&file.path, 1, "the first line is no `//!` line")).collect()
}

/// What a program writes may be as long as it must.
const GENERATED: &[&str] = &[crate::step::header::HEADER];

/// Sources in Rust and C stay below the bound.
pub(crate) fn length(tree: &Tree) -> Vec<Finding> {
    let sources = [".rs", ".c", ".h"].into_iter().flat_map(|end| tree.ending(end));
    let sources = sources.filter(|file| !GENERATED.contains(&file.path.as_str()));
    let counted = sources.map(|file| (file, file.text.lines().count()));
    let long = counted.filter(|(_, lines)| *lines > FILE_LINES);
    long.map(|(file, lines)| {
        Finding::new(&file.path, 0, format!("{lines} lines, more than {FILE_LINES}"))
    })
    .collect()
}

/// No tabs, no trailing space, no carriage returns, one line end at the end.
pub(crate) fn whitespace(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            // On Windows git may have put in the carriage return: it is no fault of the file.
            let stripped = line.strip_suffix('\r').filter(|_| std::env::consts::OS == "windows");
            let line = stripped.unwrap_or(line);
            if line.contains('\t') {
                findings.push(Finding::new(&file.path, number, "a tab"));
            }
            if line.ends_with(char::is_whitespace) {
                findings.push(Finding::new(&file.path, number, "trailing space"));
            }
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            findings.push(Finding::new(&file.path, 0, "the last line does not end"));
        }
    }
    findings
}

/// No word that promises later work.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words.find(|word| UNFINISHED.contains(word)) {
                findings.push(Finding::new(&file.path, number, format!("says {word}")));
            }
        }
    }
    findings
}

/// No path that exists on one machine only.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    // The pattern does not match its own text: each folder is followed by a bracket here.
    let home = Regex::new(r#"(^|[\s"'`(=:])(/(home|Users|root|work)[/]\w|[A-Z]:\\+Users\\)"#)
        .expect("the pattern is constant");
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            let private = tree.private.iter().any(|start| line.contains(start));
            if private || home.is_match(line) {
                findings.push(Finding::new(&file.path, number, "a path of one machine"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_does_not_name_its_job_is_found() {
        let tree = Tree::of(&[
            ("a.rs", "//! One job.\nfn a() {}\n"),
            ("b.rs", "fn b() {}\n"),
            ("c.rs", "//!\nfn c() {}\n"),
            ("d.rs", ""),
        ]);
        let found: Vec<String> = header(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["b.rs", "c.rs", "d.rs"]);
    }

    #[test]
    fn file_of_500_lines_passes_and_of_501_does_not() {
        let tree = Tree::of(&[("a.rs", &"//\n".repeat(500)), ("b.rs", &"//\n".repeat(501))]);
        let found = length(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "b.rs");
    }

    #[test]
    fn tab_trailing_space_and_open_last_line_are_found() {
        let tree = Tree::of(&[("a.toml", "[a]\n\tb = 1\nc = 2 \nd = 3")]);
        let lines: Vec<usize> = whitespace(&tree).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 3, 0]);
        assert!(whitespace(&Tree::of(&[("a.toml", "a = 1\n")])).is_empty());
    }

    #[test]
    fn promise_of_later_work_is_found_as_a_word_only() {
        for mark in UNFINISHED {
            let tree = Tree::of(&[("a.c", &format!("/* {mark}: more */\n"))]);
            assert_eq!(unfinished(&tree).len(), 1, "{mark}");
            let tree = Tree::of(&[("a.c", &format!("int A{mark}B;\n"))]);
            assert!(unfinished(&tree).is_empty(), "{mark}");
        }
    }

    #[test]
    fn path_of_one_machine_is_found_and_others_are_not() {
        let bad = ["/home", "/Users", "/root", "/work"].map(|dir| format!("see `{dir}/x/y`\n"));
        for text in &bad {
            assert_eq!(machine_paths(&Tree::of(&[("a.md", text)])).len(), 1, "{text}");
        }
        let windows = ["see C:", "Users", "x\n"].join("\\");
        assert_eq!(machine_paths(&Tree::of(&[("a.md", &windows)])).len(), 1);
        let inner = ["src", "work", "item.rs"].join("/");
        let good = format!("{inner} and /proc/self/status and https://a.example/home\n");
        assert!(machine_paths(&Tree::of(&[("a.md", &good)])).is_empty());
        let mut tree = Tree::of(&[("a.md", "look into /opt/qi/src\n")]);
        tree.private.push("/opt/qi/".to_owned());
        assert_eq!(machine_paths(&tree).len(), 1);
    }
}
