//! Rules on the syntax of Rust sources.

use proc_macro2::LineColumn;
use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{Code, Token, Tree};

/// The longest a function may be, from `fn` to its closing brace.
const FUNCTION_LINES: usize = 70;

/// Macros that stand for work not done, or for looking at values while at work.
const MACROS: &[&str] = &["todo", "unimplemented", "dbg"];

/// What a cfg must not ask inside a function.
const PLATFORM_KEYS: &[&str] =
    &["target_os", "target_family", "target_env", "target_vendor", "unix", "windows"];

/// A file that cannot be parsed would escape all rules below.
pub(crate) fn parses(tree: &Tree) -> Vec<Finding> {
    let broken = tree.files.iter().filter_map(|file| match &file.code {
        Some(Err(error)) => Some(Finding::new(&file.path, 0, error.clone())),
        Some(Ok(_)) | None => None,
    });
    broken.collect()
}

/// Functions stay below the bound.
pub(crate) fn function_length(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        for function in functions(&code.syntax) {
            let lines = function.end.line - function.start.line + 1;
            if lines > FUNCTION_LINES {
                let text = format!("fn {} has {lines} lines", function.name);
                findings.push(Finding::new(&file.path, function.start.line, text));
            }
        }
    }
    findings
}

/// No `todo!`, `unimplemented!` or `dbg!`, in macros' arguments neither.
pub(crate) fn macros(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        for name in MACROS {
            findings.extend(code.find(&[name, "!"]).map(|index| {
                Finding::new(&file.path, code.tokens[index].at.line, format!("{name}!"))
            }));
        }
    }
    findings
}

/// No test that is there but does not run.
pub(crate) fn ignored(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        let plain = code.find(&["#", "[", "ignore"]).map(|index| index + 2);
        let by_cfg = code.find(&[",", "ignore"]).map(|index| index + 1).filter(|index| {
            let before = &code.tokens[..*index];
            before.iter().rev().take_while(|t| t.text != "#").any(|t| t.text == "cfg_attr")
        });
        findings.extend(
            plain.chain(by_cfg).map(|index| {
                Finding::new(&file.path, code.tokens[index].at.line, "an ignored test")
            }),
        );
    }
    findings
}

/// Tests wait for events, not for time.
pub(crate) fn sleeps(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        let ranges = test_modules(&code.syntax);
        let all = is_test_file(&file.path);
        let direct = code.find(&["thread", ":", ":", "sleep"]);
        let grouped = code
            .find(&["thread", ":", ":", "{"])
            .filter(|index| code.group(index + 3).iter().any(|token| token.text == "sleep"));
        for index in direct.chain(grouped) {
            let line = code.tokens[index].at.line;
            if all || ranges.iter().any(|(start, end)| (*start..=*end).contains(&line)) {
                findings.push(Finding::new(&file.path, line, "thread::sleep in a test"));
            }
        }
    }
    findings
}

/// No cfg on a platform inside a function.
pub(crate) fn platforms(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.sources() {
        let bodies = functions(&code.syntax);
        for (index, token) in code.tokens.iter().enumerate() {
            let inside = bodies.iter().any(|body| body.open < token.at && token.at < body.end);
            if !inside || !matches!(token.text.as_str(), "cfg" | "cfg_attr") {
                continue;
            }
            if let Some(key) = platform_key(code, index) {
                let text = format!("cfg on {key} inside a function");
                findings.push(Finding::new(&file.path, token.at.line, text));
            }
        }
    }
    findings
}

/// The platform that the cfg at `index` asks for: `cfg(...)`, `cfg!(...)` or `cfg_attr(...)`.
fn platform_key(code: &Code, index: usize) -> Option<&str> {
    let text = |index: usize| code.tokens.get(index).map(|token| token.text.as_str());
    let open = if text(index + 1) == Some("!") { index + 2 } else { index + 1 };
    if text(open) != Some("(") {
        return None;
    }
    let asks = |token: &&Token| PLATFORM_KEYS.contains(&token.text.as_str());
    code.group(open).iter().find(asks).map(|token| token.text.as_str())
}

/// Whether the whole file is test code.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let named = name == "tests.rs" || name.ends_with("_tests.rs") || name.ends_with("_test.rs");
    named || path.split('/').any(|part| part == "tests")
}

/// First and last lines of inline modules under `cfg(test)`.
fn test_modules(syntax: &syn::File) -> Vec<(usize, usize)> {
    struct Finder(Vec<(usize, usize)>);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
            let is_test = module.attrs.iter().any(|attribute| {
                let syn::Meta::List(list) = &attribute.meta else { return false };
                let asked = list.tokens.to_string().replace("not (test)", "");
                let mut words = asked.split(|c: char| !c.is_alphanumeric() && c != '_');
                list.path.is_ident("cfg") && words.any(|word| word == "test")
            });
            if let Some((brace, _)) = module.content.as_ref().filter(|_| is_test) {
                self.0.push((brace.span.open().start().line, brace.span.close().start().line));
            }
            visit::visit_item_mod(self, module);
        }
    }
    let mut finder = Finder(Vec::new());
    finder.visit_file(syntax);
    finder.0
}

