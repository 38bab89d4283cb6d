//! The books of the arena: which chunks are in use, which are retired, and whose pages they have.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

use super::READY;

/// Places at most where neighbouring chunks have pages that were no neighbours: the system keeps a list of
/// such places, of 65 000 at most for the whole process. As long as futures of one kind come and go, there
/// is one for each window.
const MOST_SEAMS: usize = 4096;

#[derive(Default)]
pub(super) struct Books {
    /// Chunks that were never used begin here.
    pub(super) fresh: usize,
    /// Live ones of strands, oldest first.
    pub(super) live: VecDeque<usize>,
    /// Full ones of values.
    pub(super) ready: VecDeque<usize>,
    /// How many more of values there are: each thread fills one.
    pub(super) filling: usize,
    /// Retired ones, oldest first.
    pub(super) retired: VecDeque<usize>,
    /// For each chunk that was ever used the one whose pages it had at last.
    pub(super) homes: Vec<u32>,
    pub(super) seams: usize,
}

/// What is lost with a chunk.
#[derive(Default)]
pub(super) struct Left {
    pub(super) lossy: bool,
    /// Numbers of texts.
    pub(super) texts: Vec<i64>,
}

impl Left {
    #[inline]
    pub(super) fn note(&mut self, has_value: bool, text: impl FnOnce() -> Option<i64>) {
        if has_value {
            self.lossy = true;
            // One without a value has the number 0, which is no text's.
            self.texts.extend(text());
        }
    }
}

impl Books {
    /// Whether the pages of a chunk may go to another one, which has them then.
    pub(super) fn may_move(&mut self, from: usize, to: usize) -> bool {
        let known = self.homes.len();
        self.homes.extend((known..self.fresh).map(|chunk| chunk as u32));
        let home = self.homes[from];
        let left_of = to.checked_sub(1).map(|left| self.homes[left]);
        let is_seam = left_of != home.checked_sub(1);
        if from == to || (is_seam && self.seams >= MOST_SEAMS) {
            return false;
        }
        self.seams += usize::from(is_seam);
        self.homes[to] = home;
        true
    }

    pub(super) fn live_of(&mut self, kind: u8) -> &mut VecDeque<usize> {
        if kind == READY { &mut self.ready } else { &mut self.live }
    }
}
