//! Graphs of a million nodes, deep and wide; none of it needs a large stack.

use crate::support::{run, runtime};
use qi_graph::{Graph, Node, NodeStatus, OnFailure, Options};
use std::thread;

/// Debug builds take a tenth of it.
const NODES: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

/// Runs on a stack that no recursion over nodes would fit on.
fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(256 << 10).spawn(body).expect("a thread starts");
    if let Err(payload) = thread.join() {
        std::panic::resume_unwind(payload);
    }
}

fn chain(graph: &mut Graph, fails: bool) -> Node<u64> {
    let mut last = graph
        .node("n0")
        .compute(move |()| if fails { Err("at the beginning".into()) } else { Ok(0_u64) });
    for index in 1..NODES {
        last = graph.node(format!("n{index}")).after(&last).compute(|before| Ok(*before + 1));
    }
    last
}

#[test]
fn a_deep_chain_runs_and_is_dropped() {
    on_a_small_stack(|| {
        for workers in [1, 2] {
            let runtime = runtime(workers);
            let mut graph = Graph::with_capacity(NODES, NODES);
            let last = chain(&mut graph, false);
            assert_eq!(graph.len(), NODES);
            let report = run(&runtime, graph, Options::new());
            assert_eq!(*report.get(&last).expect("a result"), NODES as u64 - 1);
            assert_eq!(report.critical_path().len(), NODES);
            drop(report.into_partial());
        }
        let mut dropped = Graph::new();
        chain(&mut dropped, false);
        assert!(dropped.validate().is_ok());
    });
}

#[test]
fn a_failure_skips_a_deep_chain_without_recursion() {
    on_a_small_stack(|| {
        let runtime = runtime(1);
        let mut graph = Graph::new();
        let last = chain(&mut graph, true);
        let report = run(&runtime, graph, Options::new().on_failure(OnFailure::Continue));
        assert_eq!(report.counts().skipped, NODES - 1);
        assert_eq!(report.reason(last).as_deref(), Some("`n0` failed: at the beginning"));
    });
}

#[test]
fn a_chain_against_the_order_of_numbers_is_sorted() {
    on_a_small_stack(|| {
        let runtime = runtime(2);
        let mut graph = Graph::new();
        let nodes: Vec<Node<u64>> =
            (0..NODES / 10).map(|index| graph.declare(format!("n{index}"))).collect();
        for pair in nodes.windows(2) {
            graph.define(&pair[0]).after(&pair[1]).compute(|later| Ok(*later + 1));
        }
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        graph.define(&last).compute(|()| Ok(1));
        let report = run(&runtime, graph, Options::new());
        assert_eq!(*report.get(&first).expect("a result"), nodes.len() as u64);
    });
}

#[test]
fn a_hundred_thousand_inputs_and_outputs() {
    const WIDTH: u64 = 100_000;
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let mut graph = Graph::new();
        let source = graph.node("source").compute(|()| Ok(1_u64));
        let parts: Vec<_> = (0..WIDTH)
            .map(|index| graph.node(format!("n{index}")).after(&source).compute(|one| Ok(*one)))
            .collect();
        let sum = graph
            .node("sum")
            .after(&parts)
            .compute(|parts| Ok(parts.iter().map(|part| **part).sum::<u64>()));
        let report = run(&runtime, graph, Options::new().release_results(true));
        assert_eq!(*report.get(&sum).expect("a result"), WIDTH);
    }
}

#[test]
fn a_hundred_thousand_suspended_nodes_are_cancelled() {
    let runtime = runtime(2);
    let gate = crate::support::Count::default();
    let mut graph = Graph::new();
    for index in 0..100_000 {
        let gate = gate.clone();
        graph.node(format!("n{index}")).run(async move |()| {
            gate.up();
            std::future::pending::<()>().await;
            Ok(())
        });
    }
    let never = graph.node("never").order_by_name("n7").run(async |()| Ok(()));
    let started = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
    crate::support::until(|| gate.get() == 100_000);
    started.cancel();
    let report = runtime.block_on(started);
    assert_eq!(report.counts().cancelled, 100_001);
    assert_eq!(report.status(never), Some(NodeStatus::Cancelled));
    crate::support::until(|| runtime.stats().active_tasks == 0);
}
