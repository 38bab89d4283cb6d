//! The memory of queues under loom, whose atomics cannot be made of zeroes; with blocks so small
//! that a model gets from one to the next.
#![forbid(unsafe_code)]

use super::ring::Place;

/// Values of a block of a list.
pub(super) const PLACES: usize = 3;

/// `count` places, free for the first round.
pub(super) fn places<T>(count: usize) -> Box<[Place<T>]> {
    (0..count).map(|_| Place::new()).collect()
}
