//! Which node is next, and how many runners there should be.
//!
//! # Protocol
//! Nodes whose inputs are there lie in one heap: the most urgent lane first, in a lane the longest
//! way to the end first, then the node that was added first. Runners (tasks of the runtime, each
//! in a lane) take from it. A runner that takes nodes is *active*; one whose node is suspended is
//! not. There are at most as many active runners in a lane and those above it as the runtime has
//! workers, and always at least one if the heap is not empty (I46).
//!
//! # Rejected alternatives
//! A task per node: the order would be the runtime's, which knows nothing of the way to the end,
//! and a spawn costs as much as all the rest. A heap per lane: a runner would have to look at all.
//! A heap per worker: the most critical node may lie with the busiest worker.

use qi_runtime::TaskPriority;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A backlog of so much work is worth waking another worker; for less it would be gone when that
/// comes. The runtime counts in the same way.
const HELP_FROM_NS: u64 = 50_000;

/// Before any node was timed, nodes are taken for long.
const UNKNOWN_NODE_NS: u64 = 100_000;

/// The lane is in the two highest bits of a key.
const LANE_SHIFT: u32 = 62;

/// A lane and a rank as one number: the larger goes first.
pub(crate) fn key(lane: TaskPriority, rank: u64) -> u64 {
    (lane.index() as u64) << LANE_SHIFT | rank.min((1 << LANE_SHIFT) - 1)
}

pub(super) fn lane_of(key: u64) -> TaskPriority {
    match key >> LANE_SHIFT {
        0 => TaskPriority::Low,
        1 => TaskPriority::Normal,
        2 => TaskPriority::High,
        _ => TaskPriority::Critical,
    }
}

/// A node whose turn will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ready {
    key: u64,
    node: Reverse<u32>,
}

impl Ready {
    pub(crate) fn new(key: u64, node: u32) -> Self {
        Self { key, node: Reverse(node) }
    }

    pub(crate) fn node(self) -> u32 {
        self.node.0
    }
}

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

/// The heap and the counts around it.
#[derive(Debug)]
pub(crate) struct Queue {
    heap: BinaryHeap<Ready>,
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
    pub(crate) fn new(left: usize, parallelism: usize) -> Self {
        Self {
            heap: BinaryHeap::new(),
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
        self.heap.is_empty()
    }

    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Adds nodes; the list is empty afterwards.
    #[inline]
    pub(crate) fn extend(&mut self, ready: &mut Vec<Ready>) {
        if self.closed {
            ready.clear();
        }
        self.heap.extend(ready.drain(..));
    }

    /// So many nodes have ended; the last run of one took so long.
    #[inline]
    pub(crate) fn ended(&mut self, nodes: usize, took_ns: Option<u64>) {
        self.left -= nodes;
        if let Some(took) = took_ns {
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
        let Some(top) = self.heap.peek() else {
            self.active[lane.index()] -= 1;
            return Next::End;
        };
        let wanted = lane_of(top.key);
        if wanted == lane {
            let node = top.node();
            self.heap.pop();
            return Next::Node(node);
        }
        self.active[lane.index()] -= 1;
        // Those of a more urgent lane, if there are enough, come down when they have nothing else.
        if self.active_from(wanted) >= self.parallelism {
            return Next::End;
        }
        self.active[wanted.index()] += 1;
        Next::HandOver(wanted)
    }

    /// A runner's node is suspended.
    pub(crate) fn deactivate(&mut self, lane: TaskPriority) {
        self.active[lane.index()] -= 1;
    }

    /// A runner whose node has ended after a suspension would take another one.
    pub(crate) fn activate(&mut self, lane: TaskPriority) -> bool {
        let may = !self.heap.is_empty() && self.active_from(lane) < self.parallelism;
        if may {
            self.active[lane.index()] += 1;
        }
        may
    }

    /// One more runner, if there is work for it. It counts as active from now on.
    #[inline]
    pub(crate) fn call_help(&mut self) -> Option<Help> {
        let lane = lane_of(self.heap.peek()?.key);
        if self.active_from(lane) >= self.parallelism {
            return None;
        }
        self.active[lane.index()] += 1;
        let backlog = self.heap.len() as u64;
        let elsewhere = backlog.saturating_mul(self.node_ns) >= HELP_FROM_NS;
        Some(Help { lane, elsewhere })
    }

    /// Nothing begins any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.heap.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Queue, Ready, key};
    use qi_runtime::TaskPriority::{High, Low, Normal};

    fn queue(parallelism: usize, nodes: &[(qi_runtime::TaskPriority, u64)]) -> Queue {
        let mut queue = Queue::new(nodes.len(), parallelism);
        let ready = nodes.iter().zip(0..).map(|(&(lane, rank), n)| Ready::new(key(lane, rank), n));
        queue.extend(&mut ready.collect());
        queue
    }

    #[test]
    fn the_longest_way_goes_first_and_of_equals_the_oldest() {
        let mut queue = queue(1, &[(Normal, 3), (Normal, 9), (Normal, 9), (Normal, 4)]);
        assert_eq!(queue.call_help().map(|help| help.lane), Some(Normal));
        let order: Vec<Next> = (0..5).map(|_| queue.take(Normal)).collect();
        assert_eq!(order[..4], [1, 2, 3, 0].map(Next::Node));
        assert_eq!(order[4], Next::End);
    }

    #[test]
    fn an_urgent_lane_gets_runners_of_its_own_and_hands_down() {
        let mut queue = queue(1, &[(Normal, 1)]);
        assert_eq!(queue.call_help().map(|help| help.lane), Some(Normal));
        assert_eq!(queue.call_help(), None);
        queue.extend(&mut vec![Ready::new(key(High, 1), 7)]);
        assert_eq!(queue.call_help().map(|help| help.lane), Some(High));
        assert_eq!(queue.take(Normal), Next::End, "the urgent runner is on its way");
        assert_eq!(queue.take(High), Next::Node(7));
        assert_eq!(queue.take(High), Next::HandOver(Normal));
        assert_eq!(queue.take(Normal), Next::Node(0));
        assert_eq!(queue.take(Normal), Next::End);
    }

    #[test]
    fn a_runner_that_was_suspended_comes_back_only_where_one_is_missing() {
        let mut queue = queue(1, &[(Low, 1), (Low, 1)]);
        assert!(queue.call_help().is_some());
        queue.deactivate(Low);
        assert!(queue.call_help().is_some());
        assert!(!queue.activate(Low), "its place was taken");
        queue.deactivate(Low);
        assert!(queue.activate(Low));
    }

    #[test]
    fn a_rank_never_reaches_into_the_lane() {
        assert!(key(Low, u64::MAX) < key(Normal, 0));
        assert!(key(Normal, u64::MAX) < key(High, 0));
    }
}
