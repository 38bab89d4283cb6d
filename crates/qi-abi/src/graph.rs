//! Graphs of tasks behind handles: built node by node, run once.
//!
//! # Stages
//! *Building* → *Started*. A graph that is refused stays as it was.
//!
//! # Results
//! Each node's result lies in a slot of its own, where a later node may look at it and whoever comes
//! first takes it: the graph orders the nodes, and what is dropped is dropped once.
#![forbid(unsafe_code)]

use std::error::Error;
use std::ffi::c_void;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qi_graph::{
    AnyNode, Canceller, GraphError, NodeError, NodeFailure, Options, Report, Run, RunError,
};
use qi_runtime::{AbortHandle, Handle, TaskPriority};

use crate::code::Code;
use crate::last_error;
use crate::memory::{Place, Shape};
use crate::task::poll_task::{PollTask, State};
use crate::task::{self, Ending, Task};

/// A graph behind a handle.
pub(crate) struct Graph {
    stage: Mutex<Stage>,
    nodes: Mutex<Vec<Node>>,
}

enum Stage {
    /// In a box: every slot of the table is as large as the largest object.
    Building(Box<qi_graph::Graph>),
    /// Nothing to cancel while it is just being started.
    Started(Option<Canceller>),
}

#[derive(Clone)]
struct Node {
    any: AnyNode,
    result: Arc<Slot>,
}

/// Where a node's result goes.
struct Slot(Mutex<Outcome>);

enum Outcome {
    None,
    There(Place),
    Taken,
    Failed(Code),
}

/// A node's error on its way through the graph.
#[derive(Debug)]
struct Failed(Code);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.0.0)
    }
}

impl Error for Failed {}

/// Locks; nothing is left half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Outcome::None)))
    }

    fn keep(&self, ending: Ending) -> Result<(), NodeError> {
        let (outcome, answer) = match ending {
            Ok(place) => (Outcome::There(place), Ok(())),
            Err(code) => (Outcome::Failed(code), Err(NodeError::from(Failed(code)))),
        };
        *lock(&self.0) = outcome;
        answer
    }

    fn take(&self) -> Result<Place, Code> {
        let mut outcome = lock(&self.0);
        match std::mem::replace(&mut *outcome, Outcome::Taken) {
            Outcome::There(place) => Ok(place),
            Outcome::Taken => Err(Code::ERR_TAKEN),
            Outcome::None => {
                *outcome = Outcome::None;
                Err(Code::ERR_EMPTY)
            }
            Outcome::Failed(code) => {
                *outcome = Outcome::Failed(code);
                Err(code)
            }
        }
    }

    fn look(&self) -> Result<*mut c_void, Code> {
        match &mut *lock(&self.0) {
            Outcome::There(place) => Ok(place.pointer()),
            Outcome::Taken => Err(Code::ERR_TAKEN),
            Outcome::None => Err(Code::ERR_EMPTY),
            Outcome::Failed(code) => Err(*code),
        }
    }
}

/// Why a graph does not run, in a code; the rest is told by `qi_last_error_message`.
fn refused(error: &GraphError) -> Code {
    last_error::keep(&error.to_string(), &error.message_zh());
    match error {
        GraphError::Cycle { .. } => Code::ERR_CYCLE,
        GraphError::NoRuntime(_) => Code::ERR_NOT_INIT,
        GraphError::TooLarge => Code::ERR_NO_MEMORY,
        _ => Code::ERR_INVALID,
    }
}

impl Graph {
    pub(crate) fn new() -> Self {
        Self { stage: Mutex::new(Stage::Building(Box::default())), nodes: Mutex::default() }
    }

    fn add(
        &self,
        name: Option<&str>,
        code: impl FnOnce(&mut qi_graph::Graph, &str, Arc<Slot>) -> AnyNode,
    ) -> Result<u32, Code> {
        let mut stage = lock(&self.stage);
        let Stage::Building(graph) = &mut *stage else { return Err(Code::ERR_BUSY) };
        let mut nodes = lock(&self.nodes);
        let number = u32::try_from(nodes.len()).map_err(|_| Code::ERR_NO_MEMORY)?;
        let made = format!("node {number}");
        let result = Slot::new();
        let any = code(graph, name.unwrap_or(&made), Arc::clone(&result));
        nodes.push(Node { any, result });
        Ok(number)
    }

