//! What observers are told.

use crate::support::{on_few_and_many_workers, run, runtime};
use qi_graph::{Event, Graph, NodeContext, OnFailure, Options, Partial, Retry, Step, skip};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// All events of a run, in order.
fn observed(runtime: &qi_runtime::AsyncRuntime, graph: Graph, options: Options) -> Vec<Event> {
    let all: Arc<Mutex<Vec<Event>>> = Arc::default();
    let seen = all.clone();
    let options = options.observe(move |event| {
        seen.lock().expect("no panic under it").push(event.clone());
    });
    drop(run(runtime, graph, options));
    std::mem::take(&mut all.lock().expect("no panic under it"))
}

fn steps_of(events: &[Event], node: &str) -> Vec<Step> {
    events.iter().filter(|event| &*event.node == node).map(|event| event.step.clone()).collect()
}

#[test]
fn every_step_of_every_node_is_told_in_order() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let pause = Duration::from_micros(100);
        let kept = graph.node("kept").run(async |()| Ok(1));
        let mut tries = 0;
        let flaky =
            graph.node("flaky").after(&kept).retry(Retry::times(1).first_pause(pause)).compute(
                move |_| {
                    tries += 1;
                    if tries == 1 { Err("first".into()) } else { Ok(()) }
                },
            );
        graph.node("off").order(flaky).run(async |()| Err::<(), _>(skip("no need")));
        let bad = graph.node("bad").order(flaky).run(async |()| Err::<(), _>("broken".into()));
        graph.node("behind").after(&bad).run(async |_| Ok(()));
        let options =
            Options::new().on_failure(OnFailure::Continue).resume(Partial::new().with("kept", 1));
        let events = observed(runtime, graph, options);
        let started = |attempt| Step::Started { attempt };
        let text = str::to_owned;
        assert_eq!(steps_of(&events, "kept"), [Step::Restored]);
        assert_eq!(
            steps_of(&events, "flaky"),
            [
                Step::Queued,
                started(1),
                Step::Retrying { attempt: 1, pause, error: text("first") },
                Step::Queued,
                started(2),
                Step::Finished,
            ]
        );
        assert_eq!(
            steps_of(&events, "off"),
            [Step::Queued, started(1), Step::Skipped { reason: text("no need") }]
        );
        assert_eq!(
            steps_of(&events, "bad"),
            [Step::Queued, started(1), Step::Failed { error: text("broken") }]
        );
        assert_eq!(
            steps_of(&events, "behind"),
            [Step::Skipped { reason: text("`bad` failed: broken") }]
        );
    });
}

#[test]
fn cancelled_nodes_are_told_of_begun_or_not() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let waits = graph.node("waits").cost(9).run(async |()| {
            std::future::pending::<()>().await;
            Ok(())
        });
        graph.node("never").after(&waits).run(async |_| Ok(()));
        graph.node("bad").run(async |()| Err::<(), _>("broken".into()));
        let events = observed(runtime, graph, Options::new());
        assert_eq!(steps_of(&events, "waits").last(), Some(&Step::Cancelled));
        assert_eq!(steps_of(&events, "never"), [Step::Cancelled]);
    });
}

#[test]
fn the_outer_observer_hears_of_inner_nodes() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        graph.node("outer").run_with(async |node: NodeContext, ()| {
            let mut inner = Graph::new();
            inner.node("inner").run(async |()| Ok(()));
            let (options, events) = Options::new().events();
            node.start(inner, options)?.await.check()?;
            Ok(futures_util::StreamExt::count(events).await)
        });
        let events = observed(runtime, graph, Options::new());
        assert_eq!(steps_of(&events, "outer/inner").len(), 3, "{events:?}");
        assert_eq!(steps_of(&events, "outer").last(), Some(&Step::Finished));
    });
}

#[test]
fn an_observer_that_panics_harms_nobody_and_is_not_called_again() {
    on_few_and_many_workers(|runtime| {
        let calls = crate::support::Count::default();
        let counted = calls.clone();
        let mut graph = Graph::new();
        for number in 0..50 {
            graph.node(format!("n{number}")).run(async |()| Ok(()));
        }
        let options = Options::new().observe(move |_| {
            counted.up();
            panic!("an observer");
        });
        let report = run(runtime, graph, options);
        assert_eq!(report.counts().done, 50);
        assert_eq!(calls.get(), 1, "the first call was made before any runner began");
    });
}

#[test]
fn events_can_be_left_alone() {
    let runtime = runtime(1);
    let mut graph = Graph::new();
    graph.node("node").run(async |()| Ok(()));
    let (options, events) = Options::new().events();
    drop(events);
    assert!(run(&runtime, graph, options).check().is_ok());
}

#[test]
fn events_can_be_taken_while_the_run_goes_on() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let mut before = graph.node("n0").run(async |()| Ok(()));
        for number in 1..100 {
            before = graph.node(format!("n{number}")).after(&before).run(async |_| {
                qi_runtime::yield_now().await;
                Ok(())
            });
        }
        let (options, mut events) = Options::new().events();
        let started = graph.start_on(runtime.handle(), options).expect("it is right");
        let count = runtime.block_on(async {
            let mut count = 0;
            while events.next().await.is_some() {
                count += 1;
            }
            count
        });
        assert_eq!(count, 300);
        assert!(runtime.block_on(started).check().is_ok());
        assert_eq!(events.try_next(), None);
    });
}
