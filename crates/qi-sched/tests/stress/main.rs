//! Many threads do everything at once, from a seed: nothing is lost, nothing happens twice.
//!
//! `QI_STRESS_SEED` and `QI_STRESS_SECONDS` make it the long run of `cargo xtask stress`: ten
//! million operations at least. Without them it is a short run from a fixed seed.
#![forbid(unsafe_code)]

mod common;
mod ending;
mod hands;
mod mixed;
