//! Results of nodes that ended, to resume from.

use crate::node::Kind;
use crate::run::{NodeStatus, Shared};
use crate::value::{self, Output};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Results by name: what an incomplete run leaves to the next one.
///
/// Made by [`Report::into_partial`](crate::Report::into_partial), which leaves out what a run of
/// the mended graph may make differently. What is put in by hand is believed: a node with a result
/// here does not run, whatever becomes of the nodes before it.
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

    /// Takes a result out: its node will run again, and so will nodes before it whose results were
    /// moved or let go of. What was made from its result is kept; forget that too if it is to be
    /// made anew. Gives whether there was such a result.
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

impl Shared {
    /// The results of the nodes that ended well, as they would again.
    pub(crate) fn partial(&self) -> Partial {
        let doubtful = self.made_without_an_input();
        let mut partial = Partial::new();
        for ((node, slot), doubtful) in (0_u32..).zip(&self.slots).zip(doubtful) {
            let kept = slot.with(|record| {
                let kept = record.status.is_done() && !doubtful;
                kept.then(|| record.take_output())
            });
            if let Some(output) = kept {
                partial.results.insert(self.names.get(node).to_owned(), output);
            }
        }
        partial
    }

    /// Which nodes ran although an input was missing, as `maybe` lets them, or read a result that
    /// was made so: with that input there they may come to something else. A node that was restored
    /// is none of them: it did not read what is missing now.
    fn made_without_an_input(&self) -> Vec<bool> {
        let status: Vec<NodeStatus> =
            self.slots.iter().map(|slot| slot.with(|record| record.status)).collect();
        let mut doubtful = vec![false; status.len()];
        let missing = |node: &u32| !status[*node as usize].is_done();
        let mut behind: Vec<u32> = (0..).take(status.len()).filter(missing).collect();
        while let Some(node) = behind.pop() {
            for &packed in self.plan.after(node) {
                let (kind, later) = Kind::unpack(packed);
                let ran = status[later as usize] == NodeStatus::Done;
                if kind.reads() && ran && !std::mem::replace(&mut doubtful[later as usize], true) {
                    behind.push(later);
                }
            }
        }
        doubtful
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.results.keys()).finish()
    }
}
