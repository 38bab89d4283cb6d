//! A cheap global picture of the lanes other than Normal: it moves only when they are used.
#![forbid(unsafe_code)]

use crate::priority::TaskPriority;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A build with the Normal lane alone, made only to measure what the others cost those who do not
/// use them (`cargo xtask bench --lanes`).
pub(crate) const ONE_LANE: bool = cfg!(qi_one_lane);

/// How many hints of each lane other than Normal lie in queues that anybody may take from.
///
/// A worker reads the sum before each pick: while it is zero, which is the rule, the pick is the
/// same as in a scheduler with a single lane. Counts are raised before the push and lowered after
/// the pop, so that a hint which can be found is always counted. (I12)
#[derive(Debug, Default)]
pub(crate) struct LaneCounts {
    /// Of all three together.
    sum: AtomicUsize,
    low: AtomicUsize,
    high: AtomicUsize,
    critical: AtomicUsize,
}

impl LaneCounts {
    fn of(&self, lane: TaskPriority) -> Option<&AtomicUsize> {
        match lane {
            _ if ONE_LANE => None,
            TaskPriority::Low => Some(&self.low),
            TaskPriority::Normal => None,
            TaskPriority::High => Some(&self.high),
            TaskPriority::Critical => Some(&self.critical),
        }
    }

    /// A hint is about to be pushed.
    #[inline]
    pub(crate) fn raise(&self, lane: TaskPriority) {
        if let Some(count) = self.of(lane) {
            // Relaxed: the counts only say where to look; the queues themselves hand tasks over.
            count.fetch_add(1, Relaxed);
            self.sum.fetch_add(1, Relaxed);
        }
    }

    /// A hint was taken.
    #[inline]
    pub(crate) fn lower(&self, lane: TaskPriority) {
        if let Some(count) = self.of(lane) {
            // Relaxed: as in `raise`.
            self.sum.fetch_sub(1, Relaxed);
            count.fetch_sub(1, Relaxed);
        }
    }

    /// Whether only the Normal lane is in use.
    #[inline]
    pub(crate) fn only_normal(&self) -> bool {
        if ONE_LANE {
            return true;
        }
        // Relaxed: as in `raise`. A worker that misses a push by a hair sees it at its next pick.
        self.sum.load(Relaxed) == 0
    }

    /// Whether the lane may have something. Normal always may.
    #[inline]
    pub(crate) fn may_have(&self, lane: TaskPriority) -> bool {
        // Relaxed: as in `raise`.
        self.of(lane).is_none_or(|count| count.load(Relaxed) != 0)
    }

    /// Whether a lane above `lane` may have something. Normal counts as empty: it is never above
    /// anything but Low, and who runs Low work looks for itself.
    #[inline]
    pub(crate) fn any_above(&self, lane: TaskPriority) -> bool {
        if ONE_LANE {
            return false;
        }
        // Relaxed: as in `raise`.
        (lane < TaskPriority::Critical && self.critical.load(Relaxed) != 0)
            || (lane < TaskPriority::High && self.high.load(Relaxed) != 0)
    }
}
