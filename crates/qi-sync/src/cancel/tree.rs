//! Who is whose child among the cancellation tokens of one tree: links in a slab, no locks.
//!
//! # States
//! A node is *held* while its token lives, *hollow* when its token is gone and it only joins those
//! below to those above. Cutting removes a node and all below it.
//!
//! A hollow node has at least two children (I38): with none it is freed, and with one it is
//! replaced by that one. So there are fewer hollow nodes than held ones, whatever came and went,
//! and a chain of tokens each made from the last has no length. No operation recurses; all but
//! cutting are O(1), save that one release may free what it leaves empty above.
//!
//! # Rejected
//! A lock per node, children lifted to their grandparent: three locks in the order of the tree for
//! each release, O(children) work, and a race against the cut for each pair of them. Strong
//! references to the parent: a chain is then never freed, or freed by recursion.
#![forbid(unsafe_code)]

/// No node.
const NONE: u32 = u32::MAX;

/// Names a node. When the node is gone the key is stale and means nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    index: u32,
    birth: u64,
}

/// The links, and what a held node holds.
#[derive(Debug)]
pub(super) struct Tree<T> {
    nodes: Vec<Node<T>>,
    /// The first free node; the others follow by `next`.
    free: u32,
    /// How many nodes were ever made: no two have the same birth.
    births: u64,
}

#[derive(Debug)]
struct Node<T> {
    /// 0 while the node is free.
    birth: u64,
    parent: u32,
    /// Siblings; `prev` of the first is [`NONE`].
    prev: u32,
    next: u32,
    first_child: u32,
    children: u32,
    content: Option<T>,
}

impl<T> Tree<T> {
    pub(super) const fn new() -> Self {
        Self { nodes: Vec::new(), free: NONE, births: 0 }
    }

    /// Adds a node above which there is none.
    pub(super) fn insert_root(&mut self, content: T) -> Key {
        self.insert_at(NONE, content)
    }

    /// Adds a child; `None` when the parent is gone.
    pub(super) fn insert_child(&mut self, parent: Key, content: T) -> Option<Key> {
        self.find(parent).map(|parent| self.insert_at(parent, content))
    }

    /// Says that the node's token is gone.
    pub(super) fn release(&mut self, key: Key) {
        if let Some(index) = self.find(key) {
            self.at(index).content = None;
            self.settle(index);
        }
    }

    /// Removes a node and all below it, and hands what they hold to `each`, parents first.
    pub(super) fn cut(&mut self, key: Key, mut each: impl FnMut(T)) {
        let Some(top) = self.find(key) else { return };
        let parent = self.at(top).parent;
        self.unlink(top);
        let mut open = vec![top];
        while let Some(index) = open.pop() {
            let mut child = self.at(index).first_child;
            while child != NONE {
                open.push(child);
                child = self.at(child).next;
            }
            if let Some(content) = self.free(index) {
                each(content);
            }
        }
        self.settle(parent);
    }

