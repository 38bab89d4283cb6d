//! Which node is next, and how many runners there should be.
//!
//! # Protocol
//! Nodes whose inputs are there lie in one set, from which the one whose turn (`turns.rs`) is first
//! is taken. Runners (tasks of the runtime, each in a lane) take from it. A runner that takes nodes is *active*; one whose node is suspended is
//! not. There are at most as many active runners in a lane and those above it as the runtime has
//! workers, and always at least one if the set is not empty (I46).
//!
//! # Rejected alternatives
//! A task per node: the order would be the runtime's, which knows nothing of the way to the end,
//! and a spawn costs as much as all the rest. A set per
//! worker: the most critical node may lie with the busiest one.

use super::turns::{TurnSet, Turns};
use qi_runtime::TaskPriority;

/// A backlog of so much work is worth waking another worker; for less it would be gone when that
/// comes. The runtime counts in the same way.
const HELP_FROM_NS: u64 = 50_000;

/// Before any node was timed, nodes are taken for long.
const UNKNOWN_NODE_NS: u64 = 100_000;

/// What a runner does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It runs this node.
    Node(u32),
    /// It ends, and a runner of this lane takes its place.
    HandOver(TaskPriority),
    /// It ends.
    End,
}

/// A runner to be spawned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Help {
    pub(crate) lane: TaskPriority,
    /// Whether it is worth waking another worker for it.
    pub(crate) elsewhere: bool,
}

/// The set and the counts around it.
#[derive(Debug)]
pub(crate) struct Queue {
    turns: Turns,
    ready: TurnSet,
    /// Nodes that have not ended.
    left: usize,
    /// Active runners by lane.
    active: [usize; TaskPriority::COUNT],
    /// Runners that may be active in a lane and above.
    parallelism: usize,
    /// How long nodes take: it follows long ones at once and short ones slowly.
    node_ns: u64,
    /// Nothing begins any more.
    closed: bool,
}

impl Queue {
    pub(crate) fn new(turns: Turns, nodes: usize, left: usize, parallelism: usize) -> Self {
        Self {
            turns,
            ready: TurnSet::new(nodes),
            left,
            active: [0; TaskPriority::COUNT],
            parallelism,
            node_ns: UNKNOWN_NODE_NS,
            closed: false,
        }
    }

