//! An input read as a plan: a byte for each choice.
#![forbid(unsafe_code)]

/// The most steps of one plan: longer ones find nothing that several short ones do not, and are slow.
const MOST_STEPS: usize = 300;

/// What is left of an input.
///
/// # Examples
/// ```
/// let mut plan = qi_fuzz::Plan::new(&[7, 3]);
/// assert_eq!(plan.step(4), Some(3));
/// assert_eq!(plan.below(2), 1);
/// assert_eq!((plan.below(2), plan.step(4)), (0, None));
/// ```
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    bytes: &'a [u8],
    steps: usize,
}

impl<'a> Plan<'a> {
    /// Reads an input from its beginning.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, steps: 0 }
    }

    /// Which of `kinds` steps comes next; `None` at the end.
    pub fn step(&mut self, kinds: usize) -> Option<usize> {
        if self.bytes.is_empty() || self.steps == MOST_STEPS {
            return None;
        }
        self.steps += 1;
        Some(self.below(kinds))
    }

    /// A number below `bound`; zero when the input is used up.
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % bound
    }

    /// The index of one of `count` things, if there is any.
    pub fn one_of(&mut self, count: usize) -> Option<usize> {
        (count > 0).then(|| self.below(count))
    }

    /// One of these, taken out, if there is any; the last one takes its place.
    pub fn take_one<T>(&mut self, all: &mut Vec<T>) -> Option<T> {
        self.one_of(all.len()).map(|one| all.swap_remove(one))
    }

    /// A number of any size, small ones as likely as large ones.
    pub fn magnitude(&mut self, most_bits: usize) -> u64 {
        let bits = self.below(most_bits + 1);
        let low = self.below(256) as u64;
        match bits {
            0 => low % 2,
            _ => (1 << (bits - 1)) | (low.rotate_left(bits as u32 / 2) & ((1 << (bits - 1)) - 1)),
        }
    }
}
