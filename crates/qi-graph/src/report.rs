//! What a run brought: results, failures, times.

use crate::costs::Costs;
use crate::draw::svg::{self, Timeline, milliseconds};
use crate::draw::{Bar, BarKind, dot};
use crate::error::{NodeFailure, RunError};
use crate::node::{AnyNode, Node};
use crate::partial::Partial;
use crate::run::{Content, NodeStatus, Shared, StopReason, Trouble, lock};
use crate::value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How many nodes of a graph ended in which way, those of graphs inside it not counted.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, OnFailure, Options};
/// let mut graph = Graph::new();
/// let broken = graph.node("broken").compute(|()| Err::<(), _>("no".into()));
/// graph.node("after it").after(&broken).compute(|_| Ok(()));
/// graph.value("there", 1);
/// let options = Options::new().on_failure(OnFailure::Continue);
/// let counts = runtime.block_on(graph.start_on(runtime.handle(), options)?).counts();
/// assert_eq!((counts.done, counts.failed, counts.skipped), (1, 1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Nodes with a result.
    pub done: usize,
    /// Nodes whose result was taken over from an earlier run.
    pub restored: usize,
    /// Nodes whose last attempt failed.
    pub failed: usize,
    /// Nodes that were not run because of themselves or of others.
    pub skipped: usize,
    /// Nodes that the run ended without.
    pub cancelled: usize,
}

/// What a run brought. Given when a [`Run`](crate::Run) is awaited.
///
/// It keeps all results until it is dropped. Its times are those of the runtime's clock.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, NodeStatus, OnFailure, Options};
/// let mut graph = Graph::new();
/// let lexer = graph.node("lexer").run(async |()| Ok("lexer.o".to_owned()));
/// let parser = graph.node("parser").run(async |()| Err::<String, _>("expected `}`".into()));
/// let link = graph.node("link").after((&lexer, &parser)).compute(|(a, b)| Ok(format!("{a} {b}")));
/// let options = Options::new().on_failure(OnFailure::Continue);
/// let mut report = runtime.block_on(graph.start_on(runtime.handle(), options)?);
/// let error = report.check().unwrap_err();
/// assert_eq!(error.to_string(), "node `parser` failed after 1 attempt(s)");
/// assert_eq!(report.status(link), Some(NodeStatus::Skipped));
/// assert_eq!(report.reason(link).unwrap(), "`parser` failed: expected `}`");
/// assert_eq!((report.counts().done, report.counts().failed), (1, 1));
/// let (begun, ended) = report.times(lexer).expect("it began");
/// assert!(begun <= ended && ended <= report.elapsed());
/// let object: String = report.take(&lexer)?;
/// assert_eq!(object, "lexer.o");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "whether the nodes ended well is in the report"]
pub struct Report {
    shared: Arc<Shared>,
}

impl Report {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Whether all nodes ended well, or were skipped by their own will.
    ///
    /// # Errors
    /// The failure that came first, or why the run was stopped.
    pub fn check(&self) -> Result<(), RunError> {
        if let Some(node) = *lock(&self.shared.first_failure) {
            let troubles = lock(&self.shared.troubles);
            let failed = troubles.values().filter(|t| matches!(t, Trouble::Failed(_))).count();
            if let Some(Trouble::Failed(source)) = troubles.get(&node) {
                let attempts = self.shared.slots[node as usize].with(|record| record.attempts);
                let node = self.shared.names.get(node).to_owned();
                return Err(RunError::Failed { node, attempts, failed, source: source.clone() });
            }
        }
        let left = self.counts().cancelled;
        match self.shared.stop_reason() {
            // All nodes may have ended before anything could be cancelled.
            Some(_) | None if left == 0 => Ok(()),
            Some(StopReason::Deadline) => Err(RunError::DeadlinePassed { left }),
            Some(StopReason::ShutDown) => Err(RunError::ShutDown { left }),
            _ => Err(RunError::Cancelled { left }),
        }
    }

