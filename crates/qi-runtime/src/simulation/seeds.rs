//! Running a test for many seeds, or for the one that failed.
#![forbid(unsafe_code)]

use std::env;

/// Says which seed alone is to be run, for all tests that use [`each_seed`].
const REPLAY: &str = "QI_SIMULATION_SEED";

/// Calls `body` with the seeds from zero on, so many of them. If one panics, the seed is printed.
///
/// With the environment variable `QI_SIMULATION_SEED` it is called with that seed only: so one that failed
/// is run again.
///
/// # Panics
/// As `body`; and if the variable is no number.
///
/// # Examples
/// See the [module](super).
pub fn each_seed(count: u64, mut body: impl FnMut(u64)) {
    let seeds = match env::var(REPLAY) {
        Ok(text) => {
            let seed = text.parse().unwrap_or_else(|_| panic!("{REPLAY} is `{text}`, no number"));
            seed..=seed
        }
        Err(_) if count == 0 => return,
        Err(_) => 0..=count - 1,
    };
    for seed in seeds {
        let _named = Named(seed);
        body(seed);
    }
}

/// Prints the seed if the thread panics meanwhile.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {seed}: {REPLAY}={seed} runs it again", seed = self.0);
        }
    }
}