/// A function with a body.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) is_test: bool,
    start: LineColumn,
    open: LineColumn,
    end: LineColumn,
}

impl Function {
    /// The line of its `fn`.
    pub(super) fn line(&self) -> usize {
        self.start.line
    }
}

/// All functions, methods and default methods; nested ones too.
pub(super) fn functions(syntax: &syn::File) -> Vec<Function> {
    struct Finder(Vec<Function>);
    impl Finder {
        fn add(&mut self, attrs: &[syn::Attribute], signature: &syn::Signature, body: &syn::Block) {
            let is_test = attrs.iter().any(|attribute| {
                attribute.path().segments.last().is_some_and(|last| last.ident == "test")
            });
            self.0.push(Function {
                name: signature.ident.to_string(),
                is_test,
                start: signature.fn_token.span.start(),
                open: body.brace_token.span.open().start(),
                end: body.brace_token.span.close().start(),
            });
        }
    }
    impl<'ast> Visit<'ast> for Finder {
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            self.add(&function.attrs, &function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
        fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
            self.add(&function.attrs, &function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
        fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
            if let Some(body) = &function.default {
                self.add(&function.attrs, &function.sig, body);
            }
            visit::visit_trait_item_fn(self, function);
        }
    }
    let mut finder = Finder(Vec::new());
    finder.visit_file(syntax);
    finder.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(check: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn source_that_cannot_be_parsed_is_found() {
        assert_eq!(lines(parses, "a.rs", "fn a( {}\n"), [0]);
        assert_eq!(lines(parses, "a.rs", "struct struct;\n"), [0]);
        assert!(lines(parses, "a.rs", "fn a() {}\n").is_empty());
    }

    #[test]
    fn function_of_70_lines_passes_and_of_71_does_not() {
        let of = |lines: usize| format!("\nfn a() {{\n{}}}\n", "a();\n".repeat(lines - 2));
        assert!(lines(function_length, "a.rs", &of(70)).is_empty());
        assert_eq!(lines(function_length, "a.rs", &of(71)), [2]);
        let method = format!("impl A {{\n{}}}\n", of(71));
        assert_eq!(lines(function_length, "a.rs", &method), [3]);
    }

    #[test]
    fn unfinished_macro_is_found_inside_another_macro_too() {
        for name in MACROS {
            let text = format!("fn a() {{\n    assert!({name}!(1));\n}}\n");
            assert_eq!(lines(macros, "a.rs", &text), [2], "{name}");
        }
        assert!(lines(macros, "a.rs", "// todo! in words\nconst A: &str = \"dbg!\";\n").is_empty());
    }

    #[test]
    fn ignored_test_is_found_plain_with_reason_and_under_cfg_attr() {
        let hash = "#";
        let plain = format!("{hash}[test]\n{hash}[ignore]\nfn a() {{}}\n");
        assert_eq!(lines(ignored, "a.rs", &plain), [2]);
        let reason = format!("{hash}[ignore = \"slow\"]\nfn a() {{}}\n");
        assert_eq!(lines(ignored, "a.rs", &reason), [1]);
        let by_cfg = format!("{hash}[cfg_attr(miri, ignore)]\nfn a() {{}}\n");
        assert_eq!(lines(ignored, "a.rs", &by_cfg), [1]);
        assert!(lines(ignored, "a.rs", "fn a() { b(c, ignore) }\n").is_empty());
    }

    #[test]
    fn sleep_is_found_in_tests_and_left_alone_elsewhere() {
        let text = "fn a() {\n    std::thread::sleep(b);\n}\n";
        assert_eq!(lines(sleeps, "crates/a/tests/b.rs", text), [2]);
        assert_eq!(lines(sleeps, "crates/a/src/b/tests.rs", text), [2]);
        assert!(lines(sleeps, "crates/a/src/b.rs", text).is_empty());
        let imported = "use std::thread::{self, sleep};\n";
        assert_eq!(lines(sleeps, "crates/a/tests/b.rs", imported), [1]);
        let inline = format!("{text}#[cfg(all(test, not(loom)))]\nmod tests {{\n{text}}}\n");
        assert_eq!(lines(sleeps, "crates/a/src/b.rs", &inline), [7]);
        let outside = inline.replace("all(test, not(loom))", "not(test)");
        assert!(lines(sleeps, "crates/a/src/b.rs", &outside).is_empty());
    }

    #[test]
    fn platform_is_found_inside_functions_only() {
        let inside = "fn a() {\n    #[cfg(target_os = \"linux\")]\n    b();\n}\n";
        assert_eq!(lines(platforms, "a.rs", inside), [2]);
        let asked = "impl A {\n    fn a() -> bool {\n        cfg!(any(loom, windows))\n    }\n}\n";
        assert_eq!(lines(platforms, "a.rs", asked), [3]);
        let outside = "#[cfg(unix)]\nmod a;\n#[cfg(windows)]\nfn a() {}\n";
        assert!(lines(platforms, "a.rs", outside).is_empty());
        let other = "fn a() {\n    #[cfg(loom)]\n    b();\n}\n";
        assert!(lines(platforms, "a.rs", other).is_empty());
    }
}
