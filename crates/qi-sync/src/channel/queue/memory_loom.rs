//! The memory of a ring under loom, whose atomics cannot be made of zeroes.
#![forbid(unsafe_code)]

use super::ring::Place;

/// `count` places, free for the first round.
pub(super) fn places<T>(count: usize) -> Box<[Place<T>]> {
    (0..count).map(|_| Place::new()).collect()
}
