//! A compile-like graph: it fails, is mended, and resumes with what is missing; then it is drawn.
//!
//! `cargo run --example build_graph [-- FOLDER]` writes `build_graph.dot` and `build_graph.svg`
//! into the folder, or into the target folder.

use qi_graph::{Graph, GraphError, Node, NodeError, Options, Report, Retry, Step};
use qi_runtime::AsyncRuntime;
use qi_runtime::time::sleep;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a compiler makes of a source.
struct Object {
    name: &'static str,
    bytes: usize,
}

/// Sources, how long they take to compile, and those that they need.
const SOURCES: [(&str, u64, &[&str]); 6] = [
    ("lexer", 12, &[]),
    ("parser", 18, &["lexer"]),
    ("types", 25, &["parser"]),
    ("codegen", 30, &["types"]),
    ("docs", 9, &["parser"]),
    ("cli", 14, &[]),
];

async fn compile(name: &'static str, ms: u64, broken: bool) -> Result<Object, NodeError> {
    sleep(Duration::from_millis(ms)).await;
    if broken {
        return Err(format!("{name}.qi:7: expected `}}`").into());
    }
    Ok(Object { name, bytes: 100 * ms as usize })
}

/// The graph, and the node that makes the program.
fn build(broken: Option<&'static str>) -> (Graph, Node<String>) {
    let mut graph = Graph::new();
    let mut failures_of_the_mirror = 1;
    let fetch = graph
        .node("fetch")
        .retry(Retry::times(3).first_pause(Duration::from_millis(3)))
        .run(move |()| {
            let fails = failures_of_the_mirror > 0;
            failures_of_the_mirror -= i32::from(fails);
            async move {
                sleep(Duration::from_millis(4)).await;
                if fails { Err("the mirror does not answer".into()) } else { Ok("sources") }
            }
        });
    let mut objects: Vec<(&str, Node<Object>)> = Vec::new();
    for (name, ms, needs) in SOURCES {
        let needed: Vec<Node<Object>> = objects
            .iter()
            .filter(|(object, _)| needs.contains(object))
            .map(|(_, node)| *node)
            .collect();
        let node =
            graph.node(format!("compile {name}")).after((&fetch, &needed)).cost(ms as u32).run(
                move |(_, _): (Arc<&str>, Vec<Arc<Object>>)| {
                    compile(name, ms, broken == Some(name))
                },
            );
        objects.push((name, node));
    }
    let objects: Vec<Node<Object>> = objects.into_iter().map(|(_, node)| node).collect();
    let link = graph.node("link").after(&objects).blocking(|objects| {
        let bytes: usize = objects.iter().map(|object| object.bytes).sum();
        let names: Vec<&str> = objects.iter().map(|object| object.name).collect();
        Ok(format!("{} ({bytes} bytes)", names.join(" + ")))
    });
    (graph, link)
}

fn run(runtime: &AsyncRuntime, graph: Graph, options: Options) -> Result<Report, GraphError> {
    let options = options.observe(|event| match &event.step {
        Step::Retrying { error, .. } => println!("{}: {error}, once more", event.node),
        Step::Failed { error } => println!("{}: {error}", event.node),
        Step::Restored => println!("{}: is there already", event.node),
        _ => {}
    });
    Ok(runtime.block_on(graph.start_on(runtime.handle(), options)?))
}

fn folder() -> PathBuf {
    if let Some(folder) = std::env::args_os().nth(1) {
        return folder.into();
    }
    // The example lies in `target/*/examples`.
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(3).map_or_else(std::env::temp_dir, PathBuf::from)
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
    let (graph, _) = build(Some("types"));
    let report = run(&runtime, graph, Options::new())?;
    if let Err(error) = report.check() {
        println!("first run: {error}");
        println!("第一次运行：{}", error.message_zh());
    }
    let costs = report.costs();
    let (graph, link) = build(None);
    let options = Options::new().resume(report.into_partial()).costs(costs);
    let report = run(&runtime, graph, options)?;
    report.check()?;
    let counts = report.counts();
    println!("second run: {} nodes ran, {} were there", counts.done, counts.restored);
    println!("linked: {}", report.get(&link)?);
    println!("critical path: {}", report.critical_path().join(" → "));

    // The picture is of a run from the beginning.
    let (graph, _) = build(None);
    let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
    let folder = folder();
    for (name, text) in [("build_graph.dot", report.to_dot()), ("build_graph.svg", report.to_svg())]
    {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        println!("written: {}", path.display());
    }
    runtime.shutdown()?;
    Ok(())
}
