//! Where the chances of a simulation come from: a generator per concern, all from one seed.
#![forbid(unsafe_code)]

/// Steele, Lea and Flood's splitmix64 ("Fast splittable pseudorandom number generators", OOPSLA 2014):
/// small, and good enough to choose by; not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

/// What a generator is for. Each has its own, so that one more choice there changes none here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Concern {
    /// Who goes on next, and how long it takes.
    Order = 1,
    /// What the network does.
    Network = 2,
    /// What the program under test asks for.
    Program = 3,
}

impl Dice {
    pub(crate) fn new(seed: u64, concern: Concern) -> Self {
        let mut dice = Self(seed);
        dice.0 = dice.next().wrapping_add((concern as u64) << 56);
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; zero if that is zero. (Lemire's multiply-shift.)
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// As [`below`](Self::below), for places in lists.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }

    /// `true` so many times in a million.
    pub(crate) fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concerns_of_one_seed_and_neighbouring_seeds_have_different_chances() {
        let first = |seed, concern| Dice::new(seed, concern).next();
        let mut seen = std::collections::HashSet::new();
        for seed in 0..1_000 {
            for concern in [Concern::Order, Concern::Network, Concern::Program] {
                assert!(seen.insert(first(seed, concern)));
                assert_eq!(first(seed, concern), first(seed, concern));
            }
        }
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_of_it() {
        let mut dice = Dice::new(7, Concern::Program);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[dice.index(5)] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(dice.below(0), 0);
        assert!(!dice.chance(0));
        assert!(dice.chance(1_000_000));
    }
}
