//! Public types show themselves: each has an example that the documentation tests run, and each
//! that does something asynchronous says what is lost when that is dropped.
//!
//! By lines, because some types stand in macros. A type is asynchronous if its own file makes it a
//! `Future`, or gives it a method that is `async` or has the section itself. What is hidden from
//! the documentation needs neither. Errors are types as others are.

use std::collections::BTreeSet;

use regex_lite::Regex;

use super::Finding;
use super::tree::{File, Tree};

/// Where the rule holds.
const PLACES: &[&str] = &[
    "crates/qi-sync/src/",
    "crates/qi-scope/src/",
    "crates/qi-graph/src/",
    "crates/qi-runtime/src/time/",
];

const EXAMPLES: &str = "# Examples";
const CANCEL_SAFETY: &str = "# Cancel safety";
/// The section as a line of a method's documentation.
const METHOD_SECTION: &str = "/// # Cancel safety";

/// A public type.
struct Type<'a> {
    line: usize,
    name: &'a str,
    /// The lines of its documentation.
    doc: Vec<&'a str>,
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let patterns = Patterns::new();
    let mut findings = Vec::new();
    for file in tree.ending(".rs").filter(|file| is_covered(&file.path)) {
        let asynchronous = asynchronous(file, &patterns);
        for found in types(file, &patterns) {
            let mut tell = |text: String| findings.push(Finding::new(&file.path, found.line, text));
            if !found.doc.contains(&EXAMPLES) {
                tell(format!("{} has no example", found.name));
            }
            if asynchronous.contains(found.name) && !found.doc.contains(&CANCEL_SAFETY) {
                tell(format!("{} does not say what is lost when it is dropped", found.name));
            }
        }
    }
    findings
}

/// Models and tests are nobody's interface.
fn is_covered(path: &str) -> bool {
    let is_own = |part: &str| matches!(part, "model" | "tests" | "tests.rs");
    PLACES.iter().any(|place| path.starts_with(place)) && !path.split('/').any(is_own)
}

struct Patterns {
    item: Regex,
    future: Regex,
    inherent: Regex,
}

impl Patterns {
    fn new() -> Self {
        let regex = |text: &str| Regex::new(text).expect("the pattern is constant");
        Self {
            item: regex(r"^pub (?:struct|enum|trait) (\w+)"),
            future: regex(r"^impl\b.*\bFuture for (?:\w+::)*(\w+)"),
            // Parameters may have one level of their own: `impl<C, F: Into<C>> Name<F>`.
            inherent: regex(r"^impl(?:<(?:[^<>]|<[^<>]*>)*>)? (?:\w+::)*(\w+)"),
        }
    }
}

fn types<'a>(file: &'a File, patterns: &Patterns) -> Vec<Type<'a>> {
    let mut found = Vec::new();
    let mut doc = Vec::new();
    let mut is_hidden = false;
    for (line, text) in file.lines() {
        let text = text.trim_start();
        if let Some(said) = text.strip_prefix("///") {
            doc.push(said.trim());
        } else if text.starts_with("#[") {
            is_hidden |= text.starts_with("#[doc(hidden)]");
        } else {
            let name = patterns.item.captures(text).and_then(|captures| captures.get(1));
            let doc = std::mem::take(&mut doc);
            if let Some(name) = name.filter(|_| !is_hidden) {
                found.push(Type { line, name: name.as_str(), doc });
            }
            is_hidden = false;
        }
    }
    found
}

/// The types that this file makes futures, or gives asynchronous methods.
fn asynchronous<'a>(file: &'a File, patterns: &Patterns) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    // The type whose own methods stand here, and how its closing brace is indented.
    let mut current = None;
    for (_, whole) in file.lines() {
        let text = whole.trim_start();
        let indent = whole.len() - text.len();
        if text.starts_with("impl") {
            let future = patterns.future.captures(text).and_then(|captures| captures.get(1));
            names.extend(future.map(|name| name.as_str()));
            let is_own = !text.contains(" for ") && !text.ends_with('}');
            let inherent = patterns.inherent.captures(text).filter(|_| is_own);
            let name = inherent.and_then(|captures| captures.get(1));
            current = name.map(|name| (name.as_str(), indent));
        } else if current.is_some_and(|(_, its)| its == indent && text == "}") {
            current = None;
        } else if text.starts_with("pub async fn ") || text.trim_end() == METHOD_SECTION {
            names.extend(current.map(|(name, _)| name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/qi-sync/src/a.rs";

    const GOOD: &str = "//! A.\n\
        /// Waits.\n///\n/// # Cancel safety\n/// Nothing is lost.\n///\n\
        /// # Examples\n/// ```\n/// ```\n#[must_use]\npub struct Wait<'a>(&'a ());\n\
        impl Future for Wait<'_> {\n}\n\
        /// Why not.\n///\n/// # Examples\n/// ```\n/// ```\npub enum Error {}\n\
        impl Error {\n    pub fn text(&self) {}\n}\n\
        /// Waits.\n///\n/// # Cancel safety\n/// Nothing is lost.\npub fn wait() {}\n\
        #[doc(hidden)]\npub struct Hidden;\nstruct Private;\npub(crate) struct Inner;\n";

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn types_that_show_themselves_pass() {
        assert_eq!(found(PATH, GOOD), [""; 0]);
    }

    #[test]
    fn type_without_an_example_is_found_where_the_rule_holds() {
        let bare = "//! A.\n/// Waits.\n#[derive(Debug)]\npub struct Bare;\n";
        assert_eq!(found(PATH, bare), ["Bare has no example"]);
        assert_eq!(found("crates/qi-scope/src/model/a.rs", bare), [""; 0]);
        assert_eq!(found("crates/qi-bench/src/a.rs", bare), [""; 0]);
        // The documentation of one type is not that of the next.
        let second = format!("{GOOD}/// Next.\npub trait Next {{}}\n");
        assert_eq!(found(PATH, &second), ["Next has no example"]);
    }

    #[test]
    fn future_that_does_not_say_what_is_lost_is_found() {
        let silent = GOOD.replacen("/// # Cancel safety\n", "", 1);
        let expected = ["Wait does not say what is lost when it is dropped"];
        assert_eq!(found(PATH, &silent), expected);
    }

    #[test]
    fn type_with_asynchronous_methods_that_does_not_say_it_is_found() {
        let expected = ["Error does not say what is lost when it is dropped"];
        let by_async = GOOD.replace("pub fn text", "pub async fn text");
        assert_eq!(found(PATH, &by_async), expected);
        let by_section =
            GOOD.replace("    pub fn text", "    /// # Cancel safety\n    pub fn text");
        assert_eq!(found(PATH, &by_section), expected);
    }
}
