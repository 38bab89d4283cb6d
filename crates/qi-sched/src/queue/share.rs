//! Shares: the picks owed to lower lanes while higher ones are backlogged.
#![forbid(unsafe_code)]

use crate::error::ConfigError;
use crate::priority::TaskPriority;
use std::cell::Cell;

/// Of how many picks one goes to a lane although more urgent work is waiting.
///
/// # Examples
/// ```
/// use qi_sched::Shares;
/// let shares = Shares::default();
/// assert_eq!((shares.high(), shares.normal(), shares.low()), (8, 16, 64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    every: [u32; TaskPriority::COUNT - 1],
}

impl Default for Shares {
    fn default() -> Self {
        Self { every: [64, 16, 8] }
    }
}

impl Shares {
    /// One pick in `high`, one in `normal` and one in `low` goes to that lane.
    ///
    /// # Errors
    /// If one is below 2 or above 65,536, or if together they leave nothing to the top lane.
    pub fn new(high: u32, normal: u32, low: u32) -> Result<Self, ConfigError> {
        for (field, value) in [("share.high", high), ("share.normal", normal), ("share.low", low)] {
            if !(2..=65_536).contains(&value) {
                return Err(ConfigError::out_of_range(field, value, "2..=65536"));
            }
        }
        let owed = 1.0 / f64::from(high) + 1.0 / f64::from(normal) + 1.0 / f64::from(low);
        if owed > 0.9 {
            return Err(ConfigError::out_of_range(
                "share",
                format!("1/{high} + 1/{normal} + 1/{low}"),
                "at most 9/10 of all picks together",
            ));
        }
        Ok(Self { every: [low, normal, high] })
    }

    /// One pick in so many goes to High.
    #[must_use]
    pub fn high(&self) -> u32 {
        self.every[TaskPriority::High.index()]
    }

    /// One pick in so many goes to Normal.
    #[must_use]
    pub fn normal(&self) -> u32 {
        self.every[TaskPriority::Normal.index()]
    }

    /// One pick in so many goes to Low.
    #[must_use]
    pub fn low(&self) -> u32 {
        self.every[TaskPriority::Low.index()]
    }
}

/// One worker's account of what it owes.
///
/// Only picks made while several lanes are in use are counted. A lane is *due* at the pick by
/// which its share must have been served; when several are due at once the one that waits longest
/// in proportion (the rarest) goes first, and the others follow at the next picks: so each gets
/// its share within one pick in 64. (I13)
#[derive(Debug)]
pub(crate) struct ShareAccount {
    shares: Shares,
    picks: Cell<u64>,
    due: [Cell<u64>; TaskPriority::COUNT - 1],
}

impl ShareAccount {
    pub(crate) fn new(shares: Shares) -> Self {
        let due = std::array::from_fn(|lane| Cell::new(u64::from(shares.every[lane])));
        Self { shares, picks: Cell::new(0), due }
    }

    /// Counts a pick; returns the lanes that are due, the rarest first.
    pub(crate) fn begin_pick(&self) -> impl Iterator<Item = TaskPriority> + '_ {
        let pick = self.picks.get() + 1;
        self.picks.set(pick);
        [TaskPriority::Low, TaskPriority::Normal, TaskPriority::High]
            .into_iter()
            .filter(move |lane| self.due[lane.index()].get() <= pick)
    }

    /// Counts a child run in place as a pick, unless it is one owed to another lane: then the child
    /// is not run.
    pub(crate) fn begin_in_place(&self, lane: TaskPriority) -> bool {
        let pick = self.picks.get() + 1;
        let owed = |(other, due): (usize, &Cell<u64>)| other != lane.index() && due.get() <= pick;
        if self.due.iter().enumerate().any(owed) {
            return false;
        }
        self.picks.set(pick);
        self.settle(lane);
        true
    }

    /// The lane was served, or was due and had nothing. A share served late keeps its place in the
    /// rhythm; one served early (as the top lane) or not wanted starts a new period: nothing is
    /// saved up.
    pub(crate) fn settle(&self, lane: TaskPriority) {
        let Some(due) = self.due.get(lane.index()) else { return };
        let period = u64::from(self.shares.every[lane.index()]);
        let pick = self.picks.get();
        let next = due.get().min(pick) + period;
        due.set(if next > pick { next } else { pick + period });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_out_of_range_are_errors_that_name_the_field() {
        let error = Shares::new(1, 16, 64).unwrap_err();
        assert!(error.to_string().contains("share.high"), "{error}");
        assert!(Shares::new(2, 2, 64).is_err(), "nothing would be left for the top lane");
        assert!(Shares::new(2, 4, 70_000).is_err());
    }

    #[test]
    fn with_all_lanes_backlogged_each_gets_its_share_in_every_64_picks() {
        let account = ShareAccount::new(Shares::default());
        for window in 0..1_000 {
            let mut served = [0_u32; 4];
            for _ in 0..64 {
                let lane = account.begin_pick().next().unwrap_or(TaskPriority::Critical);
                account.settle(lane);
                served[lane.index()] += 1;
            }
            let close = |lane: TaskPriority, wanted: i64| {
                (i64::from(served[lane.index()]) - wanted).abs() <= 1
            };
            assert!(close(TaskPriority::Low, 1), "window {window}: {served:?}");
            assert!(close(TaskPriority::Normal, 4), "window {window}: {served:?}");
            assert!(close(TaskPriority::High, 8), "window {window}: {served:?}");
        }
    }

    #[test]
    fn an_idle_lane_saves_nothing_up() {
        let account = ShareAccount::new(Shares::default());
        for _ in 0..10_000 {
            for lane in account.begin_pick().collect::<Vec<_>>() {
                account.settle(lane);
            }
        }
        let low = (0..640).filter(|_| {
            let owed = account.begin_pick().find(|lane| *lane == TaskPriority::Low);
            owed.map(|lane| account.settle(lane)).is_some()
        });
        assert!(low.count() <= 11);
    }
}
