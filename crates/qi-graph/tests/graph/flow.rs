//! Results pass along edges: shared, moved, optional, many; futures that suspend.

use crate::support::{Count, Gate, Seeded, on_few_and_many_workers, run};
use qi_graph::{Graph, NodeStatus, Options, RunError, skip};
use qi_runtime::time::sleep;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn results_reach_every_consumer() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let a = graph.node("a").run(async |()| Ok(2_u32));
        let b = graph.node("b").run(async |()| Ok("x".to_owned()));
        let both = graph
            .node("both")
            .after((&a, &b))
            .run(async |(a, b): (Arc<u32>, Arc<String>)| Ok(b.repeat(*a as usize)));
        let length = graph
            .node("length")
            .after((&both, &a))
            .compute(|(both, a)| Ok(both.len() + *a as usize));
        let report = run(runtime, graph, Options::new());
        assert!(report.check().is_ok());
        assert_eq!(*report.get(&both).expect("a result"), "xx");
        assert_eq!(*report.get(&length).expect("a result"), 4);
        assert_eq!(report.counts().done, 4);
    });
}

#[test]
fn a_moved_result_is_not_copied() {
    struct NotClone(u32);
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let made = graph.node("made").run(async |()| Ok(NotClone(5)));
        let taken = graph.node("taken").after(made.take()).run(async |mut made: NotClone| {
            made.0 += 1;
            Ok(made.0)
        });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&taken).expect("a result"), 6);
        let Err(RunError::NoResult { node, reason }) = report.get(&made) else {
            panic!("it was moved")
        };
        assert_eq!((node.as_str(), reason.as_str()), ("made", "it was moved, or let go of"));
    });
}

#[test]
fn an_optional_input_is_there_or_not() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let there = graph.node("there").run(async |()| Ok(1));
        let not = graph.node("not").run(async |()| Err::<u32, _>(skip("no need")));
        let sum =
            graph.node("sum").after((there.maybe(), not.maybe())).run(async |(there, not)| {
                Ok(there.map_or(0, |n: Arc<u32>| *n) * 10 + not.map_or(0, |n| *n))
            });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&sum).expect("a result"), 10);
        assert_eq!(report.status(not), Some(NodeStatus::Skipped));
        assert_eq!(report.reason(not).as_deref(), Some("no need"));
    });
}

#[test]
fn who_needs_a_skipped_node_is_skipped_with_its_reason_and_who_comes_later_runs() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let off = graph.node("off").run(async |()| Err::<u32, _>(skip("switched off")));
        let needs = graph.node("needs").after(&off).run(async |_| Ok(1));
        let needs_that = graph.node("needs that").after(&needs).run(async |_| Ok(1));
        let later = graph.node("later").order(off).run(async |()| Ok(7));
        let report = run(runtime, graph, Options::new());
        assert!(report.check().is_ok(), "nothing failed");
        assert_eq!(report.status(needs_that), Some(NodeStatus::Skipped));
        let reason = "`off` was skipped: switched off";
        assert_eq!(report.reason(needs).as_deref(), Some(reason));
        assert_eq!(report.reason(needs_that).as_deref(), Some(reason), "the root, not the chain");
        assert_eq!(*report.get(&later).expect("a result"), 7);
    });
}

#[test]
fn order_without_data_is_kept() {
    on_few_and_many_workers(|runtime| {
        let first = Count::default();
        let mut graph = Graph::new();
        for number in 0..20 {
            let first = first.clone();
            graph.node(format!("early {number}")).run(async move |()| {
                sleep(Duration::from_micros(100)).await;
                first.up();
                Ok(())
            });
        }
        let seen = first.clone();
        let last = graph.node("last").run(async move |()| Ok(seen.get()));
        for number in 0..20 {
            graph.order_by_name(format!("early {number}"), "last");
        }
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&last).expect("a result"), 20);
    });
}

#[test]
fn nodes_may_wait_for_each_other_while_they_run() {
    // Two nodes without an edge, the first of which suspends until the second has run: on one worker
    // too this ends.
    on_few_and_many_workers(|runtime| {
        let gate = Gate::default();
        let mut graph = Graph::new();
        let waiting = gate.clone();
        graph.node("waits").cost(9).run(async move |()| {
            waiting.await;
            Ok(())
        });
        graph.node("opens").run(async move |()| {
            gate.set();
            Ok(())
        });
        assert_eq!(run(runtime, graph, Options::new()).counts().done, 2);
    });
}

