//! Repeatable randomness for tests.

/// Dice whose seed is printed, so that a failure can be repeated with `QI_TEST_SEED=`.
///
/// # Examples
/// ```
/// let mut dice = qi_test_kit::Seeded::new("a test");
/// assert!(dice.below(6) < 6);
/// ```
#[derive(Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Takes the seed from the environment, or the one that is always taken.
    #[must_use]
    pub fn new(test: &str) -> Self {
        let given = std::env::var("QI_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(0x5149_2026_1122_u64);
        println!("{test}: QI_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit` (Steele, Lea and Flood's `SplitMix64`).
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
