//! The timer wheel of one shard behind its lock, and the agreement with the thread parked there.
//!
//! # Protocol
//!
//! A thread that is about to block in the shard's event queue calls [`Timers::begin_park`]: under
//! the lock it reads the next deadline and writes it to `parked_until`. It then blocks until that
//! deadline. A timer that is set meanwhile with an earlier one must end the wait, and whoever sets
//! it learns so under the same lock: `deadline < parked_until` means "unpark the shard". Both
//! happen under one lock, so either the timer is set first and `begin_park` sees it, or
//! `begin_park` comes first and the setter sees `parked_until`. (I15) While nobody is parked it is
//! 0 and nothing is earlier: timers that a running thread sets for itself never unpark anything.
//! The setter lowers `parked_until` as it unparks, so a thousand timers cost one unpark.
//!
//! The lock is a `std::sync::Mutex`: one compare-and-swap to take and one swap to leave when nobody
//! competes, and competitors are rare (the monitor, or a task that moved). Nothing under it takes
//! longer than the moves of [`STEP`] entries; wakers are cloned before it and woken or dropped
//! after it.
//!
//! [`Timers::next`] is a copy of the wheel's bound that can be read without the lock. It may be too
//! low, after the earliest timer was removed from a slot with others; a look at the wheel raises it.
//!
//! # Memory ordering
//!
//! `next` and the counters are written under the lock and read without it. Relaxed is enough: `next`
//! is a hint to look, what one then looks at is behind the lock; and a thread that was unparked
//! because of a new timer sees its `next` through the release and acquire of that unpark.

use std::task::Waker;

use crate::ReactorError;
use crate::clock::NEVER;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, lock};
use crate::wheel::{Discarded, Due, TimerKey, Wheel};

/// Entries moved (fired or cascaded) in one hold of the lock: about 10 µs.
const STEP: usize = 256;

/// `parked_until` while nobody is parked: no deadline is earlier.
const AWAKE: u64 = 0;

/// The timers of one shard.
#[derive(Debug)]
pub(crate) struct Timers {
    locked: Mutex<Locked>,
    next: AtomicU64,
    set: AtomicU64,
    fired: AtomicU64,
    cancelled: AtomicU64,
}

#[derive(Debug)]
struct Locked {
    wheel: Wheel,
    parked_until: u64,
    closed: bool,
}

/// Whether the thread parked on the shard sleeps too long now; the caller must unpark it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Kick {
    Needed,
    NotNeeded,
}

/// What became of a timer that its owner looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Still set, with an equal waker.
    Set,
    /// Still set, with another waker.
    OtherWaker,
    /// Fired.
    Fired,
    /// Taken out by [`Timers::close`].
    Closed,
}

/// Timers that are due, and whether there are more.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) due: Vec<Due>,
    pub(crate) finished: bool,
    /// Dropped with the batch, outside the lock.
    _discarded: Option<Discarded>,
}

/// Counters of one shard's timers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TimerCounts {
    pub(crate) set: u64,
    pub(crate) fired: u64,
    pub(crate) cancelled: u64,
}

impl Timers {
    pub(crate) fn new() -> Self {
        Self {
            locked: Mutex::new(Locked { wheel: Wheel::new(), parked_until: AWAKE, closed: false }),
            next: AtomicU64::new(NEVER),
            set: AtomicU64::new(0),
            fired: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        }
    }

    /// A lower bound of the earliest deadline, [`NEVER`] if no timer is set.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Sets a timer.
    pub(crate) fn insert(
        &self,
        deadline: u64,
        waker: Waker,
    ) -> Result<(TimerKey, Kick), ReactorError> {
        let mut locked = lock(&self.locked);
        if locked.closed {
            // The guard goes before the parameter: the waker is dropped outside the lock.
            return Err(ReactorError::Closed);
        }
        match locked.wheel.insert(deadline, waker) {
            Ok(key) => {
                bump(&self.set, 1);
                self.lower_next(deadline);
                Ok((key, locked.kick(deadline)))
            }
            Err(waker) => {
                drop(locked);
                drop(waker);
                Err(ReactorError::TooManyTimers { limit: Wheel::LIMIT })
            }
        }
    }

