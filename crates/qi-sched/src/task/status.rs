//! The states of a task as a user sees them.
#![forbid(unsafe_code)]

use super::snapshot::Snapshot;
use super::transition::Outcome;
use std::fmt;

/// What a task is doing.
///
/// ```text
/// Pending ──► Running ──► Waiting        (woken: Pending again)
///                │
///                └──────► Completed | Cancelled | Failed   (final)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// In a queue: new, or woken.
    Pending,
    /// Being polled.
    Running,
    /// Suspended until I/O, a timer, another task or any other event wakes it.
    Waiting,
    /// Ended with its result.
    Completed,
    /// Ended because it was cancelled; its future is dropped.
    Cancelled,
    /// Ended by a panic.
    Failed,
}

impl TaskStatus {
    /// Whether the task has ended. A final state never changes.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed)
    }
}

impl From<Snapshot> for TaskStatus {
    fn from(word: Snapshot) -> Self {
        match word.outcome() {
            Some(Outcome::Completed) => Self::Completed,
            Some(Outcome::Cancelled) => Self::Cancelled,
            Some(Outcome::Failed) => Self::Failed,
            None if word.is_running() => Self::Running,
            None if word.is_scheduled() => Self::Pending,
            None => Self::Waiting,
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        })
    }
}
