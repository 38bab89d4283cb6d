//! The end of a node, and what it means for those after it.
//!
//! Each node counts the edges that it waits for. Whoever takes the last one off finds out what
//! becomes of the node: it is queued, or, if something it needs is missing, skipped, which is an
//! end too. So every node is queued or skipped once, after all nodes before it have ended, and sees
//! what they left (I45). That goes on in a loop, not by recursion.

use super::record::{Content, NodeStatus};
use super::{Shared, lock};
use crate::error::NodeFailure;
use crate::event::Step;
use crate::node::Kind;
use crate::value::Output;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Relaxed};

/// What a node waits for, and its turn.
#[derive(Debug)]
pub(crate) struct Gate {
    turn: u32,
    /// Edges that are waited for; and what the ends of those that are not mean.
    state: AtomicU32,
}

/// Something that the node needs is missing.
const BLOCKED: u32 = 1 << 30;
/// And that is because of a failure.
const BY_FAILURE: u32 = 1 << 31;
const COUNT: u32 = BLOCKED - 1;

/// So many gates are fetched at once, before they are changed one after the other: reads of memory
/// overlap, atomic changes do not.
const TOUCHED_AT_ONCE: usize = 8;

impl Gate {
    pub(crate) fn new(turn: u32, waits: u32) -> Self {
        Self { turn, state: AtomicU32::new(waits) }
    }

    pub(crate) fn turn(&self) -> u32 {
        self.turn
    }

    /// Whether nothing is waited for: asked before the run begins.
    pub(crate) fn is_open(&self) -> bool {
        // Relaxed: nobody else has it yet.
        self.state.load(Relaxed) & COUNT == 0
    }

    /// Has the processor fetch the gate.
    #[inline]
    fn touch(&self) {
        // Relaxed: nothing is made of the value.
        self.state.load(Relaxed);
    }

    /// Takes an edge off; the marks if it was the last.
    #[inline]
    fn arrive(&self, marks: u32) -> Option<u32> {
        if marks != 0 {
            // Relaxed: the subtraction below publishes it.
            self.state.fetch_or(marks, Relaxed);
        }
        // Pairs with itself: the last one sees what all before it did, the results too.
        let before = self.state.fetch_sub(1, AcqRel);
        (before & COUNT == 1).then_some(before & !COUNT)
    }
}

/// How a node ended.
pub(crate) enum Fate {
    Done(Output),
    Failed(NodeFailure),
    Skipped(String),
    Cancelled,
}

/// Why a node has no result.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    Failed(NodeFailure),
    /// By its own will.
    Skipped(String),
    /// Because of that node.
    Behind(u32),
}

/// What the end of a node means for its successors.
#[derive(Clone, Copy)]
enum Wake {
    Good,
    /// Its result is missing because of the node `root`.
    Missing {
        root: u32,
        failed: bool,
    },
}

impl Wake {
    fn marks(self, kind: Kind) -> u32 {
        match (self, kind) {
            (Self::Good, _) | (_, Kind::Maybe) => 0,
            (Self::Missing { failed: false, .. }, Kind::Order) => 0,
            (Self::Missing { failed: false, .. }, _) => BLOCKED,
            (Self::Missing { failed: true, .. }, _) => BLOCKED | BY_FAILURE,
        }
    }
}

/// Drops what may be anybody's, and gives the text of a panic.
pub(crate) fn drop_guarded<T>(value: T) -> Result<(), String> {
    guarded(|| drop(value))
}

/// Calls code that may be anybody's, and gives the text of a panic.
pub(crate) fn guarded<R>(code: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (_, Some(text)) => text.clone(),
            _ => "(no text)".to_owned(),
        };
        // The payload may panic too when it is dropped; then it is left alone.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        if let Err(second) = dropped {
            std::mem::forget(second);
        }
        text
    })
}

impl Shared {
    /// Ends a node and whatever is skipped because of it. Gives how many that were; those that can
    /// begin now are added to `ready`.
    pub(super) fn settle(
        &self,
        node: u32,
        fate: Fate,
        ended_ns: u64,
        ready: &mut Vec<u32>,
    ) -> usize {
        let status = match &fate {
            Fate::Done(_) => NodeStatus::Done,
            Fate::Failed(_) => NodeStatus::Failed,
            Fate::Skipped(_) => NodeStatus::Skipped,
            Fate::Cancelled => NodeStatus::Cancelled,
        };
        let (content, wake) = self.weigh(node, fate);
        self.slots[node as usize].with(|record| {
            record.status = status;
            record.content = content;
            record.ended = ended_ns;
        });
        let Some(wake) = wake else { return 1 };
        let mut skipped = Vec::new();
        self.arrive_after(node, wake, ready, &mut skipped);
        let mut ended = 1;
        while let Some((node, failed)) = skipped.pop() {
            ended += 1;
            let root = self.skip(node, ended_ns);
            self.arrive_after(node, Wake::Missing { root, failed }, ready, &mut skipped);
        }
        ended
    }

