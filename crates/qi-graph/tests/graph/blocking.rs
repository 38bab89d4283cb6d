//! Nodes whose code blocks its thread.

use crate::support::{Count, on_few_and_many_workers, run, runtime, until};
use qi_graph::{Graph, NodeStatus, Options, Retry};
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn a_blocking_node_keeps_no_worker() {
    let runtime = runtime(1);
    let (sender, receiver) = mpsc::channel();
    let mut graph = Graph::new();
    let blocked = graph.node("blocked").cost(9).blocking(move |()| Ok(receiver.recv()?));
    graph.node("other").run(async move |()| {
        sender.send(5)?;
        Ok(())
    });
    let report = run(&runtime, graph, Options::new());
    assert_eq!(*report.get(&blocked).expect("a result"), 5);
}

#[test]
fn a_blocking_node_is_tried_again() {
    on_few_and_many_workers(|runtime| {
        let tries = Count::default();
        let mut graph = Graph::new();
        let input = graph.value("input", 3);
        let retry = Retry::times(2).first_pause(Duration::from_micros(10));
        let counted = tries.clone();
        let node = graph.node("node").after(&input).retry(retry).blocking(move |input| {
            if counted.up() < 3 { Err("again".into()) } else { Ok(*input * 2) }
        });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&node).expect("the third attempt"), 6);
    });
}

#[test]
fn a_cancelled_run_waits_for_a_call_that_has_begun() {
    on_few_and_many_workers(|runtime| {
        let (sender, receiver) = mpsc::channel::<()>();
        let (begun, ended) = (Count::default(), Count::default());
        let (began, end) = (begun.clone(), ended.clone());
        let mut graph = Graph::new();
        let node = graph.node("node").blocking(move |()| {
            began.up();
            // Ends when the sender is dropped.
            let _ = receiver.recv();
            end.up();
            Ok(())
        });
        let started = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        until(|| begun.get() == 1);
        started.cancel();
        assert!(!started.is_finished(), "the call goes on");
        drop(sender);
        let report = runtime.block_on(started);
        assert_eq!(ended.get(), 1, "the report comes after the end of the call");
        assert_eq!(report.status(node), Some(NodeStatus::Cancelled));
    });
}
