//! What a run knows of each node: its code, then its result; its times; its state.

use super::lock;
use crate::body::Body;
use crate::value::{Output, downcast};
use std::sync::atomic::{AtomicU32, Ordering::AcqRel};
use std::sync::{Arc, Mutex};

/// Where a node stands.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, NodeStatus, Options};
/// let mut graph = Graph::new();
/// let only = graph.node("only").compute(|()| Ok(()));
/// let report = runtime.block_on(graph.start_on(runtime.handle(), Options::new())?);
/// assert_eq!(report.status(only), Some(NodeStatus::Done));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeStatus {
    /// It waits for others, or for its turn.
    Waiting,
    /// It has begun.
    Running,
    /// It has a result.
    Done,
    /// It has a result from an earlier run.
    Restored,
    /// All its attempts failed.
    Failed,
    /// It was not run: by its own will, or because something it needs is missing.
    Skipped,
    /// The run ended without it.
    Cancelled,
}

impl NodeStatus {
    /// Whether it ended with a result.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Done | Self::Restored)
    }
}

/// What a node's place holds.
pub(crate) enum Content {
    /// Code that has not begun, or pauses.
    Body(Box<dyn Body>),
    /// The code is with a runner; or there is nothing left to hold.
    Nothing,
    /// The result.
    Output(Output),
}

/// The time of an end that has not come. Zero is none such: a clock may stand still.
const NOT_YET: u64 = u64::MAX;

/// A node in a run.
pub(crate) struct Record {
    pub(crate) content: Content,
    /// Nanoseconds since the run began: of the last attempt, and of the end.
    pub(crate) begun: u64,
    /// [`NOT_YET`] before the end.
    pub(crate) ended: u64,
    pub(crate) attempts: u32,
    pub(crate) status: NodeStatus,
}

/// Keeps a record on a cache line of its own: neighbours are run by different workers.
#[repr(align(64))]
pub(crate) struct Slot(Mutex<Record>);

impl Slot {
    pub(crate) fn new(content: Content, status: NodeStatus) -> Self {
        Self(Mutex::new(Record { content, begun: 0, ended: NOT_YET, attempts: 0, status }))
    }

    /// Has the processor fetch the record. Several such reads overlap, which the locks that follow
    /// would not.
    #[inline]
    pub(crate) fn touch(&self) {
        self.0.is_poisoned();
    }

    /// Changes the record. No code of users runs in `change`: what holds values of theirs is
    /// handed out, to be dropped by the caller.
    #[inline]
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut Record) -> R) -> R {
        change(&mut lock(&self.0))
    }
}

/// The results of a run, as a node's inputs see them.
#[doc(hidden)]
pub struct Store<'a> {
    pub(crate) slots: &'a [Slot],
    /// How many have yet to read each result, if results are let go of.
    pub(crate) readers: Option<&'a [AtomicU32]>,
}

impl Store<'_> {
    /// Has the processor fetch a node's record.
    #[inline]
    pub(crate) fn touch(&self, node: u32) {
        self.slots[node as usize].touch();
    }

    /// The result of a node, which has one.
    pub(crate) fn share<T: Send + Sync + 'static>(&self, node: u32) -> Arc<T> {
        self.try_share(node).expect("a node begins when its inputs have ended well")
    }

    /// The result of a node that may have none.
    pub(crate) fn try_share<T: Send + Sync + 'static>(&self, node: u32) -> Option<Arc<T>> {
        let last = self.is_last_reader(node);
        let output = self.slots[node as usize].with(|record| {
            if last {
                return record.take_output();
            }
            match &record.content {
                Content::Output(output) => Some(output.clone()),
                _ => None,
            }
        });
        output.map(|output| downcast(output).expect("a handle has the type of its node's result"))
    }

    /// The result of a node that only the caller reads.
    pub(crate) fn take<T: Send + Sync + 'static>(&self, node: u32) -> T {
        let output = self.slots[node as usize].with(Record::take_output);
        let output = output.expect("a node begins when its inputs have ended well");
        let shared = downcast(output).expect("a handle has the type of its node's result");
        // It can have been shared only by an earlier run, whose report gave it out.
        Arc::into_inner(shared).expect("a result that is moved is not held by anybody else")
    }

    /// A reader will not come. What is given back is nobody's any more.
    pub(crate) fn forgo(&self, node: u32) -> Option<Output> {
        let last = self.is_last_reader(node);
        if last { self.slots[node as usize].with(Record::take_output) } else { None }
    }

    fn is_last_reader(&self, node: u32) -> bool {
        // Pairs with the other readers': the last one takes what the others have done with.
        self.readers.is_some_and(|readers| readers[node as usize].fetch_sub(1, AcqRel) == 1)
    }
}

impl Record {
    /// When it ended, or was skipped: nanoseconds since the run began.
    pub(crate) fn ended(&self) -> Option<u64> {
        (self.ended != NOT_YET).then_some(self.ended)
    }

    pub(crate) fn take_output(&mut self) -> Option<Output> {
        match std::mem::replace(&mut self.content, Content::Nothing) {
            Content::Output(output) => Some(output),
            other => {
                self.content = other;
                None
            }
        }
    }

    pub(crate) fn take_body(&mut self) -> Option<Box<dyn Body>> {
        match std::mem::replace(&mut self.content, Content::Nothing) {
            Content::Body(body) => Some(body),
            other => {
                self.content = other;
                None
            }
        }
    }
}
