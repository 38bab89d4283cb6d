//! A run, and what waits for it, dropped after every number of polls.

use crate::support::{Gate, runtime, until};
use qi_graph::{Graph, Options, Run};
use qi_test_kit::{Ledger, poll_once};
use std::pin::Pin;
use std::task::Poll;

/// A run of nodes that suspend a few times, each with a token.
fn start(runtime: &qi_runtime::AsyncRuntime, ledger: &Ledger, gates: &[Gate]) -> Run {
    let mut graph = Graph::new();
    let mut before = graph.node("begin").run(async |()| Ok(()));
    for (number, gate) in gates.iter().enumerate() {
        let (token, gate) = (ledger.token(number), gate.clone());
        before = graph.node(format!("step {number}")).after(&before).run(async move |_| {
            let _token = token;
            gate.await;
            Ok(())
        });
    }
    graph.start_on(runtime.handle(), Options::new()).expect("it is right")
}

#[test]
fn a_run_can_be_dropped_after_every_poll() {
    const GATES: usize = 4;
    for workers in [1, 2] {
        let runtime = runtime(workers);
        for polls in 0..=GATES + 1 {
            let ledger = Ledger::new();
            let gates: Vec<Gate> = (0..GATES).map(|_| Gate::default()).collect();
            let mut run = start(&runtime, &ledger, &gates);
            for (number, gate) in gates.iter().enumerate().take(polls) {
                until(|| gate.waiting() == 1);
                assert!(poll_once(Pin::new(&mut run)).is_pending(), "gate {number} is closed");
                gate.set();
            }
            if polls > GATES {
                until(|| run.is_finished());
                let Poll::Ready(report) = poll_once(Pin::new(&mut run)) else {
                    panic!("it has ended")
                };
                assert_eq!(report.counts().done, GATES + 1);
            }
            drop(run);
            until(|| ledger.alive() == 0 && runtime.stats().active_tasks == 0);
        }
    }
}

#[test]
fn the_next_event_can_be_dropped_at_every_poll_and_none_is_lost() {
    let runtime = runtime(1);
    let gate = Gate::default();
    let mut graph = Graph::new();
    let wait = gate.clone();
    let first = graph.node("first").run(async move |()| {
        wait.await;
        Ok(())
    });
    graph.node("second").after(&first).run(async |_| Ok(()));
    let (options, mut events) = Options::new().events();
    let run = graph.start_on(runtime.handle(), options).expect("it is right");
    let mut seen = Vec::new();
    let mut take_all = |events: &mut qi_graph::Events| {
        loop {
            // A future per poll, dropped whether it was ready or not.
            let mut next = Box::pin(events.next());
            match poll_once(next.as_mut()) {
                Poll::Ready(Some(event)) => seen.push(event),
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
    };
    until(|| gate.waiting() == 1);
    assert!(!take_all(&mut events), "the run goes on");
    gate.set();
    runtime.block_on(run).check().expect("no failure");
    assert!(take_all(&mut events), "the run has ended");
    assert_eq!(seen.len(), 6, "queued, started, finished, twice: {seen:?}");
}

#[test]
fn the_waker_of_who_no_longer_waits_is_let_go_of() {
    let runtime = runtime(1);
    let gate = Gate::default();
    let mut run = start(&runtime, &Ledger::new(), std::slice::from_ref(&gate));
    let count = qi_test_kit::WakeCount::new();
    assert!(qi_test_kit::poll_with(Pin::new(&mut run), &count.waker()).is_pending());
    assert!(count.held() > 0);
    run.detach();
    assert_eq!(count.held(), 0);
    gate.set();
}
