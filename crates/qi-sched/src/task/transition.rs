//! What the transitions of the state word answer: each says what its caller has to do now.
#![forbid(unsafe_code)]

use super::snapshot::Turn;
use crate::priority::TaskPriority;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Completed = 1,
    Cancelled = 2,
    Failed = 3,
}

/// Where a task may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    Anywhere,
    Pinned,
    Blocking,
    /// On the thread that polls it first; its code has a stack of its own.
    Stackful,
    /// Anywhere, at each poll anew; its code has a stack of its own.
    Migratable,
}

impl Placement {
    /// Whether the task may begin on any worker and need not, as a pinned one, go to any of them.
    pub(crate) fn may_begin_at_a_seat(self) -> bool {
        matches!(self, Self::Anywhere | Self::Stackful | Self::Migratable)
    }
}

/// A hint to be made, which has its reference: where it is to be queued, and for which turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) lane: TaskPriority,
    pub(crate) turn: Turn,
}

/// What a holder of a hint may do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Claim {
    /// The caller runs the task now; `cancelled`: it must drop the future instead of polling it.
    Run { cancelled: bool, lane: TaskPriority },
    /// Somebody else ran or runs it, for this hint's turn: the hint's reference was given back, and `free` says it was
    /// the last.
    Stale { free: bool },
}

/// What a poll that returned `Pending` leads to.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Suspend {
    /// The task waits; the hint's reference (if there was one) was given back.
    Waiting,
    /// It was woken during the poll: the caller queues it.
    Requeue(Due),
    /// It was cancelled during the poll: the caller still holds RUNNING and drops the future.
    Cancelled,
}

/// What is left to do for the one who ended the task.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Completion {
    /// Take the waker out of the join slot and wake it.
    pub(crate) wake_joiner: bool,
    /// Nobody will ask: drop the output.
    pub(crate) drop_output: bool,
    /// References the caller still holds and gives back when it is finished.
    pub(crate) refs: u64,
}

/// What a wake asks of its caller.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Wake {
    /// Queue this hint.
    Schedule(Due),
    /// Nothing; `free`: the waker held the last reference.
    Nothing { free: bool },
}

/// What lending urgency to a task asks of the lender.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Raise {
    Nothing,
    /// The task is runnable and lies in a queue that is looked at too late: queue one more hint.
    Requeue(Due),
    /// The task waited and is runnable now: queue a hint.
    Wake(Due),
}

/// The answer to a request to cancel.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum CancelRequest {
    /// Taken; the task is queued or running and will see it.
    Taken,
    /// Taken; the caller queues this hint.
    Schedule(Due),
    /// Too late: the task has ended.
    Ended,
    /// A blocking call that has begun.
    Uncancellable,
}

/// What dropping a handle leaves to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Detach {
    /// The task goes on; `drop_waker`: take the waker out of the join slot first.
    Live { drop_waker: bool },
    /// It has ended: drop the output.
    Done,
}
