//! The names of all nodes in one string, and the way from a name to its node.

use std::hash::{BuildHasher, RandomState};

/// Names by node number, one after the other in one allocation.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
}

impl Names {
    pub(crate) fn reserve(&mut self, nodes: usize) {
        self.ends.reserve(nodes);
    }

    pub(crate) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, node: u32) -> &str {
        let node = node as usize;
        let begin = if node == 0 { 0 } else { self.ends[node - 1] };
        &self.text[begin..self.ends[node]]
    }
}

/// Finds nodes by name: hashes in order, with the node each belongs to.
///
/// # Rejected alternatives
/// A hash map from strings: an allocation or a borrow per name, and twice the time to build. Sorting
/// finds names given twice on the way.
#[derive(Debug, Default)]
pub(crate) struct Index {
    sorted: Vec<(u64, u32)>,
    hasher: RandomState,
}

impl Index {
    /// The index of these names.
    ///
    /// # Errors
    /// A node whose name an earlier one has too.
    pub(crate) fn new(names: &Names) -> Result<Self, u32> {
        let hasher = RandomState::new();
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let mut sorted: Vec<(u64, u32)> =
            (0..count).map(|node| (hasher.hash_one(names.get(node)), node)).collect();
        sorted.sort_unstable();
        let mut twice = None;
        for run in sorted.chunk_by(|left, right| left.0 == right.0).filter(|run| run.len() > 1) {
            let mut same: Vec<(&str, u32)> =
                run.iter().map(|&(_, node)| (names.get(node), node)).collect();
            same.sort_unstable();
            for pair in same.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                twice = Some(twice.map_or(pair[1].1, |found: u32| found.min(pair[1].1)));
            }
        }
        match twice {
            Some(node) => Err(node),
            None => Ok(Self { sorted, hasher }),
        }
    }

    /// The node of this name.
    pub(crate) fn find(&self, names: &Names, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        let begin = self.sorted.partition_point(|entry| entry.0 < hash);
        self.sorted[begin..]
            .iter()
            .take_while(|entry| entry.0 == hash)
            .map(|entry| entry.1)
            .find(|&node| names.get(node) == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, Names};

    fn names(all: &[&str]) -> Names {
        let mut names = Names::default();
        for name in all {
            names.push(name);
        }
        names
    }

    #[test]
    fn every_name_leads_back_to_its_node() {
        let names = names(&["a", "", "the third", "d"]);
        let index = Index::new(&names).expect("no name twice");
        for node in 0..4 {
            assert_eq!(index.find(&names, names.get(node)), Some(node));
        }
        assert_eq!(index.find(&names, "e"), None);
    }

    #[test]
    fn the_first_node_with_a_name_of_before_is_named() {
        assert_eq!(Index::new(&names(&["a", "b", "b", "a"])).expect_err("twice"), 2);
    }
}
