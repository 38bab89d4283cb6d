//! Cancelling: by hand, by dropping, by the runtime's end. Nothing is left behind.

use crate::support::{Count, Gate, on_few_and_many_workers, runtime, until};
use qi_graph::{Graph, Node, NodeStatus, Options, Retry, RunError, StopReason};
use qi_test_kit::Ledger;
use std::future::pending;
use std::time::Duration;

/// Nodes that hold tokens and wait for ever, in chains: of each chain one runs.
fn waiting(ledger: &Ledger, waiting: &Gate, chains: usize) -> (Graph, Node<()>) {
    let mut graph = Graph::new();
    let mut last = None;
    for chain in 0..chains {
        let [held, gate] = [ledger.token(chain), ledger.token(chain)];
        let waiting = waiting.clone();
        let first = graph.node(format!("first {chain}")).run(async move |()| {
            let _held = held;
            waiting.await;
            Ok(())
        });
        last = Some(graph.node(format!("second {chain}")).after(&first).run(async move |_| {
            let _held = gate;
            Ok(())
        }));
    }
    (graph, last.expect("a chain"))
}

#[test]
fn cancelling_drops_what_runs_and_what_never_will() {
    on_few_and_many_workers(|runtime| {
        let (ledger, gate) = (Ledger::new(), Gate::default());
        let (graph, last) = waiting(&ledger, &gate, 20);
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        until(|| gate.waiting() == 20);
        assert_eq!(ledger.alive(), 40);
        run.canceller().cancel();
        run.cancel();
        let report = runtime.block_on(run);
        ledger.assert_all_dropped();
        assert!(matches!(report.check(), Err(RunError::Cancelled { left: 40 })));
        assert_eq!(report.stop_reason(), Some(StopReason::Cancelled));
        assert_eq!(report.status(last), Some(NodeStatus::Cancelled));
        let error = report.get(&last).expect_err("cancelled");
        assert_eq!(error.to_string(), "node `second 19` has no result: it was cancelled");
    });
}

#[test]
fn dropping_a_run_cancels_it() {
    on_few_and_many_workers(|runtime| {
        let (ledger, gate) = (Ledger::new(), Gate::default());
        let (graph, _) = waiting(&ledger, &gate, 20);
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        until(|| gate.waiting() == 20);
        drop(run);
        until(|| ledger.alive() == 0 && runtime.stats().active_tasks == 0);
    });
}

#[test]
fn a_run_that_is_dropped_before_it_is_polled_ends_too() {
    on_few_and_many_workers(|runtime| {
        for _ in 0..200 {
            let (ledger, gate) = (Ledger::new(), Gate::default());
            let (graph, _) = waiting(&ledger, &gate, 3);
            drop(graph.start_on(runtime.handle(), Options::new()));
            until(|| ledger.alive() == 0 && runtime.stats().active_tasks == 0);
        }
    });
}

#[test]
fn a_node_may_cancel_its_own_run() {
    on_few_and_many_workers(|runtime| {
        let (sender, receiver) = std::sync::mpsc::channel::<qi_graph::Canceller>();
        let mut graph = Graph::new();
        let first = graph.node("first").blocking(move |()| {
            receiver.recv()?.cancel();
            Ok(1)
        });
        let second = graph.node("second").after(&first).run(async |_| Ok(2));
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        sender.send(run.canceller()).expect("the node waits for it");
        let report = runtime.block_on(run);
        assert_eq!(report.status(second), Some(NodeStatus::Cancelled));
    });
}

#[test]
fn a_pause_between_attempts_ends_at_once() {
    on_few_and_many_workers(|runtime| {
        let tried = Count::default();
        let counted = tried.clone();
        let mut graph = Graph::new();
        let retry =
            Retry::times(9).first_pause(Duration::from_secs(3600)).longest_pause(Duration::MAX);
        graph.node("bad").retry(retry).compute(move |()| {
            counted.up();
            Err::<(), _>("no".into())
        });
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        until(|| tried.get() == 1);
        run.cancel();
        let counts = runtime.block_on(run).counts();
        // Failed, if the request came before the first attempt had returned.
        assert_eq!((counts.cancelled + counts.failed, tried.get()), (1, 1));
    });
}

#[test]
fn a_finished_run_cannot_be_cancelled() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        graph.node("quick").run(async |()| Ok(1));
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        let canceller = run.canceller();
        until(|| run.is_finished());
        run.cancel();
        canceller.cancel();
        let report = runtime.block_on(run);
        assert!(report.check().is_ok(), "all had ended");
        drop(report);
        canceller.cancel();
    });
}

#[test]
fn the_end_of_the_runtime_ends_the_run() {
    for workers in [1, 3] {
        let runtime = runtime(workers);
        let (ledger, gate) = (Ledger::new(), Gate::default());
        let (graph, _) = waiting(&ledger, &gate, 20);
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        until(|| gate.waiting() == 20);
        runtime.shutdown().expect("nothing is left behind");
        ledger.assert_all_dropped();
        assert!(run.is_finished());
        let report = crate::support::runtime(1).block_on(run);
        assert!(matches!(report.check(), Err(RunError::ShutDown { left: 40 })));
    }
}

#[test]
fn a_runtime_that_has_stopped_refuses_a_run_by_ending_it() {
    let stopped = runtime(1);
    stopped.shutdown().expect("nothing is left behind");
    let mut graph = Graph::new();
    graph.node("never").run(async |()| Ok(1));
    let options = Options::new().deadline(Duration::from_secs(3600));
    let run = graph.start_on(stopped.handle(), options).expect("the graph is right");
    assert!(run.is_finished());
    let report = runtime(1).block_on(run);
    assert!(matches!(report.check(), Err(RunError::ShutDown { left: 1 })));
}

#[test]
fn stopping_and_finishing_race_without_harm() {
    on_few_and_many_workers(|runtime| {
        for round in 0..300 {
            let ledger = Ledger::new();
            let mut graph = Graph::new();
            let tokens: Vec<_> = (0..20)
                .map(|number| {
                    let token = ledger.token(number);
                    graph.node(format!("n{number}")).run(async move |()| {
                        let _token = token;
                        if number % 3 == 0 {
                            qi_runtime::yield_now().await;
                        }
                        Ok(())
                    })
                })
                .collect();
            graph.node("last").after(&tokens).run(async |_| Ok(()));
            let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
            for _ in 0..round {
                std::hint::spin_loop();
            }
            run.cancel();
            let report = runtime.block_on(run);
            ledger.assert_all_dropped();
            let counts = report.counts();
            assert_eq!(counts.done + counts.cancelled, 21, "{counts:?}");
        }
    });
}

#[test]
fn a_suspended_node_is_dropped_while_others_finish() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        graph.node("for ever").run(async |()| {
            pending::<()>().await;
            Ok(())
        });
        graph.node("fails").run(async |()| Err::<(), _>("enough".into()));
        let run = graph.start_on(runtime.handle(), Options::new()).expect("it is right");
        let report = runtime.block_on(run);
        assert_eq!((report.counts().failed, report.counts().cancelled), (1, 1));
    });
}
