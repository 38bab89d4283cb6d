//! What a task is going to do: drawn from a seed of its own, so that it does not depend on the order in
//! which tasks run.
#![forbid(unsafe_code)]

/// Steele, Lea and Flood's splitmix64: enough to draw a plan from.
#[derive(Clone)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Another one, for a task.
    pub(super) fn child(&mut self) -> Self {
        Self(self.next())
    }
}
