//! What a list schedule makes of nodes of known lengths: the bound that a run is compared with.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nodes with their lengths and inputs, every input before its node.
pub(super) struct Work {
    pub(super) lengths: Vec<u64>,
    pub(super) inputs: Vec<Vec<u64>>,
}

impl Work {
    fn successors(&self) -> Vec<Vec<usize>> {
        let mut successors = vec![Vec::new(); self.lengths.len()];
        for (node, inputs) in self.inputs.iter().enumerate() {
            for &input in inputs {
                successors[input as usize].push(node);
            }
        }
        successors
    }

    /// The longest way from each node to an end, by these costs.
    fn ranks(successors: &[Vec<usize>], costs: &[u64]) -> Vec<u64> {
        let mut ranks = vec![0; costs.len()];
        for node in (0..costs.len()).rev() {
            let beyond = successors[node].iter().map(|&later| ranks[later]).max();
            ranks[node] = costs[node] + beyond.unwrap_or(0);
        }
        ranks
    }

    /// No schedule is shorter: the longest way, or all work spread evenly.
    pub(super) fn lower_bound(&self, workers: u64) -> u64 {
        let ranks = Self::ranks(&self.successors(), &self.lengths);
        let longest = ranks.into_iter().max().unwrap_or(0);
        longest.max(self.lengths.iter().sum::<u64>() / workers)
    }

    /// What workers without any cost of their own take, that always begin the node with the longest
    /// way to the end by `costs`.
    pub(super) fn list_schedule(&self, workers: usize, costs: &[u64]) -> u64 {
        let successors = self.successors();
        let ranks = Self::ranks(&successors, costs);
        let mut waits: Vec<usize> = self.inputs.iter().map(Vec::len).collect();
        let mut ready: BinaryHeap<(u64, Reverse<usize>)> = (0..waits.len())
            .filter(|&node| waits[node] == 0)
            .map(|node| (ranks[node], Reverse(node)))
            .collect();
        let mut busy: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut now = 0;
        loop {
            while busy.len() < workers {
                let Some((_, Reverse(node))) = ready.pop() else { break };
                busy.push(Reverse((now + self.lengths[node], node)));
            }
            let Some(Reverse((ended, node))) = busy.pop() else { return now };
            now = ended;
            for &later in &successors[node] {
                waits[later] -= 1;
                if waits[later] == 0 {
                    ready.push((ranks[later], Reverse(later)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Work;

    #[test]
    fn a_fork_of_three_takes_two_turns_of_two_workers() {
        let inputs = vec![vec![], vec![0], vec![0], vec![0], vec![1, 2, 3]];
        let work = Work { lengths: vec![1, 5, 3, 4, 2], inputs };
        // 1, then 5 beside 4 (the longest first), then 3 beside what is left of 5, then 2.
        assert_eq!(work.list_schedule(2, &work.lengths), 1 + 4 + 3 + 2);
        assert_eq!(work.lower_bound(2), 8, "1 + 5 + 2");
        assert_eq!(work.list_schedule(1, &work.lengths), 15);
    }
}
