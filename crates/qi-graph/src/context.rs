//! What a node's code can know and do besides its inputs: above all add a graph to the run.

use crate::error::{GraphError, NodeError, RunError};
use crate::graph::Graph;
use crate::node::Node;
use crate::options::Options;
use crate::report::Report;
use crate::run::{self, Limit, Live, Places, Run, Shared};
use qi_runtime::TaskHandle;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A node that runs, for its own code. Made for [`NodeBuilder::run_with`].
///
/// [`NodeBuilder::run_with`]: crate::NodeBuilder::run_with
///
/// # Examples
/// A node that learns only when it runs what is to be done, adds nodes for that, and passes the
/// result of one of them on as its own:
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(2).build().unwrap();
/// use qi_graph::{Graph, Options};
/// let mut graph = Graph::new();
/// let list = graph.node("list").run(async |()| Ok(vec![3_u64, 4, 5]));
/// let total = graph.node("squares").after(&list).run_with(async |node, list| {
///     let mut inner = Graph::new();
///     let squares: Vec<_> = list
///         .iter()
///         .map(|&n| inner.node(format!("square {n}")).compute(move |()| Ok(n * n)))
///         .collect();
///     let sum = inner.node("sum").after(&squares).compute(|squares| {
///         Ok(squares.iter().map(|square| **square).sum::<u64>())
///     });
///     node.run_for(inner, &sum).await
/// });
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert_eq!(*report.get(&total)?, 50);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
/// Dropping it loses nothing. A graph that was begun with it is cancelled when the future of
/// [`run`](Self::run) is dropped.
pub struct NodeContext {
    run: Arc<Shared>,
    node: u32,
    attempt: u32,
    /// The node's own place, while it waits for graphs of its own.
    lent: Arc<Limit>,
}

impl NodeContext {
    pub(crate) fn new(run: Arc<Shared>, node: u32, attempt: u32) -> Self {
        Self { run, node, attempt, lent: Limit::new(1) }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.run.names.get(self.node)
    }

    /// Which attempt this is, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether the run is being stopped: long computations may look at it.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.run.is_stopped()
    }

    /// Starts a graph as a part of this run: under its concurrency limit, with its events, and
    /// with its nodes in the same timeline. Dropping the [`Run`] cancels that graph alone. While it
    /// runs the node does not count against the limit, so it should do nothing but wait.
    ///
    /// # Errors
    /// What is wrong with the graph or the options.
    pub fn start(&self, graph: Graph, options: Options) -> Result<Run, GraphError> {
        run::start(graph, self.run.handle(), options, Some(self))
    }

    /// Runs a graph as a part of this run, and waits for it.
    ///
    /// # Errors
    /// What is wrong with the graph; what it failed with is in the report.
    ///
    /// # Cancel safety
    /// If it is dropped the graph is cancelled.
    pub async fn run(&self, graph: Graph) -> Result<Report, GraphError> {
        Ok(self.start(graph, Options::new())?.await)
    }

    /// Runs a graph for the result of one of its nodes.
    ///
    /// # Errors
    /// What is wrong with the graph, or what it failed with. If that node was skipped there is no
    /// result, which is an error too: passed on with `?` it makes this node fail, not skip. A node
    /// that would be skipped with it runs the graph by [`run`](Self::run), looks at the report, and
    /// returns [`skip`](crate::skip) itself.
    ///
    /// # Cancel safety
    /// If it is dropped the graph is cancelled.
    pub async fn run_for<T>(&self, graph: Graph, node: &Node<T>) -> Result<T, NodeError>
    where
        T: Send + Sync + 'static,
    {
        let node = *node;
        let mut report = self.run(graph).await?;
        report.check()?;
        Ok(report.take(&node).map_err(Box::<RunError>::new)?)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.run
    }

    /// The places for a run inside this node.
    pub(crate) fn lend(&self) -> Places {
        self.run.places().within(&self.lent)
    }

    /// Runs a blocking call on the runtime's pool. The run does not end before the call has.
    pub(crate) fn block<T: Send + 'static>(
        self,
        call: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
    ) -> BlockingCall<T> {
        let live = Live::new(self.run.clone());
        let task = self.run.handle().task().priority(self.run.lane(self.node)).name("graph call");
        // In this order: what the call made is dropped before the run may end without it.
        BlockingCall(task.spawn_blocking(move || (call(), live)))
    }
}

/// Waits for a blocking call; cancels it if it has not begun.
pub(crate) struct BlockingCall<T>(TaskHandle<(Result<T, NodeError>, Live)>);

impl<T> Future for BlockingCall<T> {
    type Output = Result<T, NodeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match Pin::new(&mut self.0).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok((outcome, _live))) => Poll::Ready(outcome),
            Poll::Ready(Err(error)) if error.is_panic() => {
                std::panic::resume_unwind(error.into_panic())
            }
            // Nobody but a shutdown cancels it, which drops whoever waits here too.
            Poll::Ready(Err(_)) => Poll::Pending,
        }
    }
}

impl<T> Drop for BlockingCall<T> {
    fn drop(&mut self) {
        // One that has begun, or ended, cannot be cancelled; the run waits for it.
        let _ = self.0.cancel();
    }
}

impl fmt::Debug for NodeContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeContext")
            .field("name", &self.name())
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
