//! From a graph to a run: what is taken over from an earlier one, what waits for what, who begins.

use super::ending::End;
use super::limit::Places;
use super::queue::Queue;
use super::record::{Content, NodeStatus, Slot};
use super::settle::Gate;
use super::sleepers::Sleepers;
use super::turns::Turns;
use super::{Live, Outer, Shared, lock, watchdog};
use crate::context::NodeContext;
use crate::error::GraphError;
use crate::event::{Observer, Step};
use crate::graph::Graph;
use crate::node::Kind;
use crate::options::Options;
use crate::partial::Partial;
use crate::plan::Plan;
use crate::run::Run;
use crate::value::{self, Output};
use qi_runtime::Handle;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};

/// What is known of a node before the run.
enum Known {
    Nothing,
    Result(Output),
    /// It ended well, and its result is gone.
    Ended,
}

/// Starts a graph, within a node of another run if there is one.
pub(crate) fn start(
    mut graph: Graph,
    handle: &Handle,
    mut options: Options,
    outer: Option<&NodeContext>,
) -> Result<Run, GraphError> {
    graph.check()?;
    if options.limit == Some(0) {
        let accepted = "at least 1";
        return Err(GraphError::Option { field: "limit", value: "0".to_owned(), accepted });
    }
    let plan = Plan::new(&graph)?;
    let known = restore(&graph, &plan, options.partial.take())?;
    let ranks = plan.ranks(Plan::costs(&graph, options.costs.as_ref()));
    let (turns, by_node) = Turns::new(&graph.priorities, ranks);
    let gates = gates(&plan, &known, by_node);
    let readers = options.release.then(|| readers(&plan, &known));
    let left = known.iter().filter(|known| matches!(known, Known::Nothing)).count();
    let nodes = graph.len();
    let names = std::mem::take(&mut graph.names);
    let slots = slots(graph.bodies, known);
    let parallelism = handle.stats().worker_threads.max(1);
    let deadline = options.deadline;
    let shared = Shared {
        graph: graph.id,
        names,
        plan,
        slots,
        gates,
        readers,
        queue: Mutex::new(Queue::new(turns, nodes, left, parallelism)),
        places: outer.map_or_else(|| Places::of(options.limit), NodeContext::lend),
        sleepers: Sleepers::default(),
        handle: handle.clone(),
        on_failure: options.on_failure,
        has_deadline: deadline.is_some(),
        seed: options.seed.unwrap_or_else(|| RandomState::new().hash_one(0)),
        observer: observer(options.observer.take(), outer),
        stopped: AtomicU8::new(0),
        live: AtomicUsize::new(0),
        begun: handle.now(),
        elapsed_ns: AtomicU64::new(0),
        end: Mutex::new(End::default()),
        troubles: Mutex::default(),
        first_failure: Mutex::default(),
        extra_bars: Mutex::default(),
        outer: outer.map(|node| Outer {
            name: node.name().to_owned(),
            live: Live::new(node.shared().clone()),
        }),
    };
    // Until it is dropped the run cannot end.
    let live = Live::new(Arc::new(shared));
    let run = live.run();
    if let Some(deadline) = deadline {
        watchdog::spawn(run, deadline);
    }
    let mut ready = beginnings(run);
    let mut queue = lock(&run.queue);
    queue.extend(&mut ready);
    drop(queue);
    run.look_for_work();
    Ok(Run::new(run.clone()))
}

/// Takes over results: those that must be made again are those that are missing, and those that
/// are gone although a node that must run reads them.
fn restore(graph: &Graph, plan: &Plan, partial: Option<Partial>) -> Result<Vec<Known>, GraphError> {
    let mut known: Vec<Known> = Vec::with_capacity(graph.len());
    known.resize_with(graph.len(), || Known::Nothing);
    let Some(partial) = partial else { return Ok(known) };
    for (name, result) in partial.results {
        let Some(node) = plan.index.find(&graph.names, &name) else {
            return Err(GraphError::UnknownResult { name });
        };
        known[node as usize] = match result {
            None => Known::Ended,
            Some(output) => {
                check_type(graph, node, &output)?;
                Known::Result(output)
            }
        };
    }
    plan.backwards(|node| {
        let mut successors = plan.after(node).iter().map(|&packed| Kind::unpack(packed));
        let is_read = successors
            .any(|(kind, later)| kind.reads() && matches!(known[later as usize], Known::Nothing));
        if matches!(known[node as usize], Known::Ended) && is_read {
            known[node as usize] = Known::Nothing;
        }
    });
    Ok(known)
}

fn check_type(graph: &Graph, node: u32, output: &Output) -> Result<(), GraphError> {
    let found = value::type_of(output);
    let expected = graph.bodies[node as usize].as_ref().map(|body| body.result_type());
    match expected {
        Some(expected) if expected != found => Err(GraphError::ResultType {
            name: graph.names.get(node).to_owned(),
            expected: expected.name,
            found: found.name,
        }),
        _ => Ok(()),
    }
}

/// How many each node waits for.
fn gates(plan: &Plan, known: &[Known], turns: Vec<u32>) -> Vec<Gate> {
    let mut waits = vec![0_u32; known.len()];
    for (node, (_, later)) in plan.edges() {
        waits[later as usize] += u32::from(matches!(known[node as usize], Known::Nothing));
    }
    for (waits, known) in waits.iter_mut().zip(known) {
        // One that has ended waits for an edge that does not exist: it never becomes ready.
        *waits += u32::from(!matches!(known, Known::Nothing));
    }
    turns.into_iter().zip(waits).map(|(turn, waits)| Gate::new(turn, waits)).collect()
}

/// How many read each result.
fn readers(plan: &Plan, known: &[Known]) -> Vec<AtomicU32> {
    let mut readers = vec![0_u32; known.len()];
    for (node, (kind, later)) in plan.edges() {
        let reads = kind.reads() && matches!(known[later as usize], Known::Nothing);
        readers[node as usize] += u32::from(reads);
    }
    readers.into_iter().map(AtomicU32::new).collect()
}

fn slots(bodies: Vec<Option<Box<dyn crate::body::Body>>>, known: Vec<Known>) -> Vec<Slot> {
    let place = |(body, known)| match (known, body) {
        (Known::Result(output), _) => Slot::new(Content::Output(output), NodeStatus::Restored),
        (Known::Ended, _) => Slot::new(Content::Nothing, NodeStatus::Restored),
        (Known::Nothing, Some(body)) => Slot::new(Content::Body(body), NodeStatus::Waiting),
        (Known::Nothing, None) => unreachable!("a graph with an undefined node is refused"),
    };
    bodies.into_iter().zip(known).map(place).collect()
}

fn observer(own: Option<Observer>, outer: Option<&NodeContext>) -> Option<Arc<Observer>> {
    let around =
        outer.and_then(|node| Some((node.shared().observer.clone()?, format!("{}/", node.name()))));
    match (own, around) {
        (own, Some((outer, prefix))) => {
            Some(Arc::new(own.unwrap_or_default().within(outer, prefix)))
        }
        (own, None) => own.map(Arc::new),
    }
}

/// The turns of the nodes that wait for none.
fn beginnings(run: &Shared) -> Vec<u32> {
    let mut ready = Vec::new();
    for (node, gate) in (0_u32..).zip(&run.gates) {
        if run.slots[node as usize].with(|record| record.status) == NodeStatus::Restored {
            run.tell(node, || Step::Restored);
        } else if gate.is_open() {
            run.tell(node, || Step::Queued);
            ready.push(gate.turn());
        }
    }
    ready
}
