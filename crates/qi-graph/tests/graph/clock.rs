//! Reports, events and costs go by the runtime's clock, which the test moves.

use crate::support::{run, until, watched};
use qi_graph::{Graph, OnFailure, Options, Step};
use qi_runtime::AsyncRuntime;
use qi_runtime::time::{Duration, TestClock, sleep};
use std::sync::{Arc, Mutex};

/// Runs a test's body on one worker and on three, on a clock that stands still while anything goes
/// on and jumps to the next timer when nothing does.
fn on_a_test_clock(body: impl Fn(&AsyncRuntime) + Send + Sync + 'static) {
    let body = Arc::new(body);
    for workers in [1, 3] {
        let body = body.clone();
        watched(move || {
            let clock = TestClock::paused();
            let builder = AsyncRuntime::builder().worker_threads(workers).test_clock(&clock);
            let runtime = builder.build().expect("a runtime starts");
            body(&runtime);
            until(|| runtime.stats().active_tasks == 0);
        });
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn reports_events_and_costs_go_by_the_runtimes_clock() {
    on_a_test_clock(|runtime| {
        let mut graph = Graph::new();
        let first = graph.node("first").run(async |()| {
            sleep(seconds(30)).await;
            Ok(())
        });
        let second = graph.node("second").after(&first).run_with(async |node, _| {
            let mut inner = Graph::new();
            inner.node("inner").run(async |()| {
                sleep(seconds(12)).await;
                Ok(())
            });
            node.run(inner).await?.check()?;
            Ok(())
        });
        let third = graph.node("third").after(&second).compute(|_| Ok(()));
        let ends = Arc::new(Mutex::new(Vec::new()));
        let told = ends.clone();
        let options = Options::new().observe(move |event| {
            if event.step == Step::Finished {
                told.lock().expect("no panic under it").push((event.node.to_string(), event.at));
            }
        });
        // Started on a thread that works for no runtime, and so has another clock.
        let report = run(runtime, graph, options);
        report.check().expect("no failure");
        assert_eq!(report.elapsed(), seconds(42));
        assert_eq!(report.times(second), Some((seconds(30), seconds(42))));
        assert_eq!(report.times(third), Some((seconds(42), seconds(42))), "no time at all");
        assert_eq!(report.costs().get("first"), Some(seconds(30)));
        assert_eq!(report.critical_path(), ["first", "second", "third"]);
        let names = [("first", 30), ("second/inner", 12), ("second", 42), ("third", 42)];
        let expected = names.map(|(name, at)| (name.to_owned(), seconds(at)));
        assert_eq!(
            *ends.lock().expect("no panic under it"),
            expected,
            "since the node's run began"
        );
        let svg = report.to_svg();
        assert!(svg.contains("3 nodes: 3 done in 42000 ms"), "{svg}");
    });
}

#[test]
fn a_run_that_takes_no_time_has_a_path_and_a_picture() {
    on_a_test_clock(|runtime| {
        let mut graph = Graph::new();
        let first = graph.node("first").compute(|()| Ok(1));
        graph.node("second").after(&first).compute(|first| Ok(*first));
        let report = run(runtime, graph, Options::new());
        assert_eq!(report.elapsed(), Duration::ZERO);
        assert_eq!(report.critical_path(), ["first", "second"]);
        let svg = report.to_svg();
        assert!(svg.contains("2 nodes: 2 done in 0 ms") && !svg.contains("NaN"), "{svg}");
    });
}

#[test]
fn the_measured_critical_path_goes_on_through_a_skipped_node() {
    on_a_test_clock(|runtime| {
        let mut graph = Graph::new();
        let quick = graph.node("quick").run(async |()| {
            sleep(seconds(1)).await;
            Err::<u32, _>("it fails".into())
        });
        let slow = graph.node("slow").run(async |()| {
            sleep(seconds(40)).await;
            Ok(1_u32)
        });
        let both = graph.node("both").after((&quick, &slow)).compute(|(a, b)| Ok(*a + *b));
        let last = graph.node("last").after(both.maybe()).run(async |both| {
            sleep(seconds(2)).await;
            Ok(both.is_none())
        });
        graph.node("never").after(&both).order(last).compute(|_| Ok(()));
        let report = run(runtime, graph, Options::new().on_failure(OnFailure::Continue));
        // Who comes after a skipped node comes after all that this would have waited for.
        assert_eq!(report.times(last), Some((seconds(40), seconds(42))));
        assert_eq!(report.critical_path(), ["slow", "both", "last"]);
        assert_eq!(report.elapsed(), seconds(42));
    });
}
