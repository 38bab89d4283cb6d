//! Errors: of a graph that cannot run, of nodes, of runs, in English and Chinese.

use qi_runtime::NoRuntimeError;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// What a node's code fails with: any error. `?` makes one of every error type, `"text".into()` of
/// a text, and [`skip`] makes one that is no failure.
pub type NodeError = Box<dyn Error + Send + Sync>;

/// So many names of a long cycle are shown; the error holds all of them.
const SHOWN: usize = 16;

/// Why a graph cannot run.
///
/// # Examples
/// ```
/// use qi_graph::{Graph, GraphError};
/// let mut graph = Graph::new();
/// let egg = graph.declare::<()>("egg");
/// let hen = graph.node("hen").order(egg).compute(|()| Ok(()));
/// graph.define(&egg).order(hen).compute(|()| Ok(()));
/// let error = graph.validate().unwrap_err();
/// assert!(matches!(&error, GraphError::Cycle { .. }));
/// assert!(error.to_string().contains("hen"), "{error}");
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Nodes that wait for one another in a circle.
    #[error("the nodes wait for one another: {}", circle(nodes))]
    Cycle {
        /// The names in order: each comes before the next, and the last before the first.
        nodes: Vec<String>,
    },
    /// Two nodes have the same name.
    #[error("there are two nodes named `{name}`")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A node was declared but never defined.
    #[error("node `{name}` was declared but never defined{}", needed(*needed_by))]
    Undefined {
        /// The declared node.
        name: String,
        /// How many nodes come after it.
        needed_by: usize,
    },
    /// A node was begun and never given its code.
    #[error("`{name}` has no code: call run, compute or blocking")]
    NoCode {
        /// The node.
        name: String,
    },
    /// A node was defined a second time.
    #[error("node `{name}` was defined before")]
    DefinedTwice {
        /// The node.
        name: String,
    },
    /// An edge by name begins at a node that does not exist.
    #[error("node `{node}` comes after `{input}`, which does not exist")]
    MissingInput {
        /// The node that has the input.
        node: String,
        /// The name that no node has.
        input: String,
    },
    /// An edge by name leads to a node that does not exist.
    #[error("an edge leads from `{earlier}` to `{name}`, which does not exist")]
    MissingNode {
        /// Where the edge begins.
        earlier: String,
        /// The name that no node has.
        name: String,
    },
    /// An input belongs to another graph.
    #[error("an input of node `{node}` belongs to another graph")]
    ForeignInput {
        /// The node that it was given to.
        node: String,
    },
    /// The node that was to be defined, or to come later, belongs to another graph.
    #[error("the node given to {call} belongs to another graph")]
    ForeignNode {
        /// What it was given to: `define` or `order`.
        call: &'static str,
    },
    /// A result is to be moved to one node, but others read it too.
    #[error("the result of `{node}` is moved to `{taker}`, but other nodes read it too")]
    MovedAndShared {
        /// Whose result it is.
        node: String,
        /// The node that takes it.
        taker: String,
    },
    /// The results to resume from have one of a node that does not exist.
    #[error("the results to resume from have one of `{name}`, which does not exist")]
    UnknownResult {
        /// The name.
        name: String,
    },
    /// A result to resume from is of another type than its node's.
    #[error("the result of `{name}` to resume from is a {found}, the node makes a {expected}")]
    ResultType {
        /// The node.
        name: String,
        /// The type of the node's results.
        expected: &'static str,
        /// The type of the result at hand.
        found: &'static str,
    },
    /// More nodes than 2^30, or more edges than 2^32.
    #[error("the graph has more nodes or edges than can be counted in 30 and 32 bits")]
    TooLarge,
    /// An option has a value that makes no sense.
    #[error("{field} is {value}, accepted is {accepted}")]
    Option {
        /// The option.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        accepted: &'static str,
    },
    /// There is no runtime on the calling thread.
    #[error(transparent)]
    NoRuntime(#[from] NoRuntimeError),
}

fn circle(nodes: &[String]) -> String {
    let mut text = String::new();
    for name in nodes.iter().take(SHOWN) {
        text += &format!("`{name}` → ");
    }
    if nodes.len() > SHOWN {
        text += &format!("… ({} nodes) → ", nodes.len());
    }
    text + &format!("`{}`", nodes.first().map_or("", String::as_str))
}

fn needed(by: usize) -> String {
    if by == 0 { String::new() } else { format!(", and {by} node(s) come after it") }
}

impl GraphError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Cycle { nodes } => format!("任务节点循环依赖：{}", circle(nodes)),
            Self::DuplicateName { name } => format!("有两个节点都叫“{name}”"),
            Self::Undefined { name, needed_by: 0 } => format!("节点“{name}”只有声明，没有定义"),
            Self::Undefined { name, needed_by } => {
                format!("节点“{name}”只有声明，没有定义，却有 {needed_by} 个节点依赖它")
            }
            Self::NoCode { name } => {
                format!("节点“{name}”没有代码：请调用 run、compute 或 blocking")
            }
            Self::DefinedTwice { name } => format!("节点“{name}”被重复定义"),
            Self::MissingInput { node, input } => {
                format!("节点“{node}”依赖的“{input}”不存在")
            }
            Self::MissingNode { earlier, name } => {
                format!("从“{earlier}”出发的边指向不存在的节点“{name}”")
            }
            Self::ForeignInput { node } => format!("节点“{node}”的某个输入属于另一个任务图"),
            Self::ForeignNode { call } => format!("传给 {call} 的节点属于另一个任务图"),
            Self::MovedAndShared { node, taker } => {
                format!("“{node}”的结果要移交给“{taker}”，但还有其他节点要读取它")
            }
            Self::UnknownResult { name } => {
                format!("续跑数据中含有“{name}”的结果，但图中没有这个节点")
            }
            Self::ResultType { name, expected, found } => {
                format!("续跑数据中“{name}”的结果类型是 {found}，而该节点的结果类型是 {expected}")
            }
            Self::TooLarge => "节点数或边数过多：节点最多 2^30 个，边最多 2^32 条".to_owned(),
            Self::Option { field, value, accepted } => {
                format!("选项 {field} 的值为 {value}，允许的范围是 {accepted}")
            }
            Self::NoRuntime(error) => error.message_zh(),
        }
    }
}

