//! How a graph is run.

use crate::costs::Costs;
use crate::event::{Event, Events, Observer};
use crate::partial::Partial;
use std::fmt;
use std::time::Duration;

/// What a run does when a node has failed, all its attempts over.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, NodeStatus, OnFailure, Options};
/// let mut graph = Graph::new();
/// graph.node("broken").cost(9).compute(|()| Err::<(), _>("no".into()));
/// let apart = graph.node("apart").compute(|()| Ok(()));
/// let options = Options::new().on_failure(OnFailure::Continue);
/// let report = runtime.block_on(graph.start_on(runtime.handle(), options)?);
/// assert_eq!(report.status(apart), Some(NodeStatus::Done));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It cancels what runs and begins nothing more.
    #[default]
    Stop,
    /// It goes on with all nodes that do not need the failed one, and skips those that do.
    Continue,
}

/// How a graph is run.
///
/// # Examples
/// ```
/// use qi_graph::{OnFailure, Options};
/// use std::time::Duration;
/// let options = Options::new()
///     .limit(8)
///     .on_failure(OnFailure::Continue)
///     .deadline(Duration::from_secs(60));
/// ```
#[derive(Default)]
#[must_use = "options do nothing until a graph is started with them"]
pub struct Options {
    pub(crate) limit: Option<usize>,
    pub(crate) on_failure: OnFailure,
    pub(crate) deadline: Option<Duration>,
    pub(crate) release: bool,
    pub(crate) partial: Option<Partial>,
    pub(crate) costs: Option<Costs>,
    pub(crate) observer: Option<Observer>,
    pub(crate) seed: Option<u64>,
}

impl Options {
    /// No limit, no deadline, stop at the first failure.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many nodes are begun and not ended at a time, suspended ones included, those in
    /// pauses between attempts not. A node that waits for a graph of its own lends its place to
    /// that. The limit of the outermost run counts for all in it.
    pub fn limit(mut self, nodes: usize) -> Self {
        self.limit = Some(nodes);
        self
    }

    /// What happens when a node has failed.
    pub fn on_failure(mut self, what: OnFailure) -> Self {
        self.on_failure = what;
        self
    }

    /// When it has not ended after so long, it is cancelled.
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// Lets go of each result as soon as all nodes that read it have it. The report then has the
    /// results of those nodes only that no other reads.
    pub fn release_results(mut self, on: bool) -> Self {
        self.release = on;
        self
    }

    /// Takes over results of an earlier run: those nodes are not run again.
    pub fn resume(mut self, partial: Partial) -> Self {
        self.partial = Some(partial);
        self
    }

    /// Orders by these costs, for instance those measured in an earlier run, instead of those that
    /// the nodes were given. A node without one gets the mean of the others.
    pub fn costs(mut self, costs: Costs) -> Self {
        self.costs = Some(costs);
        self
    }

    /// Calls this at every step of every node, on the thread that makes the step. It must not
    /// block. If it panics, it is not called again; the run goes on.
    ///
    /// There is one observer: a second replaces the first, and [`events`](Self::events) too.
    pub fn observe(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Observer::call(observer));
        self
    }

    /// The steps of all nodes as a stream, which ends with the run. What is not taken from it is
    /// kept.
    pub fn events(mut self) -> (Self, Events) {
        let (sender, events) = Events::channel();
        self.observer = Some(Observer::channel(sender));
        (self, events)
    }

    /// Repeatable jitter: what the random parts of pauses are made from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("limit", &self.limit)
            .field("on_failure", &self.on_failure)
            .field("deadline", &self.deadline)
            .field("release_results", &self.release)
            .field("resume", &self.partial)
            .field("observed", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}