    /// Drops a timer; `false` if it was not set any more.
    pub(crate) fn remove(&self, key: TimerKey) -> bool {
        let mut locked = lock(&self.locked);
        let Some((deadline, waker)) = locked.wheel.remove(key) else {
            return cfg!(qi_mutant = "timer_fired_counts_as_removed");
        };
        bump(&self.cancelled, 1);
        self.forget(deadline, &locked);
        let discarded = locked.wheel.discard();
        drop(locked);
        drop(waker);
        drop(discarded);
        true
    }

    /// Moves a timer to another deadline; `None` if it was not set any more.
    pub(crate) fn relocate(&self, key: TimerKey, deadline: u64) -> Option<Kick> {
        let mut locked = lock(&self.locked);
        let before = locked.wheel.relocate(key, deadline)?;
        self.forget(before, &locked);
        self.lower_next(deadline);
        Some(locked.kick(deadline))
    }

    /// How a timer stands; if it is set, it wakes `waker` from now on. Any worker may fire it meanwhile.
    pub(crate) fn refresh(&self, key: TimerKey, waker: &Waker) -> Standing {
        let standing = self.standing(key, waker);
        // Cloned outside of the lock: that is the user's code.
        if standing == Standing::OtherWaker
            && !self.set_waker(key, waker.clone())
            && !cfg!(qi_mutant = "timer_refresh_forgets_the_race")
        {
            // It fired (or was closed) between the two.
            return self.standing(key, waker);
        }
        standing
    }

    /// How the timer stands, and whether it would wake what `waker` wakes.
    pub(crate) fn standing(&self, key: TimerKey, waker: &Waker) -> Standing {
        let mut locked = lock(&self.locked);
        let closed = locked.closed;
        match locked.wheel.waker_mut(key) {
            Some(current) if current.will_wake(waker) => Standing::Set,
            Some(_) => Standing::OtherWaker,
            None if closed => Standing::Closed,
            None => Standing::Fired,
        }
    }

    /// Gives a timer another waker; `false` if it was not set any more.
    pub(crate) fn set_waker(&self, key: TimerKey, waker: Waker) -> bool {
        let mut locked = lock(&self.locked);
        let Some(current) = locked.wheel.waker_mut(key) else {
            return false;
        };
        let before = std::mem::replace(current, waker);
        drop(locked);
        drop(before);
        true
    }

    /// Takes out some of the timers that are due at `now`.
    pub(crate) fn collect(&self, now: u64) -> Batch {
        let mut due = Vec::new();
        let mut locked = lock(&self.locked);
        let finished = locked.wheel.advance(now, &mut due, STEP);
        bump(&self.fired, due.len() as u64);
        self.store_next(&locked);
        let discarded = locked.wheel.discard();
        drop(locked);
        Batch { due, finished, _discarded: discarded }
    }

    /// Notes that a thread is going to block, and returns until when it may.
    pub(crate) fn begin_park(&self) -> u64 {
        let mut locked = lock(&self.locked);
        locked.parked_until = locked.wheel.next();
        locked.parked_until
    }

    /// Notes that the thread is back.
    pub(crate) fn end_park(&self) {
        lock(&self.locked).parked_until = AWAKE;
    }

    /// Takes out all timers and refuses new ones from now on.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let mut locked = lock(&self.locked);
        locked.closed = true;
        let (wakers, discarded) = locked.wheel.drain();
        bump(&self.cancelled, wakers.len() as u64);
        self.store_next(&locked);
        drop(locked);
        drop(discarded);
        wakers
    }

    /// What happened so far; does not take the lock.
    pub(crate) fn counts(&self) -> TimerCounts {
        // Relaxed: each stands for itself.
        TimerCounts {
            set: self.set.load(Ordering::Relaxed),
            fired: self.fired.load(Ordering::Relaxed),
            cancelled: self.cancelled.load(Ordering::Relaxed),
        }
    }

    /// A timer at `deadline` was set. Called under the lock.
    fn lower_next(&self, deadline: u64) {
        // Relaxed: see the head of the file; writers are ordered by the lock.
        if deadline < self.next.load(Ordering::Relaxed) {
            self.next.store(deadline, Ordering::Relaxed);
        }
    }

    /// A timer at `deadline` is gone. The bound is only worth a look if it was that one's.
    fn forget(&self, deadline: u64, locked: &MutexGuard<'_, Locked>) {
        if deadline <= self.next.load(Ordering::Relaxed) {
            self.store_next(locked);
        }
    }

    fn store_next(&self, locked: &MutexGuard<'_, Locked>) {
        let next = locked.wheel.next();
        if next != self.next.load(Ordering::Relaxed) {
            self.next.store(next, Ordering::Relaxed);
        }
    }
}