    /// Whether no node waits for its turn.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.len() == 0
    }

    /// The lane that a turn belongs to.
    pub(crate) fn lane(&self, turn: u32) -> TaskPriority {
        self.turns.lane(turn)
    }

    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Adds the turns of nodes; the list is empty afterwards.
    #[inline]
    pub(crate) fn extend(&mut self, turns: &mut Vec<u32>) {
        if self.closed {
            turns.clear();
        }
        turns.drain(..).for_each(|turn| self.ready.insert(turn));
    }

    /// So many nodes have ended; the last run of one took so long. No time at all is what a clock
    /// says that stands still: it tells nothing.
    #[inline]
    pub(crate) fn ended(&mut self, nodes: usize, took_ns: Option<u64>) {
        self.left -= nodes;
        if let Some(took) = took_ns.filter(|&took| took > 0) {
            let before = self.node_ns;
            self.node_ns = if took >= before { took } else { before - (before - took) / 8 };
        }
    }

    fn active_from(&self, lane: TaskPriority) -> usize {
        self.active[lane.index()..].iter().sum()
    }

    /// The next node of an active runner of a lane. Unless it gets one, it is active no more.
    #[inline]
    pub(crate) fn take(&mut self, lane: TaskPriority) -> Next {
        let Some(first) = self.ready.first() else {
            self.active[lane.index()] -= 1;
            return Next::End;
        };
        let wanted = self.turns.lane(first);
        if wanted == lane {
            self.ready.remove(first);
            return Next::Node(self.turns.node(first));
        }
        self.active[lane.index()] -= 1;
        // Those of a more urgent lane, if there are enough, come down when they have nothing else.
        if self.active_from(wanted) >= self.parallelism {
            return Next::End;
        }
        self.active[wanted.index()] += 1;
        Next::HandOver(wanted)
    }

    /// The node that will probably be next.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u32> {
        self.ready.first().map(|first| self.turns.node(first))
    }

    /// A runner's node is suspended.
    pub(crate) fn deactivate(&mut self, lane: TaskPriority) {
        self.active[lane.index()] -= 1;
    }

    /// A runner whose node has ended after a suspension would take another one.
    pub(crate) fn activate(&mut self, lane: TaskPriority) -> bool {
        let may = self.ready.len() > 0 && self.active_from(lane) < self.parallelism;
        if may {
            self.active[lane.index()] += 1;
        }
        may
    }

    /// One more runner, if there is work for it. It counts as active from now on.
    #[inline]
    pub(crate) fn call_help(&mut self) -> Option<Help> {
        let lane = self.turns.lane(self.ready.first()?);
        if self.active_from(lane) >= self.parallelism {
            return None;
        }
        self.active[lane.index()] += 1;
        let backlog = self.ready.len() as u64;
        let elsewhere = backlog.saturating_mul(self.node_ns) >= HELP_FROM_NS;
        Some(Help { lane, elsewhere })
    }

    /// Nothing begins any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.ready.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Queue, Turns};
    use qi_runtime::TaskPriority::{self, High, Low, Normal};

    fn queue(nodes: &[(TaskPriority, u64)]) -> (Queue, Vec<u32>) {
        let (lanes, ranks): (Vec<_>, Vec<_>) = nodes.iter().copied().unzip();
        let (turns, by_node) = Turns::new(&lanes, ranks);
        (Queue::new(turns, nodes.len(), nodes.len(), 1), by_node)
    }

    #[test]
    fn the_longest_way_goes_first_and_of_equals_the_oldest() {
        let (mut queue, mut turns) = queue(&[(Normal, 3), (Normal, 9), (Normal, 9), (Normal, 4)]);
        queue.extend(&mut turns);
        assert_eq!(queue.call_help().map(|help| help.lane), Some(Normal));
        let order: Vec<Next> = (0..5).map(|_| queue.take(Normal)).collect();
        assert_eq!(order[..4], [1, 2, 3, 0].map(Next::Node));
        assert_eq!(order[4], Next::End);
    }

    #[test]
    fn an_urgent_lane_gets_runners_of_its_own_and_hands_down() {
        let (mut queue, turns) = queue(&[(Normal, 1), (High, 1)]);
        queue.extend(&mut vec![turns[0]]);
        assert_eq!(queue.call_help().map(|help| help.lane), Some(Normal));
        assert_eq!(queue.call_help(), None);
        queue.extend(&mut vec![turns[1]]);
        assert_eq!(queue.call_help().map(|help| help.lane), Some(High));
        assert_eq!(queue.take(Normal), Next::End, "the urgent runner is on its way");
        assert_eq!(queue.take(High), Next::Node(1));
        assert_eq!(queue.take(High), Next::HandOver(Normal));
        assert_eq!(queue.take(Normal), Next::Node(0));
        assert_eq!(queue.take(Normal), Next::End);
    }

    #[test]
    fn nodes_are_taken_for_long_while_the_clock_stands_still() {
        let (mut queue, mut turns) = queue(&[(Normal, 1), (Normal, 1), (Normal, 1)]);
        queue.ended(1, Some(0));
        queue.extend(&mut vec![turns.remove(0)]);
        assert!(queue.call_help().is_some_and(|help| help.elsewhere));
        queue.deactivate(Normal);
        (0..100).for_each(|_| queue.ended(0, Some(1)));
        assert!(queue.call_help().is_some_and(|help| !help.elsewhere));
    }

    #[test]
    fn a_runner_that_was_suspended_comes_back_only_where_one_is_missing() {
        let (mut queue, mut turns) = queue(&[(Low, 1), (Low, 1)]);
        queue.extend(&mut turns);
        assert!(queue.call_help().is_some());
        queue.deactivate(Low);
        assert!(queue.call_help().is_some());
        assert!(!queue.activate(Low), "its place was taken");
        queue.deactivate(Low);
        assert!(queue.activate(Low));
    }
}
