//! The concurrency limit, with suspended nodes and graphs inside of nodes.

use crate::support::{Count, on_few_and_many_workers, run};
use qi_graph::{Graph, NodeContext, Options};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// How many are inside, and how many ever were.
#[derive(Clone, Default)]
struct Inside {
    now: Count,
    most: Arc<AtomicUsize>,
}

impl Inside {
    async fn stay(self) {
        self.most.fetch_max(self.now.up(), SeqCst);
        for _ in 0..3 {
            qi_runtime::yield_now().await;
        }
        qi_runtime::time::sleep(std::time::Duration::from_micros(100)).await;
        self.now.down();
    }
}

fn add(graph: &mut Graph, inside: &Inside, count: usize) {
    for number in 0..count {
        let inside = inside.clone();
        graph.node(format!("n{number}")).run(async move |()| {
            inside.stay().await;
            Ok(())
        });
    }
}

#[test]
fn no_more_nodes_than_the_limit_are_in_flight() {
    on_few_and_many_workers(|runtime| {
        for limit in [1, 2, 5] {
            let inside = Inside::default();
            let mut graph = Graph::new();
            add(&mut graph, &inside, 40);
            let report = run(runtime, graph, Options::new().limit(limit));
            assert_eq!(report.counts().done, 40);
            assert!(inside.most.load(SeqCst) <= limit, "{} of {limit}", inside.most.load(SeqCst));
        }
    });
}

#[test]
fn without_a_limit_suspended_nodes_are_no_obstacle() {
    on_few_and_many_workers(|runtime| {
        let gate = crate::support::Gate::default();
        let mut graph = Graph::new();
        for number in 0..500 {
            let gate = gate.clone();
            graph.node(format!("n{number}")).run(async move |()| {
                gate.await;
                Ok(())
            });
        }
        let started = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        crate::support::until(|| gate.waiting() == 500);
        gate.set();
        assert_eq!(runtime.block_on(started).counts().done, 500);
    });
}

#[test]
fn graphs_inside_of_nodes_share_the_limit_and_never_block_each_other() {
    on_few_and_many_workers(|runtime| {
        for limit in [1, 2, 3] {
            let inside = Inside::default();
            let mut graph = Graph::new();
            for outer in 0..6 {
                let inside = inside.clone();
                graph.node(format!("outer {outer}")).run_with(
                    async move |node: NodeContext, ()| {
                        let inner = |inside: &Inside| {
                            let mut graph = Graph::new();
                            add(&mut graph, inside, 5);
                            graph
                        };
                        // Two at once, and one of them with a graph inside of it.
                        let first = node.start(inner(&inside), Options::new())?;
                        let mut nested = Graph::new();
                        let within = inside.clone();
                        nested.node("deep").run_with(async move |node: NodeContext, ()| {
                            let report = node.run(inner(&within)).await?;
                            Ok(report.counts().done)
                        });
                        let second = node.start(nested, Options::new())?;
                        first.await.check()?;
                        second.await.check()?;
                        Ok(())
                    },
                );
            }
            add(&mut graph, &inside, 10);
            let report = run(runtime, graph, Options::new().limit(limit));
            assert!(report.check().is_ok(), "{:?}", report.check());
            assert_eq!(report.counts().done, 16);
            assert!(inside.most.load(SeqCst) <= limit, "{} of {limit}", inside.most.load(SeqCst));
        }
    });
}
