//! Who sleeps, who searches, and whom to wake when there is work: no wake-up is lost, and no herd
//! is woken.
//!
//! # States
//! A seat is *awake* (its worker runs tasks), *searching* (awake, out of local work, looking at
//! others' queues) or *asleep*. One word counts the searching and the awake; the list under the
//! lock names those asleep.
//!
//! # Protocol
//! * Whoever makes work that others could take calls [`Sleep::notify`] afterwards: if nobody
//!   searches and somebody sleeps, one sleeper is made a searcher and is to be unparked.
//! * At most one worker searches of its own accord; those it wakes inherit the role. A searcher
//!   that finds work and was the last one notifies in turn if it left work behind: so wake-ups
//!   spread as long as there is work, and stop when there is none.
//! * A worker out of work announces its sleep, and if nobody else searches it looks at all queues
//!   once more; only then it parks. (I7)
//!
//! # The race, and why nothing is lost
//! A producer pushes, then reads the word; a searcher lowers the word, then reads the queues.
//! Each has a `SeqCst` fence between its two steps, so at least one of them sees the other's
//! first step: either the producer finds nobody searching and wakes a sleeper, or the last
//! searcher finds the entry. The same holds for a searcher that stops because it found work: it
//! lowers the word, then looks whether more is left. A worker that was refused the search looks,
//! too, unless somebody still searches at the moment when it announces its sleep: the one who
//! refused it may have found work and be busy with it since. Whoever still searches then ends its
//! search later, and sees the sleeper.
//!
//! # Memory ordering
//! The counts are changed with `SeqCst` read-modify-writes for the benefit of readers of this
//! file; what the proof needs are the two fences, which is also what loom models precisely.
//!
//! # Rejected
//! Waking one worker per push (a herd, most of which finds nothing); a sleeping bit per worker
//! without the count of searchers (every push pays a system call while somebody is on the way).
#![forbid(unsafe_code)]

use crate::sync::{AtomicUsize, Mutex, fence, lock};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

const SEARCHING: usize = 1;
const AWAKE: usize = 1 << 16;
const SEARCHING_MASK: usize = AWAKE - 1;

/// The most seats the counts can hold.
pub(crate) const MAX_SEATS: usize = 1 << 15;

/// Who sleeps and who searches.
#[derive(Debug)]
pub(crate) struct Sleep {
    counts: AtomicUsize,
    seats: usize,
    asleep: Mutex<Vec<usize>>,
}

/// How a worker came to be awake again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Roused {
    /// Somebody made it a searcher.
    Notified,
    /// It woke for a reason of its own: an event, a timer, its inbox.
    Alone,
}

/// What a worker that announced its sleep does next.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Announced {
    /// It parks.
    MayPark,
    /// It is roused again, and searches: there is work that nobody is looking for.
    WorkLeft,
}

impl Sleep {
    /// `seats` workers, all of them awake.
    pub(crate) fn new(seats: usize) -> Self {
        assert!(seats < MAX_SEATS);
        Self {
            counts: AtomicUsize::new(seats * AWAKE),
            seats,
            asleep: Mutex::new(Vec::with_capacity(seats)),
        }
    }

    /// Asks for the role of the searcher. Refused while another one has it.
    pub(crate) fn try_search(&self) -> bool {
        // Relaxed: the exchange decides; who is refused looks again when it announces its sleep.
        let mut counts = self.counts.load(Relaxed);
        while counts & SEARCHING_MASK == 0 {
            // Others fall asleep and wake up meanwhile: only a searcher is a reason to give up.
            match self.counts.compare_exchange_weak(counts, counts + SEARCHING, SeqCst, Relaxed) {
                Ok(_) => return true,
                Err(seen) => counts = seen,
            }
        }
        false
    }

    /// Whether somebody searches now. A hint: whoever acts on it must not rely on it.
    #[inline]
    pub(crate) fn somebody_searches(&self) -> bool {
        // Relaxed: as the name says.
        self.counts.load(Relaxed) & SEARCHING_MASK != 0
    }