/// Why a node has no result although it was run.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, NodeFailure, Options};
/// let mut graph = Graph::new();
/// graph.node("careless").compute(|()| -> Result<(), _> { panic!("oh") });
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert!(matches!(&report.failures()[..], [("careless", NodeFailure::Panicked(text))] if text.contains("oh")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum NodeFailure {
    /// Its code returned an error.
    #[error(transparent)]
    Error(Arc<dyn Error + Send + Sync>),
    /// Its code panicked with this text.
    #[error("panicked: {0}")]
    Panicked(String),
    /// It took longer than its time limit.
    #[error("took longer than its limit of {0:?}")]
    TimedOut(Duration),
}

impl NodeFailure {
    /// The message in Chinese. What the node itself said stays as it is.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Error(error) => error.to_string(),
            Self::Panicked(text) => format!("发生 panic：{text}"),
            Self::TimedOut(limit) => format!("超过了 {limit:?} 的时间限制"),
        }
    }
}

/// Why a run did not bring all it was started for.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, RunError};
/// let mut graph = Graph::new();
/// graph.node("parser").compute(|()| Err::<(), _>("expected `}`".into()));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert!(matches!(report.check(), Err(RunError::Failed { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// Nodes failed; this is the first of them.
    #[error("node `{node}` failed after {attempts} attempt(s){}", others(*failed))]
    Failed {
        /// The first node that failed.
        node: String,
        /// How often it was tried.
        attempts: u32,
        /// How many nodes failed.
        failed: usize,
        /// What it failed with.
        source: NodeFailure,
    },
    /// The run was cancelled.
    #[error("the run was cancelled, {left} node(s) have not ended")]
    Cancelled {
        /// Nodes without a result.
        left: usize,
    },
    /// The run's deadline passed.
    #[error("the deadline of the run has passed, {left} node(s) have not ended")]
    DeadlinePassed {
        /// Nodes without a result.
        left: usize,
    },
    /// The runtime was shut down meanwhile.
    #[error("the runtime was shut down, {left} node(s) have not ended")]
    ShutDown {
        /// Nodes without a result.
        left: usize,
    },
    /// The node has no result, for this reason.
    #[error("node `{node}` has no result: {reason}")]
    NoResult {
        /// The node.
        node: String,
        /// Why.
        reason: String,
    },
    /// The handle belongs to a node of another graph than the one that ran.
    #[error("the node belongs to another graph than the report")]
    ForeignNode,
}

fn others(failed: usize) -> String {
    if failed < 2 { String::new() } else { format!(", and {} more failed", failed - 1) }
}

impl RunError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Failed { node, attempts, failed, source } => {
                let more = if *failed < 2 {
                    String::new()
                } else {
                    format!("（另有 {} 个节点失败）", failed - 1)
                };
                format!("节点“{node}”尝试 {attempts} 次后失败：{}{more}", source.message_zh())
            }
            Self::Cancelled { left } => format!("运行被取消，还有 {left} 个节点未完成"),
            Self::DeadlinePassed { left } => format!("运行超过截止时间，还有 {left} 个节点未完成"),
            Self::ShutDown { left } => format!("运行时已关闭，还有 {left} 个节点未完成"),
            Self::NoResult { node, reason } => format!("节点“{node}”没有结果：{reason}"),
            Self::ForeignNode => "该节点属于另一个任务图，不在这份报告里".to_owned(),
        }
    }
}

/// The error that is none: the node decided not to run.
#[derive(Debug)]
pub(crate) struct Skip(pub(crate) String);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped: {}", self.0)
    }
}

impl Error for Skip {}

/// What a node returns as its error when there is nothing for it to do. It is then *skipped*, which
/// is no failure: nodes that need its result are skipped too, those that take it as
/// [`maybe`](crate::Node::maybe) get `None`, those that only come later run.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, skip};
/// let mut graph = Graph::new();
/// let docs = graph.node("docs").run(async |()| {
///     let changed = false;
///     if changed { Ok("new docs") } else { Err(skip("nothing changed")) }
/// });
/// let publish = graph.node("publish").after(docs.maybe()).run(async |docs| Ok(docs.is_some()));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert!(!*report.get(&publish)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn skip(reason: impl Into<String>) -> NodeError {
    Box::new(Skip(reason.into()))
}

#[cfg(test)]
mod tests {
    use super::GraphError;

    #[test]
    fn a_long_cycle_is_shown_in_part() {
        let nodes: Vec<String> = (0..1000).map(|node| format!("n{node}")).collect();
        let text = GraphError::Cycle { nodes }.to_string();
        assert!(text.ends_with("`n15` → … (1000 nodes) → `n0`"), "{text}");
    }

    #[test]
    fn a_short_cycle_is_shown_in_full() {
        let nodes = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(
            GraphError::Cycle { nodes }.to_string(),
            "the nodes wait for one another: `a` → `b` → `a`"
        );
    }
}