#[test]
fn random_graphs_give_what_a_loop_gives() {
    on_few_and_many_workers(|runtime| {
        let mut random = Seeded::new("random_graphs_give_what_a_loop_gives");
        for _ in 0..20 {
            let count = 1 + random.below(300) as usize;
            let mut graph = Graph::new();
            let mut nodes = Vec::new();
            let mut expected: Vec<u64> = Vec::new();
            for index in 0..count {
                let inputs: Vec<usize> = if index == 0 {
                    Vec::new()
                } else {
                    (0..random.below(4)).map(|_| random.below(index as u64) as usize).collect()
                };
                let sum = inputs.iter().map(|&input| expected[input]).fold(1, u64::wrapping_add);
                expected.push(sum);
                let handles: Vec<_> = inputs.iter().map(|&input| nodes[input]).collect();
                let suspends = random.below(3);
                nodes.push(graph.node(format!("n{index}")).after(&handles).run(
                    async move |inputs: Vec<Arc<u64>>| {
                        for _ in 0..suspends {
                            qi_runtime::yield_now().await;
                        }
                        Ok(inputs.iter().map(|input| **input).fold(1, u64::wrapping_add))
                    },
                ));
            }
            let report = run(runtime, graph, Options::new());
            for (node, expected) in nodes.iter().zip(&expected) {
                assert_eq!(*report.get(node).expect("a result"), *expected);
            }
        }
    });
}

#[test]
fn results_are_let_go_of_when_all_have_read_them() {
    on_few_and_many_workers(|runtime| {
        let ledger = qi_test_kit::Ledger::new();
        let mut graph = Graph::new();
        let token = ledger.token(1);
        let source = graph.node("source").run(async move |()| Ok(token));
        let one = graph.node("one").after(&source).run(async |token| Ok(token.number()));
        let two = graph
            .node("two")
            .after((&source, &one))
            .run(async |(token, one)| Ok(token.number() + *one));
        let watched = ledger.clone();
        let after = graph.node("after").after(&two).run(async move |_| Ok(watched.alive()));
        let report = run(runtime, graph, Options::new().release_results(true));
        assert_eq!(*report.get(&after).expect("nobody reads it"), 0, "the token was let go of");
        assert!(report.get(&source).is_err() && report.get(&two).is_err());
        ledger.assert_all_dropped();
    });
}

#[test]
fn a_result_can_be_taken_out_of_the_report() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let text = graph.node("text").run(async |()| Ok("long".to_owned()));
        let mut report = run(runtime, graph, Options::new());
        let held = report.get(&text).expect("a result");
        assert!(report.take(&text).is_err(), "somebody holds it");
        drop(held);
        assert_eq!(report.take(&text).expect("a result"), "long");
        assert!(report.get(&text).is_err());
    });
}

#[test]
fn an_empty_graph_ends_at_once() {
    on_few_and_many_workers(|runtime| {
        let report = run(runtime, Graph::new(), Options::new());
        assert!(report.check().is_ok());
        assert!(report.critical_path().is_empty());
        assert!(report.to_svg().ends_with("</svg>\n"));
    });
}

#[test]
fn a_run_is_detached_and_goes_on() {
    on_few_and_many_workers(|runtime| {
        let ran = Count::default();
        let mut graph = Graph::new();
        let counted = ran.clone();
        let first = graph.node("first").run(async |()| {
            sleep(Duration::from_millis(1)).await;
            Ok(())
        });
        graph.node("second").after(&first).run(async move |_| {
            counted.up();
            Ok(())
        });
        graph.start_on(runtime.handle(), Options::new()).expect("it is right").detach();
        crate::support::until(|| ran.get() == 1);
    });
}

#[test]
fn a_graph_can_be_started_inside_a_task() {
    on_few_and_many_workers(|runtime| {
        let task = runtime.spawn(async {
            let mut graph = Graph::new();
            let node = graph.node("node").run(async |()| Ok(3));
            let report = graph.start(Options::new()).expect("there is a runtime").await;
            *report.get(&node).expect("a result")
        });
        assert_eq!(runtime.block_on(task).expect("no panic"), 3);
    });
}
