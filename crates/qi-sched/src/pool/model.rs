//! The places of regions under loom: two threads use places of one while its free places are given back to
//! the system. No place has two users, and a region goes with the last of its places, not before.
//! Blocks have a model of their own: `recycled`.

mod recycled;

use super::region::Regions;
use crate::model::explore;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::Arc;

/// A place that was taken.
struct Block(NonNull<u8>);

// SAFETY: a place may be used and given back on any thread.
unsafe impl Send for Block {}

struct Places {
    regions: Regions,
    /// Whether the place of this number has somebody. Relaxed: whoever finds it taken has failed.
    taken: [AtomicBool; 3],
}

impl Places {
    /// Regions that have one already, so that chunks are not made one by one.
    fn new() -> (Arc<Self>, Block) {
        let regions = Regions::default();
        let first = loop {
            if let Some(place) = regions.take() {
                break place;
            }
        };
        let taken = std::array::from_fn(|_| AtomicBool::new(false));
        (Arc::new(Self { regions, taken }), Block(first))
    }

    /// Takes a place, writes to it, and gives it back.
    fn use_one(&self, first: NonZeroUsize) {
        let place = self.regions.take().expect("a place in a region");
        let index = place.addr().get().wrapping_sub(first.get()) / super::chunk::ALIGN;
        let own = &self.taken[index.min(2)];
        assert!(!own.swap(true, Relaxed), "two have one place");
        // SAFETY: the place is this thread's, and as large as a chunk.
        unsafe { place.write(7) };
        own.store(false, Relaxed);
        self.regions.put(place);
    }
}

/// Two threads use places of a region while its free ones are given back to the system, and then its last
/// one goes.
fn places_are_used_while_free_ones_are_released() {
    let (places, first) = Places::new();
    let address = first.0.addr();
    let threads = [0, 1].map(|_| {
        let places = places.clone();
        thread::spawn(move || places.use_one(address))
    });
    places.regions.release();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(places.regions.count(), 1, "a region goes while a place of it is in use");
    places.regions.put(first.0);
    assert_eq!(places.regions.count(), 0, "a region stays without a place in use");
}

#[test]
fn loom_regions() {
    explore("loom_regions", &[places_are_used_while_free_ones_are_released]);
}
