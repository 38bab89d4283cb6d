//! Results of nodes that ended, to resume from.

use crate::value::{self, Output};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Results by name: what an incomplete run leaves to the next one.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Node, Options, Partial};
/// fn build(server_is_up: bool) -> (Graph, Node<u32>) {
///     let mut graph = Graph::new();
///     let data = graph.node("data").run(async |()| Ok(20));
///     let sent = graph.node("send").after(&data).run(async move |data| {
///         if server_is_up { Ok(*data + 1) } else { Err("the server is down".into()) }
///     });
///     (graph, sent)
/// }
/// let (graph, _) = build(false);
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// let partial = report.into_partial();
/// assert!(partial.contains("data") && !partial.contains("send"));
///
/// let (graph, sent) = build(true);
/// let options = Options::new().resume(partial);
/// let report = runtime.block_on(graph.start_on(runtime.handle(), options)?);
/// assert_eq!(*report.get(&sent)?, 21);
/// assert_eq!(report.counts().restored, 1, "the data was not made again");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Partial {
    /// `None` if the result was moved, or let go of. Then the node runs again only if a node that
    /// reads the result does.
    pub(crate) results: HashMap<String, Option<Output>>,
}

impl Partial {
    /// No results.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a result, for instance one read from a file.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, name: impl Into<String>, result: T) -> Self {
        self.results.insert(name.into(), Some(Arc::new(result)));
        self
    }

    /// Takes a result out: its node will run again.
    pub fn forget(&mut self, name: &str) -> bool {
        self.results.remove(name).is_some()
    }

    /// Whether a node of this name ended well.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.results.contains_key(name)
    }

    /// The result of a node, if it is of this type and was not moved or let go of.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        value::downcast(self.results.get(name)?.clone()?)
    }

    /// The names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.results.keys().map(String::as_str)
    }

    /// How many nodes ended well.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.len()
    }

    /// Whether none did.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.results.is_empty()
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.results.keys()).finish()
    }
}
