//! Where a thread sleeps: on a seat's driver, or on its own parker.
//!
//! # The race
//! Others leave something for the thread (a hint in its inbox, an offer), then read where it sleeps and
//! wake it there ([`Place::look`]). The thread, when it changes its place ([`Place::set`]), writes the new
//! one, then looks at what was left before it sleeps. A `SeqCst` fence between the two steps of each makes
//! one see the other; both sleeping places remember a wake-up that came too early. (I8)
#![forbid(unsafe_code)]

use crate::sync::{AtomicUsize, fence};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// The number of no seat.
const NO_SEAT: usize = usize::MAX;

/// Where a thread sleeps.
#[derive(Debug)]
pub(crate) struct Place(AtomicUsize);

impl Place {
    /// A thread that has no seat yet.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(NO_SEAT))
    }

    /// Says where the thread sleeps from now on. Called by the thread itself, which then looks at what
    /// others have left before it sleeps there.
    pub(crate) fn set(&self, seat: Option<usize>) {
        // Relaxed: the fence orders it, see "The race".
        self.0.store(seat.unwrap_or(NO_SEAT), Relaxed);
        #[cfg(not(qi_mutant = "place_set_without_fence"))]
        fence(SeqCst);
    }

    /// Where to wake the thread, for somebody who has left something for it before: the seat, or `None` for
    /// its own parker.
    pub(crate) fn look(&self) -> Option<usize> {
        #[cfg(not(qi_mutant = "place_looked_at_without_fence"))]
        fence(SeqCst);
        self.hint()
    }

    /// The same, for who has left nothing.
    pub(crate) fn hint(&self) -> Option<usize> {
        // Relaxed: fences around it order it where that matters, see "The race".
        let seat = self.0.load(Relaxed);
        (seat != NO_SEAT).then_some(seat)
    }
}
