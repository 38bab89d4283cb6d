//! The order in which nodes go if they all could, and the set of those that can.
//!
//! A node's *turn* is its place in that order: 0 for the one that goes first. Turns are given out
//! before the run, by sorting; the nodes that can begin are then a set of small numbers, of which
//! the least is wanted: a tree of bits, 64 to a word, that for a million nodes fits into 130 KB.
//!
//! # Rejected alternatives
//! A binary heap: in a graph with 200,000 nodes that could begin it took a third of all the time of
//! a run, in cache misses.

use qi_runtime::TaskPriority;

/// The order, and where each lane ends in it.
#[derive(Debug)]
pub(crate) struct Turns {
    /// The nodes by turn.
    nodes: Vec<u32>,
    /// How many turns belong to a lane and those above it, by lane.
    ends: [u32; TaskPriority::COUNT],
}

impl Turns {
    /// The order of nodes with these lanes and ranks: the most urgent lane first, in it the
    /// longest way to the end, then the node that was added first. Gives each node's turn too.
    pub(crate) fn new(lanes: &[TaskPriority], ranks: Vec<u64>) -> (Self, Vec<u32>) {
        let one_lane = lanes.windows(2).all(|pair| pair[0] == pair[1]);
        let nodes = match ranks.iter().max() {
            Some(&longest) if one_lane && longest <= ranks.len() as u64 => by_counting(&ranks),
            _ => by_comparing(lanes, ranks),
        };
        let mut turns = vec![0; nodes.len()];
        for (turn, node) in (0..).zip(&nodes) {
            turns[*node as usize] = turn;
        }
        let end = |lane: TaskPriority| lanes.iter().filter(|other| **other >= lane).count() as u32;
        let mut ends = [0; TaskPriority::COUNT];
        for lane in TaskPriority::DESCENDING {
            ends[lane.index()] = end(lane);
        }
        (Self { nodes, ends }, turns)
    }

    #[inline]
    pub(crate) fn node(&self, turn: u32) -> u32 {
        self.nodes[turn as usize]
    }

    #[inline]
    pub(crate) fn lane(&self, turn: u32) -> TaskPriority {
        let ends = &self.ends;
        let above = |lane: TaskPriority| turn < ends[lane.index()];
        TaskPriority::DESCENDING.into_iter().find(|lane| above(*lane)).unwrap_or(TaskPriority::Low)
    }
}

/// The nodes by falling rank, for ranks that are no larger than there are nodes: as they are when
/// all costs are 1.
fn by_counting(ranks: &[u64]) -> Vec<u32> {
    let mut places = vec![0_u32; ranks.len() + 2];
    for &rank in ranks {
        places[ranks.len() - rank as usize + 1] += 1;
    }
    let mut sum = 0;
    for place in &mut places {
        sum += *place;
        *place = sum;
    }
    let mut nodes = vec![0; ranks.len()];
    for (node, &rank) in (0..).zip(ranks) {
        let place = &mut places[ranks.len() - rank as usize];
        nodes[*place as usize] = node;
        *place += 1;
    }
    nodes
}

fn by_comparing(lanes: &[TaskPriority], ranks: Vec<u64>) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = ranks.into_iter().zip(0..).collect();
    order.sort_unstable_by(|a, b| {
        let [left, right] = [a, b].map(|entry| lanes[entry.1 as usize]);
        right.cmp(&left).then(b.0.cmp(&a.0)).then(a.1.cmp(&b.1))
    });
    order.into_iter().map(|entry| entry.1).collect()
}

/// Bits in a word, as a shift.
const WORD_SHIFT: u32 = 6;
const WORD_MASK: u32 = (1 << WORD_SHIFT) - 1;

/// A set of turns.
#[derive(Debug)]
pub(crate) struct TurnSet {
    /// The turns themselves, then which words of the level before are not empty, up to one word.
    levels: Vec<Vec<u64>>,
    len: usize,
}

impl TurnSet {
    /// An empty set of turns below `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = limit.max(1);
        loop {
            words = words.div_ceil(1 << WORD_SHIFT);
            levels.push(vec![0; words]);
            if words == 1 {
                return Self { levels, len: 0 };
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a turn that is not there.
    #[inline]
    pub(crate) fn insert(&mut self, turn: u32) {
        self.len += 1;
        let mut place = turn;
        for level in &mut self.levels {
            let word = &mut level[(place >> WORD_SHIFT) as usize];
            let before = std::mem::replace(word, *word | 1 << (place & WORD_MASK));
            if before != 0 {
                return;
            }
            place >>= WORD_SHIFT;
        }
    }

    /// The least turn.
    #[inline]
    pub(crate) fn first(&self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let descend = |place: u32, level: &Vec<u64>| {
            place << WORD_SHIFT | level[place as usize].trailing_zeros()
        };
        Some(self.levels.iter().rev().fold(0, descend))
    }

    /// Takes a turn out that is there.
    #[inline]
    pub(crate) fn remove(&mut self, turn: u32) {
        self.len -= 1;
        let mut place = turn;
        for level in &mut self.levels {
            let word = &mut level[(place >> WORD_SHIFT) as usize];
            *word &= !(1 << (place & WORD_MASK));
            if *word != 0 {
                return;
            }
            place >>= WORD_SHIFT;
        }
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.levels.iter_mut().for_each(|level| level.fill(0));
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{TurnSet, Turns, by_comparing, by_counting};
    use crate::retry::scatter;
    use qi_runtime::TaskPriority::{Critical, High, Low, Normal};
    use std::collections::BTreeSet;

    #[test]
    fn random_operations_agree_with_an_ordered_set() {
        for limit in [1, 64, 65, 4097, 300_000] {
            let mut set = TurnSet::new(limit);
            let mut model = BTreeSet::new();
            for step in 0..20_000 {
                let turn = (scatter(limit as u64, step) % limit as u64) as u32;
                if step % 3 < 2 {
                    if model.insert(turn) {
                        set.insert(turn);
                    }
                } else if let Some(first) = model.pop_first() {
                    set.remove(first);
                }
                assert_eq!((set.first(), set.len()), (model.first().copied(), model.len()));
            }
            set.clear();
            assert_eq!((set.first(), set.len()), (None, 0));
        }
    }

    #[test]
    fn small_ranks_are_sorted_in_the_same_way() {
        let lanes = vec![Normal; 1000];
        let ranks: Vec<u64> = (0..1000).map(|node| scatter(3, node) % 1001).collect();
        assert_eq!(by_counting(&ranks), by_comparing(&lanes, ranks.clone()));
        assert_eq!(by_counting(&[0, 2, 1, 2]), [1, 3, 2, 0]);
    }

    #[test]
    fn lanes_come_first_then_ways_then_numbers() {
        let lanes = [Normal, High, Normal, Low, Normal, Critical];
        let (turns, by_node) = Turns::new(&lanes, vec![3, 1, 9, 100, 9, 0]);
        let order: Vec<u32> = (0..6).map(|turn| turns.node(turn)).collect();
        assert_eq!(order, [5, 1, 2, 4, 0, 3]);
        for (node, turn) in by_node.iter().enumerate() {
            assert_eq!(turns.node(*turn) as usize, node);
            assert_eq!(turns.lane(*turn), lanes[node]);
        }
    }
}