    /// Why the run stopped before its nodes had ended; `None` if it did not.
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.shared.stop_reason()
    }

    /// The result of a node.
    ///
    /// # Errors
    /// [`RunError::NoResult`] with the reason if there is none; [`RunError::ForeignNode`] for a node of
    /// another graph.
    pub fn get<T: Send + Sync + 'static>(&self, node: &Node<T>) -> Result<Arc<T>, RunError> {
        let index = self.own(node.into())?;
        let output = self.shared.slots[index as usize].with(|record| match &record.content {
            Content::Output(output) => Some(output.clone()),
            _ => None,
        });
        output.and_then(value::downcast).ok_or_else(|| self.no_result(index))
    }

    /// Takes the result of a node out of the report.
    ///
    /// # Errors
    /// [`RunError::NoResult`] with the reason if there is none, or if somebody else still holds it;
    /// [`RunError::ForeignNode`] for a node of another graph.
    pub fn take<T: Send + Sync + 'static>(&mut self, node: &Node<T>) -> Result<T, RunError> {
        let shared = self.get(node)?;
        let index = node.any().index;
        let own = self.shared.slots[index as usize].with(|record| record.take_output());
        drop(own);
        Arc::try_unwrap(shared).map_err(|shared| {
            self.shared.slots[index as usize]
                .with(|record| record.content = Content::Output(shared));
            self.missing(index, "somebody else still holds it")
        })
    }

    fn own(&self, node: AnyNode) -> Result<u32, RunError> {
        if node.graph == self.shared.graph { Ok(node.index) } else { Err(RunError::ForeignNode) }
    }

    fn no_result(&self, node: u32) -> RunError {
        let status = self.shared.slots[node as usize].with(|record| record.status);
        match status {
            status if status.is_done() => self.missing(node, "it was moved, or let go of"),
            NodeStatus::Cancelled => self.missing(node, "it was cancelled"),
            _ => self.missing(node, &self.shared.reason(node)),
        }
    }

    fn missing(&self, node: u32, reason: &str) -> RunError {
        let node = self.shared.names.get(node).to_owned();
        RunError::NoResult { node, reason: reason.to_owned() }
    }

    /// How a node ended; `None` for a node of another graph.
    #[must_use]
    pub fn status(&self, node: impl Into<AnyNode>) -> Option<NodeStatus> {
        let index = self.own(node.into()).ok()?;
        Some(self.shared.slots[index as usize].with(|record| record.status))
    }

    /// As [`status`](Self::status), by name.
    #[must_use]
    pub fn status_of(&self, name: &str) -> Option<NodeStatus> {
        let index = self.shared.plan.index.find(&self.shared.names, name)?;
        Some(self.shared.slots[index as usize].with(|record| record.status))
    }

    /// How often a node was tried; 0 for one that never began, or of another graph.
    #[must_use]
    pub fn attempts(&self, node: impl Into<AnyNode>) -> u32 {
        let Ok(index) = self.own(node.into()) else { return 0 };
        self.shared.slots[index as usize].with(|record| record.attempts)
    }

    /// When a node's last attempt began and ended, since the run began; `None` if it never began.
    #[must_use]
    pub fn times(&self, node: impl Into<AnyNode>) -> Option<(Duration, Duration)> {
        let index = self.own(node.into()).ok()?;
        let bar = self.shared.bar(index)?;
        Some((Duration::from_nanos(bar.begun), Duration::from_nanos(bar.ended)))
    }

    /// Why a node has no result; `None` if it has one.
    #[must_use]
    pub fn reason(&self, node: impl Into<AnyNode>) -> Option<String> {
        let index = self.own(node.into()).ok()?;
        let status = self.shared.slots[index as usize].with(|record| record.status);
        match status {
            status if status.is_done() => None,
            NodeStatus::Cancelled => Some("it was cancelled".to_owned()),
            _ => Some(self.shared.reason(index)),
        }
    }

    /// All nodes whose last attempt failed, and what with, in the order in which they were added.
    #[must_use]
    pub fn failures(&self) -> Vec<(&str, NodeFailure)> {
        let troubles = lock(&self.shared.troubles);
        let mut failures: Vec<(u32, NodeFailure)> = troubles
            .iter()
            .filter_map(|(&node, trouble)| match trouble {
                Trouble::Failed(failure) => Some((node, failure.clone())),
                _ => None,
            })
            .collect();
        failures.sort_by_key(|failure| failure.0);
        let named = |(node, failure)| (self.shared.names.get(node), failure);
        failures.into_iter().map(named).collect()
    }

    /// How many nodes ended in which way. Nodes of graphs that nodes added are not counted here: they
    /// are in those graphs' reports.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for slot in &self.shared.slots {
            let count = match slot.with(|record| record.status) {
                NodeStatus::Done => &mut counts.done,
                NodeStatus::Restored => &mut counts.restored,
                NodeStatus::Failed => &mut counts.failed,
                NodeStatus::Skipped => &mut counts.skipped,
                _ => &mut counts.cancelled,
            };
            *count += 1;
        }
        counts
    }

    /// How long the run took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.shared.elapsed()
    }

    /// What the nodes that have a result took, for [`Options::costs`](crate::Options::costs) of
    /// the next run.
    #[must_use]
    pub fn costs(&self) -> Costs {
        let bars = self.shared.bars();
        let done = bars.into_iter().filter(|bar| bar.kind == BarKind::Done && bar.node.is_some());
        done.map(|bar| (bar.name, Duration::from_nanos(bar.ended - bar.begun))).collect()
    }

    /// The chain of nodes that the run waited for: the one that ended last, before it the one that
    /// this waited for longest, and so on, in the order of time. A skipped node takes no time, and
    /// stands in the chain if the run waited for nodes before it. If the lengths come to about the
    /// length of the run, only shorter nodes or fewer edges can make it shorter; if not, more workers
    /// or a higher limit can, too.
    #[must_use]
    pub fn critical_path(&self) -> Vec<&str> {
        let path = self.shared.critical_path();
        path.into_iter().map(|node| self.shared.names.get(node)).collect()
    }

    /// The results, to resume from.
    ///
    /// Results that were made without an input are not among them: those of nodes that got `None`
    /// from [`maybe`](crate::Node::maybe), because the input failed or was skipped, and of nodes
    /// that read such a result. They are made anew, for the input may be there next time.
    #[must_use]
    pub fn into_partial(self) -> Partial {
        self.shared.partial()
    }

    /// The graph in the language of Graphviz, coloured by how its nodes ended.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let shared = &self.shared;
        let status = |node: u32| Some(shared.slots[node as usize].with(|record| record.status));
        dot::write(&shared.names, shared.plan.edges(), status)
    }

    /// The run as a picture in SVG: time to the right, a lane for each node that ran at the same
    /// time, the [critical path](Self::critical_path) marked. Long runs are broken into rows.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let bars = self.shared.bars();
        let critical = self.shared.critical_path();
        let total_ns = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let title = self.title(&critical);
        svg::write(&Timeline { title, bars: &bars, critical: &critical, total_ns })
    }

    fn title(&self, critical: &[u32]) -> String {
        let counts = self.counts();
        let mut title = format!("{} nodes: {} done", self.shared.slots.len(), counts.done);
        for (count, word) in [
            (counts.restored, "restored"),
            (counts.failed, "failed"),
            (counts.skipped, "skipped"),
            (counts.cancelled, "cancelled"),
        ] {
            if count > 0 {
                title += &format!(", {count} {word}");
            }
        }
        let path_ns: u64 = critical
            .iter()
            .filter_map(|&node| self.shared.bar(node))
            .map(|bar| bar.ended - bar.begun)
            .sum();
        let [took, path] = [self.elapsed().as_nanos() as f64, path_ns as f64]
            .map(|ns| milliseconds((ns / 1e4).round() / 100.0));
        title + &format!(" in {took} ms; critical path: {} nodes, {path} ms", critical.len())
    }
}

