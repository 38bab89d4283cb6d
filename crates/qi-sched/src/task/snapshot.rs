//! One reading of a task's state word, and what it says.
#![forbid(unsafe_code)]

use super::state::{
    BLOCKING, CANCEL, DONE, FRESH, JOIN_WAKER, LANE_SHIFT, OUTCOME_SHIFT, OWN_SHIFT, PINNED,
    QUEUED_SHIFT, REF_ONE, RUNNING, SCHEDULED, STACKFUL, TOLD, TURN,
};
use super::transition::Outcome;
use crate::priority::TaskPriority;
use crate::queue::ONE_LANE;

/// What a task that may be claimed without a hint has set, and what it has not.
const IN_PLACE: u64 = SCHEDULED | FRESH;
const NOT_IN_PLACE: u64 = RUNNING | DONE | CANCEL | PINNED | BLOCKING;

/// Which of two turns a task is to have next, or has: they alternate, each claim begins one. A hint is
/// for one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn(pub(super) u64);

impl Turn {
    /// 0 or 1, the turn that a new task has first being 0.
    #[inline]
    pub(crate) fn number(self) -> usize {
        usize::from(self.0 != 0)
    }

    #[inline]
    pub(crate) fn of_number(number: usize) -> Self {
        Self(if number == 0 { 0 } else { TURN })
    }
}

/// One reading of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(pub(super) u64);

impl Snapshot {
    #[inline]
    pub(crate) fn is_done(self) -> bool {
        self.0 & DONE != 0
    }

    /// The turn that the task is to have next.
    #[inline]
    pub(crate) fn turn(self) -> Turn {
        Turn(self.0 & TURN)
    }

    pub(crate) fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    pub(crate) fn is_scheduled(self) -> bool {
        self.0 & (SCHEDULED | RUNNING | DONE) == SCHEDULED
    }

    /// Whether whoever holds the handle, and has not polled it yet, may claim the task in place.
    #[inline]
    pub(crate) fn may_run_in_place(self) -> bool {
        self.is_unclaimed() && self.0 & JOIN_WAKER == 0
    }

    /// Whether the task may be claimed without a hint: it has never run, and has no home elsewhere.
    /// A stackful one that has not begun has none yet, and brings its stack along.
    #[inline]
    pub(super) fn is_unclaimed(self) -> bool {
        let homeless = if self.0 & STACKFUL == 0 { NOT_IN_PLACE } else { NOT_IN_PLACE & !PINNED };
        self.0 & (IN_PLACE | homeless) == IN_PLACE
    }

    pub(crate) fn is_fresh(self) -> bool {
        self.0 & FRESH != 0
    }

    #[inline]
    pub(crate) fn is_pinned(self) -> bool {
        self.0 & PINNED != 0
    }

    /// Whether the task's code has a stack of its own.
    #[inline]
    pub(crate) fn is_stackful(self) -> bool {
        self.0 & STACKFUL != 0
    }

    /// Whether the task's code was told that it is cancelled.
    pub(crate) fn was_told(self) -> bool {
        self.0 & TOLD != 0
    }

    /// Neither pinned nor a blocking call.
    #[inline]
    pub(crate) fn may_run_anywhere(self) -> bool {
        self.0 & (PINNED | BLOCKING) == 0
    }

    /// Whether any worker may run the task next: one with a stack of its own that has not begun has no
    /// home yet.
    pub(crate) fn may_run_anywhere_now(self) -> bool {
        self.may_run_anywhere() || self.0 & (STACKFUL | FRESH) == STACKFUL | FRESH
    }

    pub(crate) fn is_blocking(self) -> bool {
        self.0 & BLOCKING != 0
    }

    #[inline]
    pub(crate) fn outcome(self) -> Option<Outcome> {
        match (self.0 >> OUTCOME_SHIFT) & 0b11 {
            1 => Some(Outcome::Completed),
            2 => Some(Outcome::Cancelled),
            3 => Some(Outcome::Failed),
            _ => None,
        }
    }

    /// The effective lane: the most urgent of the task's own and its waiters'.
    #[inline]
    pub(crate) fn lane(self) -> TaskPriority {
        if ONE_LANE {
            return TaskPriority::Normal;
        }
        TaskPriority::from_bits(self.0 >> LANE_SHIFT)
    }

    #[inline]
    pub(crate) fn own_priority(self) -> TaskPriority {
        TaskPriority::from_bits(self.0 >> OWN_SHIFT)
    }

    pub(super) fn queued_in(self) -> TaskPriority {
        TaskPriority::from_bits(self.0 >> QUEUED_SHIFT)
    }

    pub(super) fn refs(self) -> u64 {
        self.0 / REF_ONE
    }
}
