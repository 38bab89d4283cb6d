//! Relative links in Markdown lead to something that exists.

use regex_lite::Regex;

use super::Finding;
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let link = Regex::new(r"\]\(<?([^)\s>]+)>?[^)]*\)").expect("the pattern is constant");
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        let mut in_code = false;
        for (number, line) in file.lines() {
            if line.trim_start().starts_with("```") {
                in_code = !in_code;
            }
            if in_code {
                continue;
            }
            for found in link.captures_iter(line) {
                let target = found[1].split('#').next().unwrap_or_default();
                if target.is_empty() || target.contains(':') {
                    continue;
                }
                if resolve(&file.path, target).is_none_or(|path| !tree.has(&path)) {
                    let text = format!("a link to {target}, which does not exist");
                    findings.push(Finding::new(&file.path, number, text));
                }
            }
        }
    }
    findings
}

/// The path from the workspace root, unless it leads out of it. The root itself is `docs`'s
/// parent and so on; an empty path cannot be linked to.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> usize {
        check(&Tree::of(&[("docs/guide/a.md", text), ("docs/b.md", ""), ("src/c.rs", "//! C.\n")]))
            .len()
    }

    #[test]
    fn link_to_what_exists_passes() {
        assert_eq!(broken("[b](../b.md) [b](../b.md#part) [c](/src/c.rs) [d](../../src/)\n"), 0);
        assert_eq!(broken("[web](https://example.org/x.md) [here](#part)\n"), 0);
        assert_eq!(broken("[b](../b.md \"title\")\n"), 0);
    }

    #[test]
    fn link_to_what_does_not_exist_is_found() {
        assert_eq!(broken("[b](b.md)\n"), 1);
        assert_eq!(broken("[x](../../../x.md) and ![i](i.png)\n"), 2);
        assert_eq!(broken("[`c`](../../src/d.rs)\n"), 1);
    }

    #[test]
    fn code_is_not_read_for_links() {
        assert_eq!(broken("```rust\nlet a = b[0](c);\n```\n[b](b.md)\n"), 1);
    }
}