    /// Adds a node that a poll function drives.
    pub(crate) fn add_poll<S: State + 'static>(
        &self,
        name: Option<&str>,
        priority: TaskPriority,
        task: PollTask<S>,
    ) -> Result<u32, Code> {
        self.add(name, |graph, name, slot| {
            let node = graph.node(name).priority(priority);
            node.run(move |()| async move { slot.keep(task.await) }).into()
        })
    }

    /// Adds a node that is a coroutine.
    pub(crate) fn add_coroutine(
        &self,
        name: Option<&str>,
        priority: TaskPriority,
        spawn: impl FnOnce(&Handle) -> Task + Send + 'static,
    ) -> Result<u32, Code> {
        self.add(name, |graph, name, slot| {
            let node = graph.node(name).priority(priority);
            node.run(move |()| async move { slot.keep(coroutine(spawn).await) }).into()
        })
    }

    /// Adds a node that is a blocking call.
    pub(crate) fn add_blocking(
        &self,
        name: Option<&str>,
        priority: TaskPriority,
        call: impl FnOnce() -> Ending + Send + 'static,
    ) -> Result<u32, Code> {
        self.add(name, |graph, name, slot| {
            let node = graph.node(name).priority(priority);
            node.blocking(move |()| slot.keep(call())).into()
        })
    }

    fn node(&self, number: u32) -> Result<Node, Code> {
        let number = usize::try_from(number).map_err(|_| Code::ERR_INVALID)?;
        lock(&self.nodes).get(number).cloned().ok_or(Code::ERR_INVALID)
    }

    /// The later node does not begin before the earlier one has ended.
    pub(crate) fn order(&self, earlier: u32, later: u32) -> Result<(), Code> {
        let (earlier, later) = (self.node(earlier)?, self.node(later)?);
        let Stage::Building(graph) = &mut *lock(&self.stage) else { return Err(Code::ERR_BUSY) };
        graph.order(earlier.any, later.any);
        Ok(())
    }

    /// Starts it.
    ///
    /// # Errors
    /// What is wrong with the graph, which can be mended then; [`Code::ERR_BUSY`] if it was started.
    pub(crate) fn start(&self, handle: &Handle, options: Options) -> Result<Run, Code> {
        let mut stage = lock(&self.stage);
        let Stage::Building(graph) = &*stage else { return Err(Code::ERR_BUSY) };
        graph.validate().map_err(|error| refused(&error))?;
        let before = std::mem::replace(&mut *stage, Stage::Started(None));
        drop(stage);
        let Stage::Building(graph) = before else { return Err(Code::ERR_BUSY) };
        // Not under the lock: should it be refused after all, nodes are dropped by their owner's code.
        let run = graph.start_on(handle, options).map_err(|error| refused(&error))?;
        *lock(&self.stage) = Stage::Started(Some(run.canceller()));
        Ok(run)
    }

    /// Has the run end without the nodes that have not.
    ///
    /// # Errors
    /// [`Code::ERR_EMPTY`] if it was not started.
    pub(crate) fn cancel(&self) -> Result<(), Code> {
        let canceller = match &*lock(&self.stage) {
            Stage::Started(Some(canceller)) => canceller.clone(),
            _ => return Err(Code::ERR_EMPTY),
        };
        // Not under the lock: it drops what nodes hold.
        canceller.cancel();
        Ok(())
    }

    /// A node's result, which is whoever's asks first.
    pub(crate) fn take(&self, number: u32) -> Result<Place, Code> {
        self.node(number)?.result.take()
    }

    /// Where a node's result lies until it is taken.
    pub(crate) fn look(&self, number: u32) -> Result<*mut c_void, Code> {
        self.node(number)?.result.look()
    }
}

/// Cancels a task that nobody waits for any more; that it has ended does not matter.
struct Wanted(AbortHandle);

impl Drop for Wanted {
    fn drop(&mut self) {
        let _ = self.0.cancel();
    }
}

/// A node that is a coroutine: its own task, which is waited for here.
async fn coroutine(spawn: impl FnOnce(&Handle) -> Task) -> Ending {
    let task = spawn(&Handle::try_current().map_err(|_| Code::ERR_NOT_INIT)?);
    let _wanted = Wanted(task.abort_handle());
    task::outcome_of(task).await
}

/// How a run ended, as the ending of the task that waits for it.
pub(crate) async fn ending(run: Run) -> Ending {
    match outcome(&run.await) {
        Code::OK => Place::new(Shape::new(0, 0, None)?),
        code => Err(code),
    }
}

fn outcome(report: &Report) -> Code {
    match report.check() {
        Ok(()) => Code::OK,
        Err(RunError::Failed { source, .. }) => match source {
            NodeFailure::Error(error) => {
                error.downcast_ref().map_or(Code::ERR_FAILED, |Failed(code)| *code)
            }
            NodeFailure::Panicked(_) => Code::ERR_PANIC,
            NodeFailure::TimedOut(_) => Code::ERR_TIMEOUT,
            _ => Code::ERR_FAILED,
        },
        Err(RunError::Cancelled { .. }) => Code::ERR_CANCELLED,
        Err(RunError::DeadlinePassed { .. }) => Code::ERR_TIMEOUT,
        Err(RunError::ShutDown { .. }) => Code::ERR_SHUTDOWN,
        Err(_) => Code::ERR_FAILED,
    }
}
