//! One node while it is built.

use crate::body::{Again, Async, AsyncWith, Body, Code, Compute, Limits, Once, only_once};
use crate::context::NodeContext;
use crate::error::NodeError;
use crate::graph::Graph;
use crate::input::Inputs;
use crate::input::sealed::{self, Edges, Links};
use crate::node::{AnyNode, Kind, Node};
use crate::retry::Retry;
use qi_runtime::TaskPriority;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Stands for any type of result: the node's code decides.
///
/// # Examples
/// ```
/// use qi_graph::{Graph, NodeBuilder, Undecided};
/// let mut graph = Graph::new();
/// let node: NodeBuilder<'_, (), Undecided> = graph.node("answer");
/// node.compute(|()| Ok(42));
/// ```
#[derive(Debug)]
pub struct Undecided;

/// Which types of results a node may have.
///
/// # Examples
/// ```
/// use qi_graph::{Declared, Makes, Undecided};
/// fn may_be_a_number<D: Makes<u32>>() {}
/// may_be_a_number::<Undecided>();
/// may_be_a_number::<Declared<u32>>();
/// ```
pub trait Makes<T> {}

impl<T> Makes<T> for Undecided {}

/// A declared node makes what was declared.
///
/// # Examples
/// ```
/// use qi_graph::{Declared, Graph, NodeBuilder};
/// let mut graph = Graph::new();
/// let total = graph.declare::<u64>("total");
/// let node: NodeBuilder<'_, (), Declared<u64>> = graph.define(&total);
/// node.compute(|()| Ok(42));
/// ```
#[derive(Debug)]
pub struct Declared<T>(PhantomData<fn() -> T>);

impl<T> Makes<T> for Declared<T> {}

/// A node that has a name and not yet its code. The methods that give it code finish it.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, Retry};
/// use qi_runtime::TaskPriority;
/// use std::time::Duration;
/// let mut graph = Graph::new();
/// let folder = graph.node("folder").blocking(|()| Ok(std::env::current_dir()?));
/// let mut calls = 0;
/// let depth = graph
///     .node("depth")
///     .after(&folder)
///     .priority(TaskPriority::High)
///     .cost(5)
///     .timeout(Duration::from_secs(10))
///     .retry(Retry::times(2).first_pause(Duration::from_millis(1)))
///     .run(move |folder| {
///         calls += 1;
///         let first = calls == 1;
///         async move { if first { Err("once more".into()) } else { Ok(folder.iter().count()) } }
///     });
/// graph.node("done").order(depth).compute(|()| Ok(()));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert!(*report.get(&depth)? > 0);
/// assert_eq!(report.attempts(depth), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
/// A builder that is dropped leaves its node without code, and its graph is refused. What happens to
/// code that has begun when a run is cancelled is said where the code is given.
#[must_use = "a node without code keeps its graph from running"]
pub struct NodeBuilder<'g, L, D = Undecided> {
    graph: &'g mut Graph,
    index: u32,
    links: L,
    limits: Option<Box<Limits>>,
    declared: PhantomData<fn() -> D>,
}

impl<'g, D> NodeBuilder<'g, (), D> {
    pub(crate) fn new(graph: &'g mut Graph, index: u32) -> Self {
        Self { graph, index, links: (), limits: None, declared: PhantomData }
    }

    /// The nodes whose results this one needs: one, a tuple of up to eight, or a slice; see
    /// [`Inputs`].
    pub fn after<I: Inputs>(self, inputs: I) -> NodeBuilder<'g, <I as sealed::Inputs>::Links, D> {
        let mut edges = Edges::default();
        let links = inputs.link(&mut edges);
        self.graph.link_all(self.index, edges);
        let Self { graph, index, links: (), limits, declared } = self;
        NodeBuilder { graph, index, links, limits, declared }
    }
}

impl<'g, L: Links, D> NodeBuilder<'g, L, D> {
    /// This node does not begin before that one has ended; its result does not matter. See
    /// [`Graph::order`].
    pub fn order(self, earlier: impl Into<AnyNode>) -> Self {
        self.graph.link(self.index, earlier.into(), Kind::Order);
        self
    }

    /// As [`order`](Self::order), by the name of a node that may be added later.
    pub fn order_by_name(self, earlier: impl Into<String>) -> Self {
        let own = self.graph.names.get(self.index).to_owned();
        self.graph.order_by_name(earlier, own);
        self
    }

    /// The lane that the node runs in. Within a graph more urgent nodes begin first; against the
    /// runtime's other tasks they are as urgent as any of their lane.
    pub fn priority(self, priority: TaskPriority) -> Self {
        self.graph.priorities[self.index as usize] = priority;
        self
    }

    /// What the node is expected to cost, in any unit that all nodes of the graph share; 1 if not
    /// said. Among the nodes that could begin, those with the most costly way to the end go first.
    pub fn cost(self, cost: u32) -> Self {
        self.graph.costs[self.index as usize] = cost;
        self
    }

