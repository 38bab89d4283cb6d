//! Which node goes first: lanes, the way to the end, costs.

use crate::support::{Log, on_few_and_many_workers, run, runtime};
use qi_graph::{Costs, Graph, Node, Options};
use qi_runtime::TaskPriority;
use std::time::Duration;

/// A node that notes its name.
fn noting(graph: &mut Graph, log: &Log, name: &str, cost: u32, after: &[Node<()>]) -> Node<()> {
    let (log, own) = (log.clone(), name.to_owned());
    graph.node(name).cost(cost).after(after).run(async move |_| {
        log.note(own);
        Ok(())
    })
}

#[test]
fn the_critical_path_goes_first() {
    let log = Log::default();
    let mut graph = Graph::new();
    // Three ways from the root: of costs 1 + 1, 2 + 9 and 3 + 3.
    let root = noting(&mut graph, &log, "root", 1, &[]);
    let cheap = noting(&mut graph, &log, "cheap", 1, &[root]);
    let long = noting(&mut graph, &log, "long", 2, &[root]);
    let middle = noting(&mut graph, &log, "middle", 3, &[root]);
    noting(&mut graph, &log, "cheap end", 1, &[cheap]);
    noting(&mut graph, &log, "long end", 9, &[long]);
    noting(&mut graph, &log, "middle end", 3, &[middle]);
    let runtime = runtime(1);
    let _ = run(&runtime, graph, Options::new());
    let expected = ["root", "long", "long end", "middle", "middle end", "cheap", "cheap end"];
    assert_eq!(log.all(), expected);
}

#[test]
fn measured_costs_replace_given_ones() {
    let log = Log::default();
    let mut graph = Graph::new();
    for (name, cost) in [("a", 9), ("b", 5), ("c", 1)] {
        noting(&mut graph, &log, name, cost, &[]);
    }
    let costs: Costs = [("a", 1), ("c", 7)]
        .map(|(name, ms)| (name.to_owned(), Duration::from_millis(ms)))
        .into_iter()
        .collect();
    let runtime = runtime(1);
    let _ = run(&runtime, graph, Options::new().costs(costs));
    assert_eq!(log.all(), ["c", "b", "a"], "b is taken for the mean of the others");
}

#[test]
fn a_run_measures_costs_for_the_next_one() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let slept = Duration::from_millis(3);
        graph.node("sleeps").run(async move |()| {
            qi_runtime::time::sleep(slept).await;
            Ok(())
        });
        graph.node("fails").run(async |()| Err::<(), _>("no".into()));
        let continuing = Options::new().on_failure(qi_graph::OnFailure::Continue);
        let costs = run(runtime, graph, continuing).costs();
        assert!(costs.get("sleeps").is_some_and(|cost| cost >= slept), "{costs:?}");
        assert_eq!(costs.get("fails"), None, "a failure says nothing of the cost");
        assert_eq!(costs.iter().count(), 1);
    });
}

#[test]
fn more_urgent_nodes_go_first_whatever_they_cost() {
    let log = Log::default();
    let mut graph = Graph::new();
    let lanes = [
        ("low", TaskPriority::Low, 100),
        ("critical", TaskPriority::Critical, 1),
        ("normal", TaskPriority::Normal, 50),
        ("high", TaskPriority::High, 10),
    ];
    let start = graph.node("start").priority(TaskPriority::Critical).run(async |()| Ok(()));
    for (name, lane, cost) in lanes {
        let log = log.clone();
        graph.node(name).after(&start).priority(lane).cost(cost).run(async move |_| {
            log.note(name);
            Ok(())
        });
    }
    let runtime = runtime(1);
    let _ = run(&runtime, graph, Options::new());
    assert_eq!(log.all(), ["critical", "high", "normal", "low"]);
}

#[test]
fn an_urgent_node_overtakes_tasks_of_other_work() {
    let runtime = runtime(1);
    let log = Log::default();
    let of_tasks = log.clone();
    let of_nodes = log.clone();
    runtime
        .block_on(runtime.spawn(async move {
            for _ in 0..50 {
                let log = of_tasks.clone();
                drop(qi_runtime::spawn(async move { log.note("task") }));
            }
            let mut graph = Graph::new();
            graph.node("urgent").priority(TaskPriority::High).run(async move |()| {
                of_nodes.note("node");
                Ok(())
            });
            graph.start(Options::new()).expect("there is a runtime").await.check()
        }))
        .expect("no panic")
        .expect("no failure");
    let place = log.all().iter().position(|entry| entry == "node");
    assert!(place.is_some_and(|place| place < 5), "{place:?} of {}", log.all().len());
}

#[test]
fn the_measured_critical_path_goes_along_edges_to_the_last_node() {
    on_few_and_many_workers(|runtime| {
        let mut graph = Graph::new();
        let a = graph.node("a").run(async |()| Ok(()));
        let quick = graph.node("quick").after(&a).run(async |_| Ok(()));
        let slow = graph.node("slow").after(&a).run(async |_| {
            qi_runtime::time::sleep(Duration::from_millis(5)).await;
            Ok(())
        });
        graph.node("end").after((&quick, &slow)).run(async |_| Ok(()));
        let report = run(runtime, graph, Options::new());
        let path = report.critical_path();
        assert_eq!((path[0], path[path.len() - 1]), ("a", "end"));
        assert_eq!(path.len(), 3);
    });
}