    /// Notes how a node ended. A cancelled one wakes nobody: the run has stopped.
    fn weigh(&self, node: u32, fate: Fate) -> (Content, Option<Wake>) {
        match fate {
            Fate::Done(output) => {
                self.tell(node, || Step::Finished);
                (Content::Output(output), Some(Wake::Good))
            }
            Fate::Failed(failure) => {
                self.tell(node, || Step::Failed { error: failure.to_string() });
                lock(&self.troubles).insert(node, Trouble::Failed(failure));
                lock(&self.first_failure).get_or_insert(node);
                (Content::Nothing, Some(Wake::Missing { root: node, failed: true }))
            }
            Fate::Skipped(reason) => {
                self.tell(node, || Step::Skipped { reason: reason.clone() });
                lock(&self.troubles).insert(node, Trouble::Skipped(reason));
                (Content::Nothing, Some(Wake::Missing { root: node, failed: false }))
            }
            Fate::Cancelled => {
                self.tell(node, || Step::Cancelled);
                (Content::Nothing, None)
            }
        }
    }

    /// Takes the node's edges off its successors.
    #[inline]
    fn arrive_after(
        &self,
        node: u32,
        wake: Wake,
        ready: &mut Vec<u32>,
        skipped: &mut Vec<(u32, bool)>,
    ) {
        let successors = self.plan.after(node);
        for (place, &packed) in successors.iter().enumerate() {
            if place % TOUCHED_AT_ONCE == 0 {
                let next = successors[place..].iter().take(TOUCHED_AT_ONCE);
                next.for_each(|&packed| self.gates[Kind::unpack(packed).1 as usize].touch());
            }
            let (kind, later) = Kind::unpack(packed);
            let marks = wake.marks(kind);
            if let (true, Wake::Missing { root, .. }) = (marks != 0, wake) {
                lock(&self.troubles).entry(later).or_insert(Trouble::Behind(root));
            }
            let gate = &self.gates[later as usize];
            match gate.arrive(marks) {
                None => {}
                Some(0) => {
                    self.tell(later, || Step::Queued);
                    ready.push(gate.turn);
                }
                Some(marks) => skipped.push((later, marks & BY_FAILURE != 0)),
            }
        }
    }

    /// Skips a node that needs something that is missing; gives the node that is to blame.
    fn skip(&self, node: u32, now_ns: u64) -> u32 {
        let body = self.slots[node as usize].with(|record| {
            record.status = NodeStatus::Skipped;
            record.begun = now_ns;
            record.ended = now_ns;
            record.take_body()
        });
        if let Some(body) = body {
            if self.readers.is_some() {
                let mut unread = Vec::new();
                body.each_input(&mut |input| unread.extend(self.store().forgo(input)));
                // A panic of somebody's drop has nobody to go to.
                let _ = drop_guarded(unread);
            }
            let _ = drop_guarded(body);
        }
        self.tell(node, || Step::Skipped { reason: self.reason(node) });
        match lock(&self.troubles).get(&node) {
            Some(Trouble::Behind(root)) => *root,
            _ => node,
        }
    }

    /// Why a node has no result, in words.
    pub(crate) fn reason(&self, node: u32) -> String {
        let troubles = lock(&self.troubles);
        match troubles.get(&node) {
            None => "it did not end".to_owned(),
            Some(Trouble::Failed(failure)) => failure.to_string(),
            Some(Trouble::Skipped(reason)) => reason.clone(),
            Some(Trouble::Behind(root)) => {
                let name = self.names.get(*root);
                match troubles.get(root) {
                    Some(Trouble::Skipped(reason)) => format!("`{name}` was skipped: {reason}"),
                    Some(Trouble::Failed(failure)) => format!("`{name}` failed: {failure}"),
                    _ => format!("`{name}` has no result"),
                }
            }
        }
    }
}
