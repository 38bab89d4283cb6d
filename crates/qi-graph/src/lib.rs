//! Graphs of named tasks whose results pass along the edges, run by the Qi runtime.
//!
//! ```text
//!             ┌── compile a ──┐            a node begins when the nodes before it have ended;
//!   configure ┤               ├── link     of those that could, the one with the longest way to
//!             └── compile b ──┘            the end goes first
//!       │             │           │
//!       ▼             ▼           ▼
//!   Arc<Config>   Arc<Object>   Binary     results are typed: shared, moved or optional
//! ```
//!
//! # Examples
//! ```
//! use qi_graph::{Graph, Options};
//! use qi_runtime::AsyncRuntime;
//!
//! let mut graph = Graph::new();
//! let config = graph.node("configure").run(async |()| Ok(3_usize));
//! let objects: Vec<_> = ["a", "b"]
//!     .map(|name| {
//!         graph.node(format!("compile {name}")).after(&config).run(async move |level| {
//!             qi_runtime::yield_now().await;
//!             Ok(name.repeat(*level))
//!         })
//!     })
//!     .into();
//! let link = graph.node("link").after(&objects).run(async |objects| {
//!     Ok(objects.iter().map(|object| object.as_str()).collect::<String>())
//! });
//!
//! let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
//! let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
//! report.check()?;
//! assert_eq!(*report.get(&link)?, "aaabbb");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a node can be
//! * Asynchronous ([`run`](NodeBuilder::run)), a plain computation
//!   ([`compute`](NodeBuilder::compute)), a blocking call ([`blocking`](NodeBuilder::blocking)), or
//!   a value that is there ([`Graph::value`]).
//! * Tried again when it fails ([`Retry`]), limited in time ([`timeout`](NodeBuilder::timeout)), in
//!   a lane of the runtime ([`priority`](NodeBuilder::priority)).
//! * Conditional: a node that returns [`skip`] as its error is skipped, with a reason, and
//!   consumers see that as an `Option` ([`Node::maybe`]) or are skipped too.
//! * Dynamic: a node can run graphs of its own inside the run ([`NodeContext::run`]) and pass their
//!   results on ([`NodeContext::run_for`]).
//!
//! # What a run can do
//! Stop at the first failure or go on with what does not need it ([`OnFailure`]), keep to a limit
//! of nodes at a time and to a deadline ([`Options`]), tell every step ([`Event`]), be cancelled
//! ([`Run::cancel`]), leave its results for the next one to resume from ([`Partial`]), measure what
//! nodes cost so that the next one is ordered better ([`Costs`]), and be drawn
//! ([`Report::to_svg`], [`Report::to_dot`]).
//!
//! # Why not spawn and join
//! A task per node that awaits the handles of the nodes before it works for small graphs. But then
//! a result has one reader, since a handle is awaited once; all tasks exist from the beginning, each
//! with its memory and its wake-ups; what runs next is whatever was woken first, not what the end
//! waits for; a cycle hangs instead of being an error; and failing, skipping, retrying, resuming
//! and telling what went on is written anew each time. Here a node that does not suspend costs no
//! task at all: runners take nodes from one ordered queue and run them in their own polls.
//!
//! # Cancel safety
//! Dropping a [`Run`] cancels it: futures of suspended nodes are dropped on a worker, nodes that
//! have not begun never do, and blocking calls that have begun are waited for by nobody. Awaiting a
//! cancelled run instead waits until all of that is over.
#![forbid(unsafe_code)]

mod body;
mod builder;
mod context;
mod costs;
mod draw;
mod error;
mod event;
mod graph;
mod input;
mod names;
mod node;
mod options;
mod partial;
mod plan;
mod report;
mod retry;
mod run;
mod value;

pub use builder::{Declared, Makes, NodeBuilder, RetryBuilder, Undecided};
pub use context::NodeContext;
pub use costs::Costs;
pub use error::{GraphError, NodeError, NodeFailure, RunError, skip};
pub use event::{Event, Events, Step};
pub use graph::Graph;
pub use input::Inputs;
pub use node::{AnyNode, Maybe, Node, Take};
pub use options::{OnFailure, Options};
pub use partial::Partial;
pub use report::{Counts, Report};
pub use retry::Retry;
pub use run::{Canceller, NodeStatus, Run, StopReason};
