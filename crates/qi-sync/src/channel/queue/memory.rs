//! The memory of queues. That of a ring is zeroed by the system, so that places that are never used
//! cost nothing.

use super::ring::Place;
use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::ptr::slice_from_raw_parts_mut;

/// Values of a block of a list. One more, for the boundary, is a power of two.
pub(super) const PLACES: usize = 31;

/// `count` places, free for the first round.
///
/// # Panics
/// If they would not fit into the address space.
pub(super) fn places<T>(count: usize) -> Box<[Place<T>]> {
    let layout = Layout::array::<Place<T>>(count).expect("a ring that fits into memory");
    assert!(layout.size() > 0, "a place has a stamp, and a ring has places");
    // SAFETY: the layout's size is not zero, as was just made sure.
    let memory = unsafe { alloc_zeroed(layout) };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: allocated here, with the layout of such a slice. A place of zeroes is a valid one:
    // an atomic zero, and room for a value that says nothing yet.
    unsafe { Box::from_raw(slice_from_raw_parts_mut(memory.cast::<Place<T>>(), count)) }
}