    /// How many nodes there are, hollow ones included.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.iter().filter(|node| node.birth != 0).count()
    }

    fn at(&mut self, index: u32) -> &mut Node<T> {
        &mut self.nodes[index as usize]
    }

    fn find(&self, key: Key) -> Option<u32> {
        let node = self.nodes.get(key.index as usize)?;
        (node.birth == key.birth).then_some(key.index)
    }

    fn insert_at(&mut self, parent: u32, content: T) -> Key {
        self.births += 1;
        let birth = self.births;
        let node = Node {
            birth,
            parent: NONE,
            prev: NONE,
            next: NONE,
            first_child: NONE,
            children: 0,
            content: Some(content),
        };
        let index = if self.free == NONE {
            assert!(self.nodes.len() < NONE as usize, "a tree has room for 2^32 - 1 tokens");
            self.nodes.push(node);
            // No loss: just asserted.
            (self.nodes.len() - 1) as u32
        } else {
            let index = self.free;
            self.free = self.at(index).next;
            *self.at(index) = node;
            index
        };
        self.link(index, parent);
        Key { index, birth }
    }

    /// Makes a node the first child of another.
    fn link(&mut self, index: u32, parent: u32) {
        self.at(index).parent = parent;
        if parent == NONE {
            return;
        }
        let next = self.at(parent).first_child;
        self.at(parent).first_child = index;
        self.at(parent).children += 1;
        self.at(index).next = next;
        if next != NONE {
            self.at(next).prev = index;
        }
    }

    fn unlink(&mut self, index: u32) {
        let (parent, prev, next) = {
            let node = self.at(index);
            (
                std::mem::replace(&mut node.parent, NONE),
                std::mem::replace(&mut node.prev, NONE),
                std::mem::replace(&mut node.next, NONE),
            )
        };
        if parent == NONE {
            return;
        }
        self.at(parent).children -= 1;
        if prev == NONE {
            self.at(parent).first_child = next;
        } else {
            self.at(prev).next = next;
        }
        if next != NONE {
            self.at(next).prev = prev;
        }
    }

    /// Sees to it that a node, if it is hollow, has at least two children. (I38)
    fn settle(&mut self, mut index: u32) {
        while index != NONE && self.at(index).content.is_none() && self.at(index).children < 2 {
            let parent = self.at(index).parent;
            let child = self.at(index).first_child;
            if child != NONE {
                self.unlink(child);
                self.link(child, parent);
            }
            self.unlink(index);
            self.free(index);
            index = parent;
        }
    }

    /// Gives a node back that nothing points to any more.
    fn free(&mut self, index: u32) -> Option<T> {
        let free = self.free;
        let node = self.at(index);
        node.birth = 0;
        node.next = free;
        let content = node.content.take();
        self.free = index;
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn cut(tree: &mut Tree<usize>, key: Key) -> Vec<usize> {
        let mut found = Vec::new();
        tree.cut(key, |content| found.push(content));
        found
    }

    #[test]
    fn cutting_reaches_all_below_and_nothing_else() {
        let mut tree = Tree::new();
        let root = tree.insert_root(0);
        let left = tree.insert_child(root, 1).unwrap();
        let right = tree.insert_child(root, 2).unwrap();
        let below = tree.insert_child(left, 3).unwrap();
        assert_eq!(cut(&mut tree, left), [1, 3]);
        assert_eq!(tree.insert_child(below, 4), None, "a stale key means nothing");
        assert_eq!(cut(&mut tree, left), []);
        assert_eq!(cut(&mut tree, root), [0, 2]);
        assert_eq!(cut(&mut tree, right), []);
        assert_eq!(tree.len(), 0);
    }

    #[test]
    fn a_chain_of_which_only_the_ends_live_has_no_length() {
        let mut tree = Tree::new();
        let root = tree.insert_root(0);
        let mut last = tree.insert_child(root, 1).unwrap();
        for number in 2..1_000 {
            let next = tree.insert_child(last, number).unwrap();
            tree.release(last);
            last = next;
        }
        assert_eq!(tree.len(), 2);
        assert_eq!(cut(&mut tree, root), [0, 999]);
    }

    #[test]
    fn a_hollow_node_with_two_children_still_joins_them_to_those_above() {
        let mut tree = Tree::new();
        let root = tree.insert_root(0);
        let middle = tree.insert_child(root, 1).unwrap();
        let first = tree.insert_child(middle, 2).unwrap();
        tree.insert_child(middle, 3).unwrap();
        tree.release(middle);
        assert_eq!(tree.len(), 4);
        tree.release(first);
        assert_eq!(tree.len(), 2, "with one child left it is replaced by it");
        assert_eq!(cut(&mut tree, root), [0, 3]);
    }

    #[test]
    fn cutting_a_child_settles_the_hollow_parent() {
        let mut tree = Tree::new();
        let root = tree.insert_root(0);
        let middle = tree.insert_child(root, 1).unwrap();
        let first = tree.insert_child(middle, 2).unwrap();
        let second = tree.insert_child(middle, 3).unwrap();
        tree.release(middle);
        assert_eq!(cut(&mut tree, first), [2]);
        assert_eq!(tree.len(), 2);
        assert_eq!(cut(&mut tree, second), [3]);
        assert_eq!(tree.len(), 1);
    }

    /// A model without any cleverness: each token knows its parent's number.
    #[test]
    fn a_hundred_thousand_random_operations_agree_with_a_plain_model() {
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        let mut below = move |bound: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % bound as u64) as usize
        };
        let mut tree = Tree::new();
        let mut parents: Vec<Option<usize>> = Vec::new();
        let mut held: BTreeMap<usize, Key> = BTreeMap::new();
        for _ in 0..100_000 {
            let number = parents.len();
            let picked = held.keys().copied().nth(below(held.len().clamp(1, 200)));
            match (picked, below(9)) {
                (None, _) => {
                    held.insert(number, tree.insert_root(number));
                    parents.push(None);
                }
                (Some(parent), 0..=4) => {
                    let key = tree.insert_child(held[&parent], number).unwrap();
                    held.insert(number, key);
                    parents.push(Some(parent));
                }
                (Some(gone), 5..=7) => tree.release(held.remove(&gone).unwrap()),
                (Some(top), _) => {
                    let is_below = |number: usize| {
                        std::iter::successors(Some(number), |&number| parents[number])
                            .any(|above| above == top)
                    };
                    let key = held[&top];
                    let expected: Vec<usize> =
                        held.keys().copied().filter(|&number| is_below(number)).collect();
                    let mut found = cut(&mut tree, key);
                    found.sort_unstable();
                    assert_eq!(found, expected);
                    held.retain(|number, _| found.binary_search(number).is_err());
                }
            }
        }
        assert!(tree.len() < 2 * held.len().max(1), "hollow nodes are fewer than held ones");
    }
}
