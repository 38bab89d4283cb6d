//! A graph in the language of Graphviz.

use crate::names::Names;
use crate::node::Kind;
use crate::run::NodeStatus;
use std::fmt::Write;

/// A name between quotes: quotes and backslashes escaped, lines kept.
fn quoted(name: &str) -> String {
    let mut safe = String::with_capacity(name.len() + 2);
    safe.push('"');
    for letter in name.chars() {
        match letter {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            '\n' => safe.push_str("\\n"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe.push('"');
    safe
}

fn colour(status: NodeStatus) -> &'static str {
    match status {
        NodeStatus::Done => "palegreen",
        NodeStatus::Restored => "lightblue",
        NodeStatus::Failed => "salmon",
        NodeStatus::Skipped => "khaki",
        NodeStatus::Cancelled => "lightgrey",
        NodeStatus::Waiting | NodeStatus::Running => "white",
    }
}

/// The whole graph; nodes are called by their numbers, so that any name will do.
pub(crate) fn write(
    names: &Names,
    edges: impl Iterator<Item = (u32, (Kind, u32))>,
    status: impl Fn(u32) -> Option<NodeStatus>,
) -> String {
    let mut dot = String::from("digraph {\n  rankdir=LR;\n  node [shape=box, style=filled");
    dot.push_str(", fillcolor=white, fontname=\"sans-serif\"];\n");
    // Writing to a string does not fail.
    for node in 0..u32::try_from(names.len()).unwrap_or(u32::MAX) {
        let fill = status(node).map_or(String::new(), |status| {
            format!(", fillcolor={}, tooltip=\"{status:?}\"", colour(status))
        });
        let _ = writeln!(dot, "  n{node} [label={}{fill}];", quoted(names.get(node)));
    }
    for (from, (kind, to)) in edges {
        let style = match kind {
            Kind::Data => "",
            Kind::Moved => " [style=bold]",
            Kind::Maybe => " [style=dashed]",
            Kind::Order => " [style=dotted]",
        };
        let _ = writeln!(dot, "  n{from} -> n{to}{style};");
    }
    dot.push_str("}\n");
    dot
}

#[cfg(test)]
mod tests {
    use super::{quoted, write};
    use crate::names::Names;
    use crate::node::Kind;

    #[test]
    fn names_of_all_kinds_are_escaped() {
        assert_eq!(quoted("a \"b\" \\ c\nd\u{7}"), r#""a \"b\" \\ c\nd ""#);
    }

    #[test]
    fn kinds_of_edges_have_styles_of_their_own() {
        let mut names = Names::default();
        ["x", "y"].into_iter().for_each(|name| names.push(name));
        let dot = write(&names, [(0, (Kind::Order, 1))].into_iter(), |_| None);
        assert!(dot.contains("n0 [label=\"x\"];\n"), "{dot}");
        assert!(dot.contains("n0 -> n1 [style=dotted];\n"), "{dot}");
    }
}
