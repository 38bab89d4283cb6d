//! Priorities of tasks, which are the lanes of the scheduler.
#![forbid(unsafe_code)]

use std::fmt;

/// The urgency of a task, from background work to work that must not wait.
///
/// A worker takes its next task from the highest lane that has one, except for the picks owed to
/// lower lanes, so that none starves. Urgency is never pre-emption: a task runs until its next
/// suspension point.
///
/// # Examples
/// ```
/// use qi_sched::TaskPriority;
/// assert!(TaskPriority::Critical > TaskPriority::High);
/// assert_eq!(TaskPriority::default(), TaskPriority::Normal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TaskPriority {
    /// Background work: runs when nothing else wants to, and at least once in 64 picks.
    Low = 0,
    /// The default.
    #[default]
    Normal = 1,
    /// Work that somebody waits for.
    High = 2,
    /// Work that must not wait behind any other.
    Critical = 3,
}

impl TaskPriority {
    /// How many priorities there are.
    pub const COUNT: usize = 4;

    /// All priorities, the most urgent first: the order in which a worker looks.
    pub const DESCENDING: [Self; Self::COUNT] =
        [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// The priority as an index, `Low` being 0.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The priority with this index; the two lowest bits decide.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        match bits & 0b11 {
            0 => Self::Low,
            1 => Self::Normal,
            2 => Self::High,
            _ => Self::Critical,
        }
    }

    /// Whether the lane is above the default one.
    #[inline]
    pub(crate) const fn is_urgent(self) -> bool {
        matches!(self, Self::High | Self::Critical)
    }
}

impl fmt::Display for TaskPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}
