//! The seam between the scheduler and whatever its workers sleep on.
#![forbid(unsafe_code)]

use std::any::Any;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// What the worker on a seat parks on: an event loop, a timer queue, or just a lock.
///
/// A *seat* is a worker's number, counted from 0. The scheduler calls `park` only from the thread
/// that sits on the seat; everything else from any thread. None of the methods may run the
/// user's code under a lock of the driver.
pub trait Driver: Send + Sync + Any {
    /// Blocks the calling thread until [`unpark`](Self::unpark) of this seat, an event, or the
    /// seat's next deadline. May return early for no reason. Events are turned into wakes before
    /// it returns.
    fn park(&self, seat: usize);

    /// Makes the thread parked on `seat`, or else the next `park` there, return.
    fn unpark(&self, seat: usize);

    /// The earliest deadline among the seat's timers, or a moment before it. One atomic load.
    fn next_deadline(&self, seat: usize) -> Option<Instant>;

    /// Collects the seat's events and fires its due timers without blocking. `None`: another
    /// thread is at it. `Some(true)`: something was woken.
    fn try_turn(&self, seat: usize) -> Option<bool>;

    /// Whether the seat has I/O sources, so that a turn can find events.
    fn has_sources(&self, seat: usize) -> bool;

    /// Called once, when no worker is left that could park here: whoever else waits for an event or
    /// a timer is to learn that none will come. Does nothing by default.
    fn stopped(&self) {}

    /// Whether the driver wants to hear of idle moments. Asked once. `false` by default.
    fn watches_idle(&self) -> bool {
        false
    }

    /// Called, if [`watches_idle`](Self::watches_idle), when nothing in the scheduler can go on by
    /// itself: no task is runnable or run, all workers sleep, and so does at least one thread that
    /// waits in a `block_on`. A clock that stands still may move on now. `activity` is another number
    /// whenever anything was done since the last call. Does nothing by default.
    fn idle(&self, activity: u64) -> Idled {
        let _ = activity;
        Idled::Nothing
    }

    /// Called by a thread in a `block_on` before it sleeps, where workers are stepped on that very thread
    /// ([`Stepper::stay_alone`](crate::Stepper::stay_alone)): somebody has to go on stepping them. `true`
    /// says that it was done, and the thread looks again at what it waits for. `false`, the default: it
    /// sleeps. `fresh`: the thread has run code of its own since it last asked.
    fn instead_of_sleep(&self, fresh: bool) -> bool {
        let _ = fresh;
        false
    }

    /// The driver as itself, for the layer that handed it in.
    fn as_any(&self) -> &dyn Any;
}

/// What a driver did in an idle moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idled {
    /// Nothing: whoever called goes to sleep.
    Nothing,
    /// It woke something.
    Woke,
    /// It took its time: it is called again if the moment is still idle.
    Waited,
}

/// A driver without events and timers: workers sleep on a lock each.
///
/// # Examples
/// ```
/// use qi_sched::{Driver, ThreadDriver};
/// let driver = ThreadDriver::new(1);
/// driver.unpark(0);
/// driver.park(0); // returns at once: the unpark is remembered
/// ```
#[derive(Debug)]
pub struct ThreadDriver {
    seats: Box<[Seat]>,
}

#[derive(Debug, Default)]
struct Seat {
    notified: Mutex<bool>,
    wake: Condvar,
}

impl ThreadDriver {
    /// A driver for `seats` seats.
    #[must_use]
    pub fn new(seats: usize) -> Self {
        Self { seats: (0..seats).map(|_| Seat::default()).collect() }
    }
}

impl Driver for ThreadDriver {
    fn park(&self, seat: usize) {
        let seat = &self.seats[seat];
        let mut notified = seat.notified.lock().unwrap_or_else(PoisonError::into_inner);
        while !*notified {
            notified = seat.wake.wait(notified).unwrap_or_else(PoisonError::into_inner);
        }
        *notified = false;
    }

    fn unpark(&self, seat: usize) {
        let seat = &self.seats[seat];
        *seat.notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        seat.wake.notify_one();
    }

    fn next_deadline(&self, _seat: usize) -> Option<Instant> {
        None
    }

    fn try_turn(&self, _seat: usize) -> Option<bool> {
        Some(false)
    }

    fn has_sources(&self, _seat: usize) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
