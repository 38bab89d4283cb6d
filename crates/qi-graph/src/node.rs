//! Handles to nodes: typed ones, and what they become as inputs.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Tells graphs apart, so that a handle of one is not taken for a node of another. It is the
/// crate's only global: a number that nothing but equality depends on.
static NEXT_GRAPH: AtomicU64 = AtomicU64::new(1);

/// A number that no other graph of this process has.
pub(crate) fn fresh_graph() -> u64 {
    // Relaxed: only that the numbers differ matters.
    NEXT_GRAPH.fetch_add(1, Relaxed)
}

/// Refers to a node of a graph whose result is a `T`. Cheap to copy; keeps nothing alive.
///
/// # Examples
/// As an input of another node it says what that gets; from the report it gets the result:
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Node, Options, skip};
/// let mut graph = Graph::new();
/// let text: Node<String> = graph.value("text", "to be or not".to_owned());
/// let notes = graph.node("notes").run(async |()| Err::<u32, _>(skip("there are none")));
/// let words = graph.node("words").after(&text).compute(|text| Ok(text.split(' ').count()));
/// let line = graph.node("line").after((words.take(), notes.maybe())).compute(|(words, notes)| {
///     let notes = notes.map_or(0, |notes| *notes); // an `Option<Arc<u32>>`
///     Ok(words + notes as usize) // a `usize`, moved here
/// });
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert_eq!(*report.get(&line)?, 4);
/// assert_eq!(*report.get(&text)?, "to be or not");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Node<T> {
    any: AnyNode,
    result: PhantomData<fn() -> T>,
}

impl<T> Node<T> {
    pub(crate) fn new(graph: u64, index: u32) -> Self {
        Self { any: AnyNode { graph, index }, result: PhantomData }
    }

    pub(crate) fn any(self) -> AnyNode {
        self.any
    }

    /// As an input that may be missing: the consumer gets an `Option`, and runs all the same when
    /// this node was skipped, or failed in a run that continues.
    ///
    /// It begins when all nodes before it have ended, and a skipped node ends when all nodes before
    /// it have: so nothing that comes before this node goes on any more, even if it was clear long
    /// ago that it would be skipped.
    #[must_use]
    pub fn maybe(self) -> Maybe<T> {
        Maybe(self)
    }

    /// As an input that is moved: the consumer gets the value itself. It must be the only one
    /// that gets it.
    #[must_use]
    pub fn take(self) -> Take<T> {
        Take(self)
    }
}

impl<T> Clone for Node<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Node<T> {}

impl<T> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.any.index)
    }
}

/// Refers to a node whatever its result is.
///
/// # Examples
/// ```
/// use qi_graph::{AnyNode, Graph};
/// let mut graph = Graph::new();
/// let (one, two) = (graph.value("one", 1), graph.value("two", "2"));
/// let before: [AnyNode; 2] = [one.into(), two.into()];
/// let last = graph.node("last").compute(|()| Ok(()));
/// before.iter().for_each(|node| graph.order(node, last));
/// assert!(graph.validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnyNode {
    pub(crate) graph: u64,
    pub(crate) index: u32,
}

impl<T> From<Node<T>> for AnyNode {
    fn from(node: Node<T>) -> Self {
        node.any
    }
}

impl<T> From<&Node<T>> for AnyNode {
    fn from(node: &Node<T>) -> Self {
        node.any
    }
}

impl From<&AnyNode> for AnyNode {
    fn from(node: &AnyNode) -> Self {
        *node
    }
}

/// An input that may be missing. Made by [`Node::maybe`].
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, OnFailure, Options};
/// let mut graph = Graph::new();
/// let lint = graph.node("lint").compute(|()| Err::<u32, _>("no linter here".into()));
/// let sum = graph.node("sum").after(lint.maybe()).compute(|lint| Ok(lint.map_or(0, |lint| *lint)));
/// let options = Options::new().on_failure(OnFailure::Continue);
/// let report = runtime.block_on(graph.start_on(runtime.handle(), options)?);
/// assert_eq!(*report.get(&sum)?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Maybe<T>(pub(crate) Node<T>);

/// An input that is moved to its only consumer. Made by [`Node::take`].
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options};
/// let mut graph = Graph::new();
/// let text = graph.value("text", String::from("mine"));
/// let own = graph.node("own").after(text.take()).compute(|text: String| Ok(text + " now"));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert_eq!(*report.get(&own)?, "mine now");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Take<T>(pub(crate) Node<T>);

/// How the end of a node matters to one that comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It wants the result.
    Data = 0,
    /// It wants the result for itself alone.
    Moved = 1,
    /// It wants the result if there is one.
    Maybe = 2,
    /// It only comes later.
    Order = 3,
}

impl Kind {
    /// The highest two bits of an edge's word say the kind.
    const SHIFT: u32 = 30;
    /// The largest node number that fits beside it.
    pub(crate) const MAX_NODE: u32 = (1 << Self::SHIFT) - 1;

    pub(crate) fn pack(self, node: u32) -> u32 {
        (self as u32) << Self::SHIFT | node
    }

    pub(crate) fn unpack(word: u32) -> (Self, u32) {
        let kind = match word >> Self::SHIFT {
            0 => Self::Data,
            1 => Self::Moved,
            2 => Self::Maybe,
            _ => Self::Order,
        };
        (kind, word & Self::MAX_NODE)
    }

    /// Whether the consumer reads the result.
    pub(crate) fn reads(self) -> bool {
        self != Self::Order
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn an_edge_keeps_its_kind_and_its_node() {
        for kind in [Kind::Data, Kind::Moved, Kind::Maybe, Kind::Order] {
            for node in [0, 1, Kind::MAX_NODE] {
                assert_eq!(Kind::unpack(kind.pack(node)), (kind, node));
            }
        }
    }
}