    /// The longest an attempt may take. It ends at its next suspension point: code that does not
    /// suspend is not interrupted, and a blocking call that has begun goes on in the background,
    /// with the run waiting for its end.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limits.get_or_insert_default().timeout = Some(limit);
        self
    }

    /// Tries the node again when it fails. Its code must then be callable more than once, and its
    /// inputs be clonable (those that are shared are).
    pub fn retry(mut self, retry: Retry) -> RetryBuilder<'g, L, D> {
        self.limits.get_or_insert_default().retry = Some(retry);
        RetryBuilder { node: self }
    }

    /// Gives the node asynchronous code.
    ///
    /// # Cancel safety
    /// When the run is cancelled the future is dropped at its next suspension point, on a worker.
    pub fn run<F, Fut, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnOnce(L::Values) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, NodeError>> + Send + 'static,
        T: Send + Sync + 'static,
    {
        self.once(Async(only_once(code)))
    }

    /// As [`run`](Self::run); the code also gets a [`NodeContext`], with which it can add a graph
    /// of its own to the run.
    pub fn run_with<F, Fut, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnOnce(NodeContext, L::Values) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, NodeError>> + Send + 'static,
        T: Send + Sync + 'static,
    {
        let mut code = only_once(|(context, values)| code(context, values));
        self.once(AsyncWith(move |context, values| code((context, values))))
    }

    /// Gives the node code that neither suspends nor blocks: it runs on a worker, without the
    /// allocation that a future needs.
    pub fn compute<F, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnOnce(L::Values) -> Result<T, NodeError> + Send + 'static,
        T: Send + Sync + 'static,
    {
        self.once(Compute(only_once(code)))
    }

    /// Gives the node code that blocks its thread: it runs on the runtime's pool for blocking
    /// calls. One that has begun is not cancelled; the run ends when it has.
    pub fn blocking<F, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnOnce(L::Values) -> Result<T, NodeError> + Send + 'static,
        T: Send + Sync + 'static,
    {
        let mut code = Some(code);
        self.once(AsyncWith(move |context: NodeContext, values| {
            let code = code.take();
            context.block(move || match code {
                Some(code) => code(values),
                None => unreachable!("a node without a retry policy is begun once"),
            })
        }))
    }

    fn once<C, T>(self, code: C) -> Node<T>
    where
        C: Code<L::Values, T>,
        T: Send + Sync + 'static,
    {
        let Self { graph, index, links, limits, .. } = self;
        finish(graph, index, Box::new(Once { links, code, limits, result: PhantomData }))
    }
}

fn finish<T>(graph: &mut Graph, index: u32, body: Box<dyn Body>) -> Node<T> {
    graph.bodies[index as usize] = Some(body);
    Node::new(graph.id, index)
}

/// A node that is tried again when it fails. Made by [`NodeBuilder::retry`].
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, Retry};
/// use std::time::Duration;
/// let mut graph = Graph::new();
/// let retry = Retry::times(3).first_pause(Duration::from_millis(1));
/// let third = graph.node("third").retry(retry).run_with(async |context, ()| {
///     if context.attempt() < 3 { Err("not yet".into()) } else { Ok(context.attempt()) }
/// });
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert_eq!(*report.get(&third)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
/// As for [`NodeBuilder`].
#[must_use = "a node without code keeps its graph from running"]
pub struct RetryBuilder<'g, L, D> {
    node: NodeBuilder<'g, L, D>,
}

impl<L: Links, D> RetryBuilder<'_, L, D>
where
    L::Values: Clone + Sync,
{
    /// Gives the node asynchronous code, called once per attempt.
    ///
    /// # Cancel safety
    /// As [`NodeBuilder::run`]; a pause between attempts ends at once.
    pub fn run<F, Fut, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnMut(L::Values) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, NodeError>> + Send + 'static,
        T: Send + Sync + 'static,
    {
        self.again(Async(code))
    }

    /// As [`run`](Self::run), with a [`NodeContext`], which also tells the attempt.
    pub fn run_with<F, Fut, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnMut(NodeContext, L::Values) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, NodeError>> + Send + 'static,
        T: Send + Sync + 'static,
    {
        self.again(AsyncWith(code))
    }

    /// Gives the node code that neither suspends nor blocks.
    pub fn compute<F, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: FnMut(L::Values) -> Result<T, NodeError> + Send + 'static,
        T: Send + Sync + 'static,
    {
        self.again(Compute(code))
    }

    /// Gives the node code that blocks its thread.
    pub fn blocking<F, T>(self, code: F) -> Node<T>
    where
        D: Makes<T>,
        F: Fn(L::Values) -> Result<T, NodeError> + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        let code = Arc::new(code);
        self.again(AsyncWith(move |context: NodeContext, values| {
            let code = code.clone();
            context.block(move || code(values))
        }))
    }

    fn again<C, T>(self, code: C) -> Node<T>
    where
        C: Code<L::Values, T>,
        T: Send + Sync + 'static,
    {
        let NodeBuilder { graph, index, links, limits, .. } = self.node;
        let body = Again { links, values: None, code, limits, result: PhantomData };
        finish(graph, index, Box::new(body))
    }
}

impl<L, D> fmt::Debug for NodeBuilder<'_, L, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBuilder").field("name", &self.graph.names.get(self.index)).finish()
    }
}

impl<L, D> fmt::Debug for RetryBuilder<'_, L, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBuilder").field("node", &self.node).finish()
    }
}
