//! A graph while it is built: nodes, edges, declarations.

use crate::body::Body;
use crate::builder::{Declared, NodeBuilder};
use crate::draw::dot;
use crate::error::GraphError;
use crate::input::sealed::Edges;
use crate::names::Names;
use crate::node::{AnyNode, Kind, Node, fresh_graph};
use crate::options::Options;
use crate::plan::Plan;
use crate::run::{Run, start};
use qi_runtime::{Handle, TaskPriority};
use std::fmt;

/// A graph of named nodes, each an asynchronous piece of work with a typed result.
///
/// A node's inputs are results of other nodes; it begins when they are there. What is wrong with a
/// graph (cycles, names given twice, inputs that do not exist) is said when it is
/// [validated](Self::validate) or started.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(2).build().unwrap();
/// use qi_graph::{Graph, Options};
/// let mut graph = Graph::new();
/// let text = graph.node("read").run(async |()| Ok("one two three".to_owned()));
/// let words = graph.node("words").after(&text).run(async |text| Ok(text.split(' ').count()));
/// let bytes = graph.node("bytes").after(&text).run(async |text| Ok(text.len()));
/// let line = graph
///     .node("report")
///     .after((&words, &bytes))
///     .run(async |(words, bytes)| Ok(format!("{words} words, {bytes} bytes")));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert_eq!(*report.get(&line)?, "3 words, 13 bytes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Graph {
    pub(crate) id: u64,
    pub(crate) names: Names,
    /// `None`: without code so far.
    pub(crate) bodies: Vec<Option<Box<dyn Body>>>,
    pub(crate) costs: Vec<u32>,
    pub(crate) priorities: Vec<TaskPriority>,
    /// From a node to a packed kind and node.
    pub(crate) edges: Vec<(u32, u32)>,
    /// Edges whose ends are known by name only.
    pub(crate) named: Vec<(String, String)>,
    /// The nodes that came from `declare`, in rising order.
    declared: Vec<u32>,
    /// The first thing that was wrong while it was built.
    wrong: Option<GraphError>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0, 0)
    }

    /// An empty graph with room for so many nodes and edges.
    #[must_use]
    pub fn with_capacity(nodes: usize, edges: usize) -> Self {
        let mut names = Names::default();
        names.reserve(nodes);
        Self {
            id: fresh_graph(),
            names,
            bodies: Vec::with_capacity(nodes),
            costs: Vec::with_capacity(nodes),
            priorities: Vec::with_capacity(nodes),
            edges: Vec::with_capacity(edges),
            named: Vec::new(),
            declared: Vec::new(),
            wrong: None,
        }
    }

    /// A new node, to be given its inputs, options and code.
    pub fn node(&mut self, name: impl AsRef<str>) -> NodeBuilder<'_, ()> {
        let index = self.add(name.as_ref());
        NodeBuilder::new(self, index)
    }

    /// A node whose code comes later, by [`define`](Self::define): its result can be an input
    /// already.
    ///
    /// # Examples
    /// ```
    /// use qi_graph::{Graph, GraphError};
    /// let mut graph = Graph::new();
    /// let egg = graph.declare::<u32>("egg");
    /// let hen = graph.node("hen").after(&egg).run(async |egg| Ok(*egg));
    /// graph.define(&egg).after(&hen).run(async |hen| Ok(*hen));
    /// let error = graph.validate().unwrap_err();
    /// assert_eq!(error.to_string(), "the nodes wait for one another: `egg` → `hen` → `egg`");
    /// ```
    pub fn declare<T: Send + Sync + 'static>(&mut self, name: impl AsRef<str>) -> Node<T> {
        let index = self.add(name.as_ref());
        self.declared.push(index);
        Node::new(self.id, index)
    }

    /// The node that was declared, to be given its inputs, options and code.
    pub fn define<T: Send + Sync + 'static>(
        &mut self,
        node: &Node<T>,
    ) -> NodeBuilder<'_, (), Declared<T>> {
        let any = node.any();
        let known = any.graph == self.id;
        let index = if known { any.index } else { self.add("(a node of another graph)") };
        if !known {
            self.blame(GraphError::ForeignNode { call: "define" });
        } else if self.bodies[index as usize].is_some() {
            self.blame(GraphError::DefinedTwice { name: self.names.get(index).to_owned() });
        }
        NodeBuilder::new(self, index)
    }

    /// A node whose result is there from the beginning.
    pub fn value<T: Send + Sync + 'static>(&mut self, name: impl AsRef<str>, value: T) -> Node<T> {
        self.node(name).compute(move |()| Ok(value))
    }

    fn add(&mut self, name: &str) -> u32 {
        let index = u32::try_from(self.bodies.len()).unwrap_or(u32::MAX);
        if index > Kind::MAX_NODE {
            self.blame(GraphError::TooLarge);
        }
        self.names.push(name);
        self.bodies.push(None);
        self.costs.push(1);
        self.priorities.push(TaskPriority::Normal);
        index
    }

    /// `later` does not begin before `earlier` has ended, whatever their results.
    ///
    /// If `earlier` fails in a run that continues, `later` is skipped; if it is skipped by its own
    /// will, `later` runs.
    pub fn order(&mut self, earlier: impl Into<AnyNode>, later: impl Into<AnyNode>) {
        let (earlier, later) = (earlier.into(), later.into());
        if later.graph == self.id {
            self.link(later.index, earlier, Kind::Order);
        } else {
            self.blame(GraphError::ForeignNode { call: "order" });
        }
    }

    /// As [`order`](Self::order), by names, which may be those of nodes that are added later.
    pub fn order_by_name(&mut self, earlier: impl Into<String>, later: impl Into<String>) {
        self.named.push((earlier.into(), later.into()));
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// Whether the graph could run.
    ///
    /// # Errors
    /// What is wrong with it; see [`GraphError`].
    pub fn validate(&self) -> Result<(), GraphError> {
        self.check()?;
        Plan::new(self).map(|_| ())
    }

    /// Starts it on the runtime that the calling thread works for.
    ///
    /// # Errors
    /// What is wrong with the graph or the options; nothing has begun then.
    pub fn start(self, options: Options) -> Result<Run, GraphError> {
        let handle = Handle::try_current()?;
        self.start_on(&handle, options)
    }

    /// Starts it on a runtime. Nodes run as tasks of it, whether or not the [`Run`] is awaited;
    /// dropping that cancels them.
    ///
    /// # Errors
    /// What is wrong with the graph or the options; nothing has begun then.
    pub fn start_on(mut self, handle: &Handle, options: Options) -> Result<Run, GraphError> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        start(self, handle, options, None)
    }

    /// The graph in the language of Graphviz.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let edges = self.edges.iter().map(|&(from, packed)| (from, Kind::unpack(packed)));
        dot::write(&self.names, edges, |_| None)
    }

    /// What was wrong while it was built.
    pub(crate) fn check(&self) -> Result<(), GraphError> {
        match &self.wrong {
            None => Ok(()),
            Some(GraphError::ForeignInput { node }) => {
                Err(GraphError::ForeignInput { node: node.clone() })
            }
            Some(GraphError::ForeignNode { call }) => Err(GraphError::ForeignNode { call }),
            Some(GraphError::DefinedTwice { name }) => {
                Err(GraphError::DefinedTwice { name: name.clone() })
            }
            Some(_) => Err(GraphError::TooLarge),
        }
    }

    /// Whether a node came from `declare`.
    pub(crate) fn is_declared(&self, node: u32) -> bool {
        self.declared.binary_search(&node).is_ok()
    }

    pub(crate) fn link_all(&mut self, node: u32, edges: Edges) {
        for (input, kind) in edges.0 {
            self.link(node, input, kind);
        }
    }

    pub(crate) fn link(&mut self, node: u32, input: AnyNode, kind: Kind) {
        if input.graph == self.id {
            self.edges.push((input.index, kind.pack(node & Kind::MAX_NODE)));
        } else {
            self.blame(GraphError::ForeignInput { node: self.names.get(node).to_owned() });
        }
    }

    fn blame(&mut self, error: GraphError) {
        self.wrong.get_or_insert(error);
    }
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("nodes", &self.len())
            .field("edges", &(self.edges.len() + self.named.len()))
            .finish_non_exhaustive()
    }
}
