//! The stress programs: integration tests named `stress` or `stress_*`.
//!
//! Each reads `QI_STRESS_SEED` and `QI_STRESS_SECONDS` (without them it runs briefly from a fixed
//! seed, as part of the ordinary tests) and prints, for each of its tests,
//! `stress: NAME seed=SEED operations=K`.

/// One stress program.
pub(crate) struct Stress {
    pub(crate) package: &'static str,
    /// The integration test.
    pub(crate) test: &'static str,
}

pub(crate) const STRESS: &[Stress] = &[Stress { package: "qi-sched", test: "stress" }];
