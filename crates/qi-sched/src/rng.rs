//! The randomness of a worker: which victim to look at first. Seeded, so that runs can be replayed.
#![forbid(unsafe_code)]

use std::cell::Cell;

/// Marsaglia's xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled", 2016). Good enough to spread thieves; not for secrets.
#[derive(Debug)]
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    /// Generators of different workers are seeded apart by `stream`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        // The finaliser of splitmix64 spreads neighbouring seeds; zero would be a fixed point.
        let mut z = seed.wrapping_add((stream + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self(Cell::new((z ^ (z >> 31)) | 1))
    }

    fn next(&self) -> u64 {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&self, bound: usize) -> usize {
        // Lemire's multiply-shift; the bias is far below what matters here.
        (((self.next() >> 32) * bound as u64) >> 32) as usize
    }
}