impl Shared {
    /// The bar of a node's last attempt, if it began.
    pub(crate) fn bar(&self, node: u32) -> Option<Bar> {
        let end = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.slots[node as usize].with(|record| {
            let kind = match record.status {
                NodeStatus::Done => BarKind::Done,
                NodeStatus::Failed => BarKind::Failed,
                NodeStatus::Skipped => BarKind::Skipped,
                _ => BarKind::Cancelled,
            };
            let ended = record.ended().unwrap_or(end);
            (record.attempts > 0).then(|| Bar {
                name: self.names.get(node).to_owned(),
                node: Some(node),
                begun: record.begun,
                ended: ended.max(record.begun),
                kind,
            })
        })
    }

    /// All bars: of last attempts, of those before them, of inner runs.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        let nodes = 0..u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let mut bars: Vec<Bar> = nodes.filter_map(|node| self.bar(node)).collect();
        bars.extend(lock(&self.extra_bars).iter().cloned());
        bars
    }

    /// From the node that ended last of those that ran back to the beginning, always to the one
    /// that was waited for longest. That may have been skipped: then it is as old as the last of the
    /// nodes before it, and the way goes on through it.
    pub(crate) fn critical_path(&self) -> Vec<u32> {
        let (ran, ended): (Vec<bool>, Vec<Option<u64>>) = self
            .slots
            .iter()
            .map(|slot| slot.with(|record| (record.attempts > 0, record.ended())))
            .unzip();
        let mut latest: Vec<Option<u32>> = vec![None; ended.len()];
        for (node, (_, later)) in self.plan.edges() {
            let known = latest[later as usize].and_then(|before| ended[before as usize]);
            if ended[node as usize] > known {
                latest[later as usize] = Some(node);
            }
        }
        let nodes = (0_u32..).take(ended.len());
        let ended_after_it_ran = nodes.filter(|&node| ran[node as usize]);
        let last = ended_after_it_ran.max_by_key(|&node| ended[node as usize]);
        let mut path = Vec::new();
        let mut next = last.filter(|&node| ended[node as usize].is_some());
        while let Some(node) = next {
            path.push(node);
            next = latest[node as usize];
        }
        path.reverse();
        path
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("counts", &self.counts())
            .field("elapsed", &self.elapsed())
            .field("stop_reason", &self.stop_reason())
            .finish_non_exhaustive()
    }
}