    /// Whether one of the first workers sleeps now. A hint, too.
    #[inline]
    pub(crate) fn somebody_sleeps(&self) -> bool {
        // Relaxed: as above.
        self.counts.load(Relaxed) / AWAKE < self.seats
    }

    /// Gives the role up, having found work; `true` if no searcher is left: then the caller looks
    /// whether it left work behind, and notifies.
    #[must_use]
    pub(crate) fn stop_searching(&self) -> bool {
        let before = self.counts.fetch_sub(SEARCHING, SeqCst);
        // Pairs with the fence in `notify`: see "The race" above.
        #[cfg(not(qi_mutant = "sleep_stop_without_fence"))]
        fence(SeqCst);
        before & SEARCHING_MASK == SEARCHING
    }

    /// Announces that the worker of `seat` goes to sleep. Unless somebody else searches, all queues
    /// are looked at once more (`work_left`) before it may park. (I7)
    pub(crate) fn fall_asleep(
        &self,
        seat: usize,
        searching: bool,
        work_left: impl FnOnce() -> bool,
    ) -> Announced {
        let mut asleep = lock(&self.asleep);
        let own = if searching { SEARCHING } else { 0 };
        let before = self.counts.fetch_sub(AWAKE + own, SeqCst);
        asleep.push(seat);
        drop(asleep);
        // Pairs with the fence in `notify`: see "The race" above.
        #[cfg(not(qi_mutant = "sleep_announce_without_fence"))]
        fence(SeqCst);
        let alone = before & SEARCHING_MASK == own
            && (searching || !cfg!(qi_mutant = "sleep_refused_without_look"))
            && !cfg!(qi_mutant = "sleep_without_last_look");
        if alone && work_left() { Announced::WorkLeft } else { Announced::MayPark }
    }

    /// Makes one sleeper a searcher, if there is one and nobody searches. The caller unparks it.
    #[must_use]
    pub(crate) fn notify(&self) -> Option<usize> {
        // Pairs with the fence in `fall_asleep`: see "The race" above.
        #[cfg(not(qi_mutant = "sleep_notify_without_fence"))]
        fence(SeqCst);
        // Relaxed: the fence orders it after the push.
        let counts = self.counts.load(Relaxed);
        if counts & SEARCHING_MASK != 0 {
            return None;
        }
        self.wake_one()
    }

    #[cold]
    fn wake_one(&self) -> Option<usize> {
        let mut asleep = lock(&self.asleep);
        // Relaxed: changes that matter here are made under the lock, except for the searchers'
        // count, for which the fence of `notify` has spoken already.
        if self.counts.load(Relaxed) & SEARCHING_MASK != 0 {
            return None;
        }
        let seat = asleep.pop()?;
        self.counts.fetch_add(AWAKE + SEARCHING, SeqCst);
        Some(seat)
    }

    /// Takes the worker of `seat`, whose park has returned, off the list of sleepers.
    pub(crate) fn rouse(&self, seat: usize) -> Roused {
        let mut asleep = lock(&self.asleep);
        match asleep.iter().position(|&other| other == seat) {
            Some(index) => {
                asleep.swap_remove(index);
                self.counts.fetch_add(AWAKE, SeqCst);
                Roused::Alone
            }
            None => Roused::Notified,
        }
    }

    /// How many workers sleep.
    pub(crate) fn sleepers(&self) -> usize {
        lock(&self.asleep).len()
    }

    /// A seat is taken in use, awake and not searching.
    pub(crate) fn add_seat(&self) {
        self.counts.fetch_add(AWAKE, SeqCst);
    }

    /// An awake seat that is not searching is given up.
    pub(crate) fn remove_seat(&self) {
        self.counts.fetch_sub(AWAKE, SeqCst);
    }

    /// Whether every worker sleeps. SeqCst: pairs with the changes of the count in `rouse` and
    /// `wake_one` for the monitor, which sleeps only when this holds.
    pub(crate) fn all_asleep(&self) -> bool {
        self.counts.load(SeqCst) < AWAKE
    }
}
