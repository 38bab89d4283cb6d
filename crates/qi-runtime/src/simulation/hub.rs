//! What the driver of simulated workers notes, and whom it asks to go on.
#![forbid(unsafe_code)]

use super::world;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The seats' notices: a worker that sleeps goes on when there is one, as on the park word of a shard.
#[derive(Debug)]
pub(crate) struct Hub {
    notices: Box<[AtomicBool]>,
}

impl Hub {
    pub(super) fn new(seats: usize) -> Arc<Self> {
        Arc::new(Self { notices: (0..seats).map(|_| AtomicBool::new(false)).collect() })
    }

    /// The worker of a seat is to go on.
    pub(crate) fn notify(&self, seat: usize) {
        // Relaxed: read on the same thread, but for threads of the user's, which no simulation is made for.
        self.notices[seat].store(true, Relaxed);
    }

    pub(super) fn has_notice(&self, seat: usize) -> bool {
        // Relaxed: see `notify`.
        self.notices[seat].load(Relaxed)
    }

    pub(super) fn take_notice(&self, seat: usize) -> bool {
        // Relaxed: see `notify`.
        self.notices[seat].swap(false, Relaxed)
    }

    /// Lets the simulation go on by a step, if it is this thread's.
    pub(crate) fn go_on(&self, fresh: bool) -> bool {
        world::go_on(self, fresh)
    }
}
