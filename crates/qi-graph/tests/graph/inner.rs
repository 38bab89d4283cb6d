//! Nodes that add graphs while they run.

use crate::support::{Gate, on_few_and_many_workers, run, until};
use qi_graph::{Graph, GraphError, NodeContext, NodeError, NodeStatus, Options, skip};
use qi_test_kit::Ledger;
use std::future::Future;
use std::pin::Pin;

#[test]
fn a_node_passes_on_the_result_of_a_node_that_it_added() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let count = graph.node("count").run(async |()| Ok(10_u64));
        let sum = graph.node("sum").after(&count).run_with(async |node: NodeContext, count| {
            let mut inner = Graph::new();
            let parts: Vec<_> = (0..*count)
                .map(|n| {
                    inner.node(format!("part {n}")).run(async move |()| {
                        qi_runtime::yield_now().await;
                        Ok(n)
                    })
                })
                .collect();
            let sum = inner
                .node("inner sum")
                .after(&parts)
                .compute(|parts| Ok(parts.iter().map(|part| **part).sum::<u64>()));
            node.run_for(inner, &sum).await
        });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&sum).expect("a result"), 45);
        assert!(report.to_svg().contains("sum/part 3"), "inner nodes are in the picture");
    });
}

#[test]
fn an_inner_node_that_skips_fails_the_outer_node_unless_that_skips_itself() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let inner = || {
            let mut inner = Graph::new();
            let off = inner.node("off").run(async |()| Err::<u32, _>(skip("switched off")));
            (inner, off)
        };
        let passes_on = graph.node("passes on").run_with(async move |node: NodeContext, ()| {
            let (graph, off) = inner();
            node.run_for(graph, &off).await
        });
        let skips_too = graph.node("skips too").run_with(async move |node: NodeContext, ()| {
            let (graph, off) = inner();
            let report = node.run(graph).await?;
            match report.reason(off) {
                Some(reason) => Err(skip(reason)),
                None => Ok(*report.get(&off)?),
            }
        });
        let options = Options::new().on_failure(qi_graph::OnFailure::Continue);
        let report = run(runtime, graph, options);
        assert_eq!(report.status(passes_on), Some(NodeStatus::Failed));
        assert_eq!(
            report.reason(passes_on).as_deref(),
            Some("node `off` has no result: switched off")
        );
        assert_eq!(report.status(skips_too), Some(NodeStatus::Skipped));
        assert_eq!(report.counts().skipped, 1, "inner nodes are counted in their own report");
    });
}

#[test]
fn what_fails_inside_fails_the_node_with_that_error() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let outer = graph.node("outer").run_with(async |node: NodeContext, ()| {
            let mut inner = Graph::new();
            let bad = inner.node("bad").run(async |()| Err::<u32, _>("no luck".into()));
            node.run_for(inner, &bad).await
        });
        let report = run(runtime, graph, Options::new());
        assert_eq!(report.reason(outer).as_deref(), Some("node `bad` failed after 1 attempt(s)"));
    });
}

#[test]
fn a_graph_inside_that_cannot_run_is_an_error_of_its_node() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let outer = graph.node("outer").run_with(async |node: NodeContext, ()| {
            let mut inner = Graph::new();
            inner.node("x").order_by_name("x").run(async |()| Ok(()));
            match node.run(inner).await {
                Err(GraphError::Cycle { nodes }) => Ok(nodes),
                other => Err(format!("{other:?}").into()),
            }
        });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&outer).expect("it handled the error"), ["x"]);
    });
}

#[test]
fn cancelling_the_outer_run_cancels_the_inner_one_and_waits_for_it() {
    on_few_and_many_workers(|runtime| {
        let (ledger, gate) = (Ledger::new(), Gate::default());
        let mut graph = Graph::new();
        let (token, waiting) = (ledger.token(1), gate.clone());
        let outer = graph.node("outer").run_with(async move |node: NodeContext, ()| {
            let mut inner = Graph::new();
            inner.node("waits").run(async move |()| {
                let _token = token;
                waiting.await;
                Ok(())
            });
            node.run(inner).await?.check()?;
            Ok(())
        });
        let started = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        until(|| gate.waiting() == 1);
        started.cancel();
        let report = runtime.block_on(started);
        ledger.assert_all_dropped();
        assert_eq!(report.status(outer), Some(NodeStatus::Cancelled));
    });
}

type Deep = Pin<Box<dyn Future<Output = Result<u32, NodeError>> + Send>>;

/// A graph in a node of a graph in a node, so many deep.
fn dig(node: NodeContext, depth: u32) -> Deep {
    Box::pin(async move {
        if depth == 0 {
            return Ok(0);
        }
        let mut inner = Graph::new();
        let below = inner.node("below").run_with(move |node, ()| dig(node, depth - 1));
        Ok(node.run_for(inner, &below).await? + 1)
    })
}

#[test]
fn graphs_lie_in_one_another() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let top = graph.node("top").run_with(|node, ()| dig(node, 50));
        let report = run(runtime, graph, Options::new().limit(1));
        assert_eq!(*report.get(&top).expect("a result"), 50);
    });
}
