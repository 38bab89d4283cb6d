//! Attempts after the first.

use crate::support::{Count, on_few_and_many_workers, run};
use qi_graph::{Graph, NodeFailure, Options, Retry, RunError, Step};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn quick(times: u32) -> Retry {
    Retry::times(times).first_pause(Duration::from_micros(200))
}

#[test]
fn a_node_is_tried_until_it_succeeds() {
    on_few_and_many_workers(|runtime| {
        let tries = Count::default();
        let mut graph = Graph::new();
        let input = graph.node("input").run(async |()| Ok(10));
        let counted = tries.clone();
        let flaky = graph.node("flaky").after(&input).retry(quick(5)).run(move |input| {
            let attempt = counted.up();
            async move { if attempt < 3 { Err("not yet".into()) } else { Ok(*input + attempt) } }
        });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&flaky).expect("the third attempt"), 13);
        assert_eq!((tries.get(), report.attempts(flaky)), (3, 3));
    });
}

#[test]
fn a_node_that_never_succeeds_fails_after_all_attempts() {
    on_few_and_many_workers(|runtime| {
        let tries = Count::default();
        let mut graph = Graph::new();
        let counted = tries.clone();
        graph.node("bad").retry(quick(3)).compute(move |()| -> Result<(), _> {
            Err(format!("attempt {}", counted.up()).into())
        });
        let report = run(runtime, graph, Options::new());
        let Err(RunError::Failed { attempts: 4, source, .. }) = report.check() else {
            panic!("{:?}", report.check())
        };
        assert_eq!(source.to_string(), "attempt 4");
        assert_eq!(tries.get(), 4);
    });
}

#[test]
fn time_limits_are_tried_again_and_panics_are_not() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let limit = Duration::from_millis(1);
        let slow = graph.node("slow").timeout(limit).retry(quick(2)).run_with(
            async |node: qi_graph::NodeContext, ()| {
                if node.attempt() < 3 {
                    pending::<()>().await;
                }
                Ok(node.attempt())
            },
        );
        let panics = graph
            .node("panics")
            .order(slow)
            .retry(quick(9))
            .compute(|()| -> Result<(), _> { panic!("a bug") });
        let report = run(runtime, graph, Options::new());
        assert_eq!(*report.get(&slow).expect("the third attempt"), 3);
        assert_eq!(report.attempts(panics), 1);
        let failures = report.failures();
        assert!(matches!(&failures[..], [("panics", NodeFailure::Panicked(_))]));
    });
}

#[test]
fn pauses_are_never_shorter_than_the_policy_says() {
    on_few_and_many_workers(|runtime| {
        let begun: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let mut graph = Graph::new();
        let seen = begun.clone();
        let retry = Retry::times(3)
            .first_pause(Duration::from_millis(2))
            .factor(3.0)
            .longest_pause(Duration::from_millis(5));
        graph.node("bad").retry(retry).compute(move |()| -> Result<(), _> {
            seen.lock().expect("no panic under it").push(Instant::now());
            Err("again".into())
        });
        let events: Arc<Mutex<Vec<Duration>>> = Arc::default();
        let told = events.clone();
        let options = Options::new().observe(move |event| {
            if let Step::Retrying { pause, .. } = event.step {
                told.lock().expect("no panic under it").push(pause);
            }
        });
        let _ = run(runtime, graph, options);
        let begun = begun.lock().expect("no panic under it");
        let pauses: Vec<Duration> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let expected = [2, 5, 5].map(Duration::from_millis);
        assert_eq!(*events.lock().expect("no panic under it"), expected);
        assert!(pauses.iter().zip(expected).all(|(pause, least)| *pause >= least), "{pauses:?}");
    });
}

#[test]
fn a_pause_holds_no_place() {
    // With one place, a node in a pause of a minute must not keep the other one from running and
    // failing, which ends the run.
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let retry =
            Retry::times(1).first_pause(Duration::from_secs(3600)).longest_pause(Duration::MAX);
        graph.node("pauses").cost(9).retry(retry).compute(|()| Err::<(), _>("once".into()));
        graph.node("ends all").compute(|()| Err::<(), _>("the end".into()));
        let report = run(runtime, graph, Options::new().limit(1));
        assert_eq!(report.counts().cancelled, 1);
        assert_eq!(report.failures()[0].0, "ends all");
    });
}
