//! Nodes that fail or panic, and what becomes of the others.

use crate::support::{Count, Gate, on_few_and_many_workers, run};
use qi_graph::{Graph, NodeFailure, NodeStatus, OnFailure, Options, Report, RunError, StopReason};
use std::error::Error;
use std::future::pending;
use std::io;
use std::time::Duration;

fn failure(report: &Report) -> (String, u32, NodeFailure) {
    match report.check() {
        Err(RunError::Failed { node, attempts, source, .. }) => (node, attempts, source),
        other => panic!("a node failed: {other:?}"),
    }
}

#[test]
fn the_first_failure_stops_the_run() {
    on_few_and_many_workers(|runtime| {
        let begun = Count::default();
        let mut graph = Graph::new();
        let waits = graph.node("waits").cost(9).run(async |()| {
            pending::<()>().await;
            Ok(())
        });
        let bad = graph.node("bad").run(async |()| -> Result<u32, _> {
            Err(io::Error::from(io::ErrorKind::NotFound).into())
        });
        let counted = begun.clone();
        let after = graph.node("after").after(&bad).run(async move |_| {
            counted.up();
            Ok(())
        });
        let report = run(runtime, graph, Options::new());
        let (node, attempts, source) = failure(&report);
        assert_eq!((node.as_str(), attempts), ("bad", 1));
        let NodeFailure::Error(error) = source else { panic!("it returned an error") };
        assert!(error.downcast_ref::<io::Error>().is_some(), "the error itself is kept");
        assert_eq!(report.stop_reason(), Some(StopReason::Failure));
        assert_eq!(report.status(waits), Some(NodeStatus::Cancelled));
        assert_eq!(report.status(after), Some(NodeStatus::Skipped));
        assert_eq!(begun.get(), 0);
    });
}

#[test]
fn independent_branches_go_on_if_asked_to() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let bad = graph.node("bad").run(async |()| Err::<u32, _>("out of tea".into()));
        let behind = graph.node("behind").after(&bad).run(async |_| Ok(1));
        let further = graph.node("further").after(&behind).run(async |_| Ok(1));
        let later = graph.node("later").order(bad).run(async |()| Ok(1));
        let tolerant = graph.node("tolerant").after(bad.maybe()).run(async |bad| Ok(bad.is_none()));
        let good = graph.node("good").run(async |()| Ok(5));
        let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
        assert_eq!(report.stop_reason(), None);
        assert_eq!(*report.get(&good).expect("a result"), 5);
        assert!(*report.get(&tolerant).expect("it runs without"));
        for node in [behind, further, later] {
            assert_eq!(report.status(node), Some(NodeStatus::Skipped));
            assert_eq!(report.reason(node).as_deref(), Some("`bad` failed: out of tea"));
        }
        let error = report.get(&further).expect_err("skipped");
        assert_eq!(error.to_string(), "node `further` has no result: `bad` failed: out of tea");
        assert_eq!(report.failures().len(), 1);
        assert_eq!(failure(&report).2.to_string(), "out of tea");
    });
}

#[test]
fn all_failures_are_counted_and_the_first_is_named() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let first = graph.node("first").run(async |()| Err::<(), _>("one".into()));
        graph.node("second").after(first.maybe()).run(async |_| Err::<(), _>("two".into()));
        let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
        let error = report.check().expect_err("two failed");
        assert_eq!(error.to_string(), "node `first` failed after 1 attempt(s), and 1 more failed");
        assert_eq!(error.source().expect("the failure").to_string(), "one");
        assert_eq!(error.message_zh(), "节点“first”尝试 1 次后失败：one（另有 1 个节点失败）");
    });
}

#[test]
fn a_panic_is_a_failure_with_its_text() {
    struct PanicsInDrop;
    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("dropped badly");
        }
    }
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let early = graph.node("early").run(|()| {
            assert!(qi_runtime::task_id().is_none(), "in the closure");
            async { Ok(()) }
        });
        let late = graph.node("late").run(async |()| -> Result<(), _> {
            qi_runtime::yield_now().await;
            panic!("in the future")
        });
        let computed = graph.node("computed").compute(|()| -> Result<(), _> { panic!("{}", 7) });
        let odd = graph.node("odd").run(async |()| -> Result<(), _> { std::panic::panic_any(7) });
        let blocking = graph.node("blocking").blocking(|()| -> Result<(), _> { panic!("blocked") });
        let in_drop = graph.node("in drop").run(|()| {
            let held = PanicsInDrop;
            std::future::poll_fn(move |_| {
                let _ = &held;
                std::task::Poll::Ready(Ok(()))
            })
        });
        let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
        let text = |node| report.reason(node).expect("it failed");
        assert_eq!(text(early), "panicked: in the closure");
        assert_eq!(text(late), "panicked: in the future");
        assert_eq!(text(computed), "panicked: 7");
        assert_eq!(text(odd), "panicked: (no text)");
        assert_eq!(text(blocking), "panicked: blocked");
        assert_eq!(text(in_drop), "panicked: dropped badly");
        assert_eq!(report.counts().failed, 6);
    });
}

#[test]
fn a_time_limit_ends_an_attempt() {
    on_few_and_many_workers(|runtime| {
        let limit = Duration::from_millis(5);
        let mut graph = Graph::new();
        let slow = graph.node("slow").timeout(limit).run(async |()| {
            pending::<()>().await;
            Ok(())
        });
        let quick = graph.node("quick").timeout(Duration::MAX).run(async |()| {
            qi_runtime::yield_now().await;
            Ok(())
        });
        let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
        assert!(matches!(failure(&report).2, NodeFailure::TimedOut(passed) if passed == limit));
        assert_eq!(report.status(quick), Some(NodeStatus::Done));
        let (begun, ended) = report.times(slow).expect("it began");
        assert!(ended - begun >= limit, "never early");
    });
}

#[test]
fn the_deadline_of_the_run_cancels_what_is_left() {
    on_few_and_many_workers(|runtime| {
        let never = Gate::default();
        let mut graph = Graph::new();
        let quick = graph.node("quick").run(async |()| Ok(1));
        let slow = graph.node("slow").after(&quick).run(async move |_| {
            never.await;
            Ok(())
        });
        graph.node("after").after(&slow).run(async |_| Ok(()));
        let deadline = Duration::from_millis(10);
        let report = run(runtime, graph, Options::new().deadline(deadline));
        assert!(matches!(report.check(), Err(RunError::DeadlinePassed { left: 2 })));
        assert_eq!(*report.get(&quick).expect("a result"), 1);
        assert!(report.elapsed() >= deadline, "never early");
    });
}

#[test]
fn a_far_deadline_does_not_keep_the_run_from_ending() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        graph.node("quick").run(async |()| Ok(1));
        let report = run(runtime, graph, Options::new().deadline(Duration::MAX));
        assert!(report.check().is_ok());
    });
}

#[test]
fn a_deadline_of_nothing_cancels_all() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        graph.node("never").run(async |()| {
            pending::<()>().await;
            Ok(())
        });
        let report = run(runtime, graph, Options::new().deadline(Duration::ZERO));
        assert!(matches!(report.check(), Err(RunError::DeadlinePassed { left: 1 })));
    });
}
