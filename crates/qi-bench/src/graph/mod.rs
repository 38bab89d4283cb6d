//! Graphs of tasks: a million nodes that do next to nothing, and a compile-like one whose nodes take
//! their time.

mod schedule;
mod shape;

use std::sync::Arc;
use std::time::{Duration, Instant};

use qi_graph::{Graph, Node, Options, Report};
use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig};

use crate::measure::{Meter, process_cpu_ns};
use crate::sample::Sample;
use crate::spin;
use crate::workload::Job;
use schedule::Work;
use shape::{COMPILE_NODES, compile_inputs, compile_ns, random_inputs};

const MILLION: u64 = 1_000_000;

/// What passes along the edges of the random graph.
#[derive(Clone, Copy)]
enum Along {
    /// Nothing: plain computations that come one after the other.
    Nothing,
    /// Results: futures that get those of their inputs.
    Results,
}

fn runtime(job: &Job) -> AsyncRuntime {
    let config = AsyncRuntimeConfig { worker_threads: job.workers, ..Default::default() };
    AsyncRuntime::new(config).expect("a Qi runtime starts")
}

/// The random graph. Each node's result is one more than the sum of its inputs'.
fn build_random(nodes: u64, along: Along) -> Graph {
    let mut graph = Graph::with_capacity(nodes as usize, 2 * nodes as usize);
    let mut made: Vec<Node<u64>> = Vec::with_capacity(nodes as usize);
    for index in 0..nodes {
        let mut inputs = random_inputs(index).map(|input| made[input as usize]);
        let mut node = graph.node(index.to_string());
        made.push(match along {
            Along::Nothing => {
                for input in inputs {
                    node = node.order(input);
                }
                node.compute(|()| Ok(1))
            }
            Along::Results => {
                let one = |value: Arc<u64>| *value;
                match (inputs.next(), inputs.next(), inputs.next(), inputs.next()) {
                    (Some(a), Some(b), Some(c), Some(d)) => {
                        node.after((a, b, c, d)).run(async move |(a, b, c, d)| {
                            let sum = one(a).wrapping_add(one(b)).wrapping_add(one(c));
                            Ok(sum.wrapping_add(one(d)).wrapping_add(1))
                        })
                    }
                    (Some(a), Some(b), Some(c), None) => {
                        node.after((a, b, c)).run(async move |(a, b, c)| {
                            let sum = one(a).wrapping_add(one(b)).wrapping_add(one(c));
                            Ok(sum.wrapping_add(1))
                        })
                    }
                    (Some(a), Some(b), ..) => node
                        .after((a, b))
                        .run(async move |(a, b)| Ok(one(a).wrapping_add(one(b)).wrapping_add(1))),
                    (Some(a), ..) => node.after(a).run(async move |a| Ok(one(a).wrapping_add(1))),
                    _ => node.run(async |()| Ok(1)),
                }
            }
        });
    }
    graph
}

fn run(runtime: &AsyncRuntime, graph: Graph) -> Report {
    let run = graph.start_on(runtime.handle(), Options::new()).expect("the graph is right");
    let report = runtime.block_on(run);
    report.check().expect("no node of a bench fails");
    report
}

/// The random graph, from its start to its report; what building it cost is shown beside.
fn random(job: &Job, along: Along) -> Sample {
    let nodes = job.count(MILLION);
    let runtime = runtime(job);
    drop(run(&runtime, build_random(nodes / 10, along)));
    let before = process_cpu_ns();
    let graph = build_random(nodes, along);
    let build_ns = (process_cpu_ns() - before) as f64 / nodes as f64;
    let meter = Meter::start();
    let report = run(&runtime, graph);
    let sample = meter.stop(nodes).with("build_ns", build_ns);
    assert_eq!(report.counts().done as u64, nodes, "every node ran");
    sample
}

/// The compile-like graph. Its time is compared with that of a list schedule of the same lengths,
/// as they were measured in this very run: so what else the machine does counts on both sides.
fn compile(job: &Job) -> Sample {
    const UNIT: Duration = Duration::from_micros(100);
    let rounds = spin::calibrate(UNIT, job.workers) as f64 / UNIT.as_nanos() as f64;
    let nodes = job.count(COMPILE_NODES);
    let mut graph = Graph::new();
    let mut made: Vec<Node<()>> = Vec::new();
    let inputs: Vec<Vec<u64>> = (0..nodes).map(compile_inputs).collect();
    let costs: Vec<u64> = (0..nodes).map(compile_ns).collect();
    for (index, (inputs, &cost)) in inputs.iter().zip(&costs).enumerate() {
        let inputs: Vec<Node<()>> = inputs.iter().map(|&input| made[input as usize]).collect();
        let count = (cost as f64 * rounds) as u64;
        let node = graph.node(index.to_string()).after(&inputs).cost(cost as u32);
        made.push(node.run(async move |_| {
            spin::rounds(count);
            Ok(())
        }));
    }
    let runtime = runtime(job);
    let begun = Instant::now();
    let meter = Meter::start();
    let report = run(&runtime, graph);
    let took = begun.elapsed().as_nanos() as f64;
    let sample = meter.stop(nodes);
    let length = |node: &Node<()>| {
        let (begun, ended) = report.times(node).expect("every node ran");
        (ended - begun).as_nanos() as u64
    };
    let work = Work { lengths: made.iter().map(length).collect(), inputs };
    let list = work.list_schedule(job.workers, &costs) as f64;
    let least = work.lower_bound(job.workers as u64) as f64;
    sample.with("over_list", took / list).with("over_bound", took / least)
}

/// The workloads by name; `None` for a name that is not among them.
pub(crate) fn measure(workload: &str, job: &Job) -> Option<Sample> {
    Some(match workload {
        "graph-order" => random(job, Along::Nothing),
        "graph-data" => random(job, Along::Results),
        "graph-compile" => compile(job),
        _ => return None,
    })
}
