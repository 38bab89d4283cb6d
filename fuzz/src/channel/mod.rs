//! Channels against models: an input's first byte says which kind.
#![forbid(unsafe_code)]

mod broadcast;
mod history;
mod oneshot;
mod queue;
mod watch;

use crate::Plan;

/// Runs one input.
///
/// # Panics
/// If a channel and its model differ.
pub fn run(input: &[u8]) {
    let mut plan = Plan::new(input);
    match plan.below(8) {
        0..=4 => queue::run(&mut plan),
        5 => oneshot::run(&mut plan),
        6 => broadcast::run(&mut plan),
        _ => watch::run(&mut plan),
    }
}
