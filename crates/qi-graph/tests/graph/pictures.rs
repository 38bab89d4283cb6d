//! Graphs as DOT, runs as SVG.

use crate::support::{run, runtime};
use qi_graph::{Graph, OnFailure, Options, Retry};
use std::time::Duration;

fn graph() -> Graph {
    let mut graph = Graph::new();
    let a = graph.node("read \"a\" & <b>").run(async |()| Ok(1));
    let retry = Retry::times(1).first_pause(Duration::from_millis(1));
    let mut tries = 0;
    let flaky = graph.node("flaky").after(&a).retry(retry).compute(move |_| {
        tries += 1;
        if tries == 1 { Err("once".into()) } else { Ok(()) }
    });
    let bad = graph.node("bad").order(flaky).run(async |()| Err::<(), _>("no".into()));
    graph.node("behind").after(bad.take()).run(async |()| Ok(()));
    graph
}

/// Whether every element that is opened is closed, in the right order.
fn is_well_formed(xml: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for piece in xml.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { return false };
        if text.contains('&') && !text.contains(';') {
            return false;
        }
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or("");
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn a_graph_becomes_dot() {
    let dot = graph().to_dot();
    assert!(dot.starts_with("digraph {\n") && dot.ends_with("}\n"));
    assert!(dot.contains(r#"n0 [label="read \"a\" & <b>"];"#), "{dot}");
    assert!(dot.contains("n0 -> n1;\n") && dot.contains("n1 -> n2 [style=dotted];\n"), "{dot}");
    assert!(dot.contains("n2 -> n3 [style=bold];\n"), "{dot}");
}

#[test]
fn a_run_becomes_dot_and_svg() {
    let runtime = runtime(1);
    let report = run(&runtime, graph(), Options::new().on_failure(OnFailure::Continue));
    let dot = report.to_dot();
    assert!(dot.contains("fillcolor=salmon, tooltip=\"Failed\""), "{dot}");
    assert!(dot.contains("fillcolor=khaki, tooltip=\"Skipped\""), "{dot}");
    let svg = report.to_svg();
    assert!(is_well_formed(&svg), "{svg}");
    assert!(svg.contains("read &quot;a&quot; &amp; &lt;b&gt;"), "{svg}");
    assert!(svg.contains("4 nodes: 2 done, 1 failed, 1 skipped in "), "{svg}");
    assert!(svg.contains("failed and was tried again"), "{svg}");
    assert!(svg.contains(" ms</text>"), "the axis is in milliseconds");
}

#[test]
fn a_picture_of_many_nodes_stays_small() {
    let runtime = runtime(2);
    let mut graph = Graph::new();
    for index in 0..100_000 {
        graph.node(format!("n{index}")).compute(|()| Ok(()));
    }
    let report = run(&runtime, graph, Options::new());
    let svg = report.to_svg();
    assert!(is_well_formed(&svg));
    assert!(svg.len() < 8 << 20, "{} bytes", svg.len());
}

#[test]
fn a_check_of_markup_can_fail() {
    assert!(!is_well_formed("<a><b></a></b>"));
    assert!(!is_well_formed("<a>"));
    assert!(is_well_formed("<a><b/><c x=\"1\">t</c></a>"));
}
