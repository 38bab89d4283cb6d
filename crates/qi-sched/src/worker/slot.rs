//! What others see of a worker thread: where to reach it, and the inbox of the tasks pinned to it.
//!
//! A thread sits on a seat or is without one (blocked in a nested `block_on`, or spare). Where it
//! sleeps follows: on the seat's driver, or on the parker here.
//!
//! # The race
//! Others push to the inbox, then read where the thread sleeps and wake it there, while the thread may be
//! about to change that place: see [`Place`]. (I8)
#![forbid(unsafe_code)]

use super::core::Core;
use super::place::Place;
use super::spare::Offer;
use crate::queue::Inbox;
use crate::scheduler::Shared;
use crate::task::TaskRef;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A worker thread as others see it.
#[derive(Debug)]
pub(crate) struct ThreadSlot {
    /// Runnable tasks that only this thread may run.
    pub(crate) inbox: Inbox,
    /// Whether the thread has ended.
    gone: AtomicBool,
    place: Place,
    parker: Parker,
    /// A seat that another thread hands over to this one.
    pub(crate) offer: Offer<Box<Core>>,
}

impl ThreadSlot {
    pub(crate) fn new() -> Self {
        Self {
            inbox: Inbox::default(),
            gone: AtomicBool::new(false),
            place: Place::new(),
            parker: Parker::default(),
            offer: Offer::new(),
        }
    }

    /// Says where the thread sleeps from now on. Called by the thread itself.
    pub(crate) fn set_seat(&self, seat: Option<usize>) {
        self.place.set(seat);
    }

    /// Leaves a hint for the thread.
    pub(crate) fn deliver(&self, task: TaskRef, shared: &Shared) {
        self.inbox.push(task);
        self.unpark(shared);
        // Relaxed: the fence in `unpark` stands between the push and this look, as that in `close`
        // stands between its two steps, so one of the two drops the hint.
        if self.gone.load(Relaxed) {
            self.inbox.clear();
        }
    }

    /// The thread ends, and so have its tasks. A hint that comes late would keep its task for
    /// ever, because the task keeps this slot.
    pub(crate) fn close(&self) {
        // Relaxed: see `deliver`.
        self.gone.store(true, Relaxed);
        fence(SeqCst);
        self.inbox.clear();
    }

    /// Makes the thread look at its inbox, its offer and whatever else was changed before.
    pub(crate) fn unpark(&self, shared: &Shared) {
        match self.place.look() {
            None => self.parker.unpark(),
            // On an extra seat it looks at all of that when it gives the seat back.
            Some(seat) if shared.is_extra(seat) => self.parker.unpark(),
            Some(seat) => shared.driver.unpark(seat),
        }
    }

    /// Sleeps without a seat. Called by the thread itself.
    pub(crate) fn park(&self, shared: &Shared) {
        self.parker.park_watched(shared);
    }

    /// As [`park`](Self::park), in a `block_on` of `host`.
    pub(crate) fn park_as_guest(&self, shared: &Shared, host: &Shared) {
        self.parker.announce(shared);
        self.parker.announce(host);
        self.parker.park();
    }

    /// Sleeps without a seat for at most `limit`; `false` if that ran out.
    pub(crate) fn park_for(&self, limit: Duration, shared: &Shared) -> bool {
        self.parker.announce(shared);
        self.parker.park_for(limit)
    }

    /// Whether the thread sits on a seat (others know then whether it sleeps), or sleeps without.
    pub(crate) fn is_quiet(&self) -> bool {
        self.place.hint().is_some() || self.parker.is_quiet()
    }

    /// Whether the thread sleeps, and on no seat.
    pub(crate) fn sleeps_without_seat(&self) -> bool {
        self.place.hint().is_none() && self.parker.is_quiet()
    }
}

/// A place to sleep that remembers one wake-up.
#[derive(Debug, Default)]
pub(crate) struct Parker {
    place: Mutex<Sleeper>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Sleeper {
    notified: bool,
    /// Whether the thread sleeps, or has announced it.
    parked: bool,
}

impl Parker {
    fn lock(&self) -> MutexGuard<'_, Sleeper> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn park(&self) {
        let mut place = self.lock();
        place.parked = true;
        while !place.notified {
            place = self.wake.wait(place).unwrap_or_else(PoisonError::into_inner);
        }
        *place = Sleeper::default();
    }

    /// As [`park`](Self::park), after a look whether nothing can go on.
    pub(crate) fn park_watched(&self, shared: &Shared) {
        self.announce(shared);
        // Where the workers are stepped on this very thread, somebody has to.
        let mut fresh = true;
        while shared.is_alone() && !self.is_notified() && shared.driver.instead_of_sleep(fresh) {
            fresh = false;
        }
        self.park();
    }

    fn is_notified(&self) -> bool {
        self.lock().notified
    }

    /// Lets others see that the thread is about to sleep, if anybody wants to know, and looks whether
    /// it is the last one.
    fn announce(&self, shared: &Shared) {
        if shared.watches_idle() {
            self.lock().parked = true;
            shared.look_idle();
        }
    }

    /// `false` if the time ran out.
    pub(crate) fn park_for(&self, limit: Duration) -> bool {
        let mut place = self.lock();
        place.parked = true;
        let (mut place, _) = self
            .wake
            .wait_timeout_while(place, limit, |place| !place.notified)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *place).notified
    }

    pub(crate) fn unpark(&self) {
        self.lock().notified = true;
        self.wake.notify_one();
    }

    /// Whether the thread sleeps and nobody has woken it.
    pub(crate) fn is_quiet(&self) -> bool {
        let place = self.lock();
        place.parked && !place.notified
    }
}
