//! Randomness for code that runs in tasks: a worker's own, so that a seed repeats it.
#![forbid(unsafe_code)]

use super::context::with;
use crate::rng::Rng;
use std::cell::Cell;

/// A number below `bound` from the randomness of the calling worker, or of the thread if it is none.
///
/// # Panics
/// If `bound` is zero.
#[must_use]
pub fn random_below(bound: usize) -> usize {
    assert!(bound > 0, "there is no number below zero");
    let ours = with(|context| {
        let context = context?;
        match context.core() {
            Some(core) => Some(core.rng.below(bound)),
            None => context.shared.turn_below(bound),
        }
    });
    ours.unwrap_or_else(|| {
        // Numbers that come in turns would not do: whoever asks for two a round has the same ones for
        // ever.
        let turn = TURN.with(|turn| turn.replace(turn.get().wrapping_add(1)));
        Rng::new(0, turn).below(bound)
    })
}

thread_local! {
    /// How many numbers this thread has drawn for code outside of workers.
    static TURN: Cell<u64> = const { Cell::new(0) };
}