impl Locked {
    /// Whether a timer at `deadline` comes too early for the thread that is parked.
    fn kick(&mut self, deadline: u64) -> Kick {
        #[cfg(not(qi_mutant = "timer_never_kicks"))]
        if deadline < self.parked_until {
            self.parked_until = deadline;
            return Kick::Needed;
        }
        #[cfg(qi_mutant = "timer_never_kicks")]
        let _ = deadline;
        Kick::NotNeeded
    }
}

/// Adds to a counter that only the holder of the lock writes: no read-modify-write needed.
fn bump(counter: &AtomicU64, by: u64) {
    // Relaxed: a counter stands for itself.
    counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    /// Not zero-sized, so that two of them differ.
    struct Idle {
        _size: u64,
    }
    impl Wake for Idle {
        fn wake(self: Arc<Self>) {}
    }

    fn idle() -> Waker {
        Waker::from(Arc::new(Idle { _size: 0 }))
    }

    fn set(timers: &Timers, deadline: u64) -> (TimerKey, Kick) {
        timers.insert(deadline, Waker::noop().clone()).expect("it is open")
    }

    #[test]
    fn a_timer_kicks_only_a_thread_that_is_parked_beyond_it() {
        let timers = Timers::new();
        assert_eq!(set(&timers, 500).1, Kick::NotNeeded, "nobody is parked");
        assert_eq!(timers.begin_park(), 500);
        assert_eq!(set(&timers, 600).1, Kick::NotNeeded, "it wakes before");
        let (key, kick) = set(&timers, 400);
        assert_eq!(kick, Kick::Needed);
        assert_eq!(set(&timers, 450).1, Kick::NotNeeded, "it is being woken already");
        assert_eq!(timers.relocate(key, 300), Some(Kick::Needed));
        timers.end_park();
        assert_eq!(set(&timers, 1).1, Kick::NotNeeded);
    }

    #[test]
    fn the_bound_follows_the_earliest_timer() {
        let timers = Timers::new();
        assert_eq!(timers.next(), NEVER);
        let (first, _) = set(&timers, 1 << 20);
        let (_second, _) = set(&timers, 1 << 30);
        assert_eq!(timers.next(), 1 << 20);
        assert!(timers.remove(first));
        assert_eq!(timers.next(), 1 << 30);
        assert_eq!(timers.collect(1 << 30).due.len(), 1);
        assert_eq!(timers.next(), NEVER);
        let counts = timers.counts();
        assert_eq!((counts.set, counts.fired, counts.cancelled), (2, 1, 1));
    }

    #[test]
    fn a_fired_timer_can_be_neither_removed_nor_moved_nor_given_a_waker() {
        let timers = Timers::new();
        let waker = idle();
        let (key, _) = timers.insert(10, waker.clone()).expect("it is open");
        assert_eq!(timers.standing(key, &waker), Standing::Set);
        assert_eq!(timers.standing(key, &idle()), Standing::OtherWaker);
        assert_eq!(timers.collect(10).due.len(), 1);
        assert_eq!(timers.standing(key, &waker), Standing::Fired);
        assert!(!timers.remove(key));
        assert_eq!(timers.relocate(key, 20), None);
        assert!(!timers.set_waker(key, Waker::noop().clone()));
    }

    #[test]
    fn closing_returns_the_wakers_and_refuses_new_timers() {
        let timers = Timers::new();
        let (key, _) = set(&timers, 10);
        assert_eq!(timers.close().len(), 1);
        assert_eq!(timers.standing(key, Waker::noop()), Standing::Closed);
        let refused = timers.insert(10, Waker::noop().clone());
        assert!(matches!(refused, Err(ReactorError::Closed)));
        assert_eq!(timers.next(), NEVER);
    }
}
