//! Graphs that cannot run, and what is said about them.

use crate::support::runtime;
use qi_graph::{Graph, GraphError, Options, Partial};

fn refused(graph: Graph, options: Options) -> GraphError {
    let runtime = runtime(1);
    let error = graph.start_on(runtime.handle(), options).expect_err("it cannot run");
    assert_eq!(runtime.stats().spawned_tasks, 0, "nothing was begun");
    assert!(!error.message_zh().is_empty());
    error
}

#[test]
fn a_cycle_is_named_by_its_nodes() {
    let mut graph = Graph::new();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| graph.node(name).run(async |()| Ok(())));
    graph.order(a, b);
    graph.order(b, c);
    graph.order(c, b);
    graph.order(c, d);
    let error = graph.validate().expect_err("a cycle");
    assert_eq!(error.to_string(), "the nodes wait for one another: `b` → `c` → `b`");
    assert_eq!(error.message_zh(), "任务节点循环依赖：`b` → `c` → `b`");
    assert!(
        matches!(refused(graph, Options::new()), GraphError::Cycle { nodes } if nodes.len() == 2)
    );
}

#[test]
fn a_node_after_itself_is_a_cycle() {
    let mut graph = Graph::new();
    graph.node("me").order_by_name("me").run(async |()| Ok(()));
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "the nodes wait for one another: `me` → `me`");
}

#[test]
fn a_cycle_of_a_hundred_thousand_nodes_is_found() {
    let mut graph = Graph::new();
    let mut before = None;
    for index in 0..100_000 {
        let node = graph.node(format!("n{index}")).run(async |()| Ok(()));
        if let Some(before) = before {
            graph.order(node, before);
        }
        before = Some(node);
    }
    graph.order_by_name("n0", "n99999");
    let GraphError::Cycle { nodes } = refused(graph, Options::new()) else { panic!("a cycle") };
    assert_eq!(nodes.len(), 100_000);
    assert_eq!((nodes[0].as_str(), nodes[1].as_str()), ("n0", "n99999"));
}

#[test]
fn two_nodes_of_one_name_are_refused() {
    let mut graph = Graph::new();
    for name in ["x", "y", "x"] {
        graph.node(name).run(async |()| Ok(()));
    }
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "there are two nodes named `x`");
}

#[test]
fn a_declared_node_needs_a_definition() {
    let mut graph = Graph::new();
    let promised = graph.declare::<u32>("promised");
    graph.node("user").after(&promised).run(async |_| Ok(()));
    let error = refused(graph, Options::new());
    assert_eq!(
        error.to_string(),
        "node `promised` was declared but never defined, and 1 node(s) come after it"
    );
}

#[test]
fn a_builder_that_is_dropped_leaves_a_node_without_code() {
    let mut graph = Graph::new();
    drop(graph.node("half"));
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "`half` has no code: call run, compute or blocking");
    assert_eq!(error.message_zh(), "节点“half”没有代码：请调用 run、compute 或 blocking");

    let mut graph = Graph::new();
    let promised = graph.declare::<u32>("promised");
    drop(graph.define(&promised));
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "node `promised` was declared but never defined");
}

#[test]
fn a_node_is_defined_once() {
    let mut graph = Graph::new();
    let node = graph.declare::<u32>("node");
    graph.define(&node).run(async |()| Ok(1));
    graph.define(&node).run(async |()| Ok(2));
    assert!(
        matches!(refused(graph, Options::new()), GraphError::DefinedTwice { name } if name == "node")
    );
}

#[test]
fn an_input_that_does_not_exist_is_named() {
    let mut graph = Graph::new();
    graph.node("link").order_by_name("compile").run(async |()| Ok(()));
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "node `link` comes after `compile`, which does not exist");

    let mut graph = Graph::new();
    graph.node("link").run(async |()| Ok(()));
    graph.order_by_name("link", "test");
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "an edge leads from `link` to `test`, which does not exist");
}

#[test]
fn an_input_of_another_graph_is_refused() {
    let mut other = Graph::new();
    let foreign = other.node("foreign").run(async |()| Ok(1));
    let message = "an input of node `mine` belongs to another graph";

    let mut graph = Graph::new();
    graph.node("mine").after(&foreign).run(async |_| Ok(()));
    assert_eq!(graph.validate().expect_err("foreign").to_string(), message);
    assert_eq!(refused(graph, Options::new()).to_string(), message);

    let mut graph = Graph::new();
    let mine = graph.node("mine").run(async |()| Ok(()));
    graph.order(foreign, mine);
    assert_eq!(refused(graph, Options::new()).to_string(), message);
}

#[test]
fn a_node_of_another_graph_is_called_that_and_by_no_name() {
    let mut other = Graph::new();
    let foreign = other.node("foreign").run(async |()| Ok(1));

    let mut graph = Graph::new();
    let mine = graph.node("mine").run(async |()| Ok(()));
    graph.order(mine, foreign);
    assert_eq!(
        graph.validate().expect_err("foreign").message_zh(),
        "传给 order 的节点属于另一个任务图"
    );
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "the node given to order belongs to another graph");

    let mut graph = Graph::new();
    graph.define(&foreign).run(async |()| Ok(1));
    let error = refused(graph, Options::new());
    assert_eq!(error.to_string(), "the node given to define belongs to another graph");
}

#[test]
fn a_moved_result_has_one_reader() {
    let mut graph = Graph::new();
    let source = graph.node("source").run(async |()| Ok(1));
    graph.node("taker").after(source.take()).run(async |_| Ok(()));
    graph.node("reader").after(&source).run(async |_| Ok(()));
    let error = refused(graph, Options::new());
    assert_eq!(
        error.to_string(),
        "the result of `source` is moved to `taker`, but other nodes read it too"
    );
}

#[test]
fn results_to_resume_from_fit_the_graph() {
    let graph = || {
        let mut graph = Graph::new();
        graph.node("known").run(async |()| Ok(1_u32));
        graph
    };
    let unknown = Options::new().resume(Partial::new().with("unknown", 1_u32));
    assert_eq!(
        refused(graph(), unknown).to_string(),
        "the results to resume from have one of `unknown`, which does not exist"
    );
    let wrong = Options::new().resume(Partial::new().with("known", "text"));
    assert_eq!(
        refused(graph(), wrong).to_string(),
        "the result of `known` to resume from is a &str, the node makes a u32"
    );
}

#[test]
fn a_limit_of_no_node_is_refused() {
    let error = refused(Graph::new(), Options::new().limit(0));
    assert_eq!(error.to_string(), "limit is 0, accepted is at least 1");
}

#[test]
fn a_graph_needs_a_runtime() {
    let error = Graph::new().start(Options::new()).expect_err("no runtime on this thread");
    assert!(matches!(error, GraphError::NoRuntime(_)));
    assert!(error.message_zh().contains("没有 Qi 运行时"));
}

#[test]
fn handles_of_another_graph_get_nothing_from_a_report() {
    let runtime = runtime(1);
    let mut other = Graph::new();
    let foreign = other.node("foreign").run(async |()| Ok(1));
    let mut graph = Graph::new();
    graph.node("mine").run(async |()| Ok(1));
    let report = crate::support::run(&runtime, graph, Options::new());
    let error = report.get(&foreign).expect_err("it is not in the report");
    assert_eq!(error.to_string(), "the node belongs to another graph than the report");
    assert_eq!(error.message_zh(), "该节点属于另一个任务图，不在这份报告里");
    assert_eq!(report.status(foreign), None);
    assert_eq!(report.attempts(foreign), 0);
    assert_eq!(report.times(foreign), None);
}
