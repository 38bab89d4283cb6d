//! The roster of a crew: which of its hands run, look for work, lie, or are spare, and who is to be called.
//!
//! # Protocol
//! Whoever queues something looks, after a fence, whether a hand is free and none looks already, and
//! calls one. A hand that lies down says so, and looks once more after a fence: so of a coroutine that
//! is queued and a hand that lies down one sees the other. (Invariant I93.)
//!
//! # Memory ordering
//! `free` and `looking` are Relaxed, between SeqCst fences; the queues order what lies in them. All else that
//! is counted is a hint, or is read under the lock.
#![forbid(unsafe_code)]

#[cfg(all(test, loom))]
mod model;

use std::sync::atomic::Ordering;

use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, fence, lock};

/// What a roster wants of a hand.
pub(crate) trait Member: 'static {
    /// Whether it looks for work from now on; what it did before.
    fn set_looks(&self, looks: bool) -> bool;
}

/// See the file.
pub(crate) struct Roster<H: 'static> {
    /// Hands that are to run at once.
    seats: usize,
    hands: Mutex<Hands<H>>,
    /// Hands that could be called.
    free: AtomicUsize,
    /// Hands that look for work.
    looking: AtomicUsize,
    /// Hands that there have ever been.
    made: AtomicUsize,
    /// Hands too many.
    surplus: AtomicUsize,
    /// Whether there is a lookout.
    watched: AtomicBool,
}

pub(crate) struct Hands<H: 'static> {
    pub(crate) all: Vec<&'static H>,
    lying: Vec<&'static H>,
    spare: Vec<&'static H>,
    /// Hands that have a task.
    pub(crate) running: usize,
    /// Of these, such as are in a coroutine that blocks.
    away: usize,
    /// Of those that lie, the one that looks of itself.
    lookout: Option<&'static H>,
}

/// Who was called.
pub(crate) enum Called<H: 'static> {
    /// One that lies, and is to be told.
    Lying(&'static H),
    /// One without a task, which is to get one.
    New(&'static H),
}

impl<H> Hands<H> {
    /// It lies no more.
    fn relieve(&mut self, hand: &'static H) {
        if self.lookout.is_some_and(|lookout| std::ptr::eq(lookout, hand)) {
            self.lookout = None;
        }
    }
}

impl<H: Member> Roster<H> {
    pub(crate) fn new(seats: usize) -> Self {
        let hands = Hands {
            all: Vec::new(),
            lying: Vec::new(),
            spare: Vec::new(),
            running: 0,
            away: 0,
            lookout: None,
        };
        Self {
            seats,
            hands: Mutex::new(hands),
            free: AtomicUsize::new(seats),
            looking: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
            surplus: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Hands<H>> {
        lock(&self.hands)
    }

    /// Whether the crew has more hands than one.
    #[inline]
    pub(crate) fn has_several(&self) -> bool {
        self.seats > 1
    }

    /// Whether anybody could have something that another hand may take.
    pub(crate) fn has_made_several(&self) -> bool {
        // Relaxed: of a crew of one that is blocked the second hand was made after it.
        self.made.load(Ordering::Relaxed) > 1
    }

    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        // Relaxed: the next hand-over asks again.
        self.watched.load(Ordering::Relaxed)
    }

    /// Writes down what the books say.
    fn count(&self, hands: &Hands<H>) {
        let wanted = self.seats + hands.away;
        let free = hands.lying.len() + wanted.saturating_sub(hands.running);
        // Relaxed, all: see the file.
        self.free.store(free, Ordering::Relaxed);
        self.surplus.store(hands.running.saturating_sub(wanted), Ordering::Relaxed);
        self.watched.store(hands.lookout.is_some(), Ordering::Relaxed);
    }

    /// Whether somebody should be called: one is free, and nobody looks.
    #[inline]
    pub(crate) fn wants_call(&self) -> bool {
        // Relaxed, both: see the file.
        self.free.load(Ordering::Relaxed) > 0 && self.looking.load(Ordering::Relaxed) == 0
    }

    /// As [`wants_call`](Self::wants_call), by those who have queued something and may sleep then.
    #[inline]
    pub(crate) fn wants_call_for_queued(&self) -> bool {
        if !cfg!(qi_mutant = "roster_calls_without_fence") {
            // SeqCst: what was queued comes before the look; pairs with that of `lie_down`.
            fence(Ordering::SeqCst);
        }
        self.wants_call()
    }

    /// Chooses who is to look, unless somebody does; `make` makes a hand if there is none to spare.
    pub(crate) fn choose(&self, make: impl FnOnce() -> &'static H) -> Option<Called<H>> {
        let mut hands = self.lock();
        // Relaxed: it is raised under the lock, but by those who are awake.
        if self.looking.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let called = match hands.lying.pop() {
            Some(hand) => {
                hands.relieve(hand);
                Called::Lying(hand)
            }
            None if hands.running < self.seats + hands.away => {
                Called::New(self.engage(&mut hands, make))
            }
            None => return None,
        };
        let (Called::Lying(hand) | Called::New(hand)) = called;
        self.looks(hand);
        self.count(&hands);
        Some(called)
    }

    fn engage(&self, hands: &mut Hands<H>, make: impl FnOnce() -> &'static H) -> &'static H {
        hands.running += 1;
        hands.spare.pop().unwrap_or_else(|| {
            let hand = make();
            hands.all.push(hand);
            // Relaxed: a hint.
            self.made.store(hands.all.len(), Ordering::Relaxed);
            hand
        })
    }

    /// Counts hands that are in a coroutine that blocks; what is queued may be looked at after it.
    pub(crate) fn count_away(&self, change: impl FnOnce(usize) -> usize) {
        let mut hands = self.lock();
        hands.away = change(hands.away);
        self.count(&hands);
        drop(hands);
        // SeqCst: as in `wants_call_for_queued`.
        fence(Ordering::SeqCst);
    }

    /// A hand looks no more: it has found something, or lies down. Whether it looked.
    pub(crate) fn looks_no_more(&self, hand: &H) -> bool {
        let did = hand.set_looks(false);
        if did {
            // Relaxed: see the file.
            self.looking.fetch_sub(1, Ordering::Relaxed);
        }
        did
    }

    pub(crate) fn looks(&self, hand: &H) {
        if !hand.set_looks(true) {
            // Relaxed: see the file.
            self.looking.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether somebody is to be called who will be the lookout when there is nothing else to do.
    #[inline]
    pub(crate) fn appoints_lookout(&self) -> bool {
        let appoints = self.seats > 1 && self.wants_call();
        if appoints {
            // Relaxed: the next hand-over asks again.
            self.watched.store(true, Ordering::Relaxed);
        }
        appoints
    }

    /// Lets a hand lie down that has left its waker, and says whether as the lookout; `None` if there is work after all.
    pub(crate) fn lie_down(
        &self,
        hand: &'static H,
        has_any: impl FnOnce() -> bool,
    ) -> Option<bool> {
        let mut hands = self.lock();
        // Others are awake. (A hand that is away has nothing that others could not take.)
        let others_run = hands.running.saturating_sub(hands.away) > hands.lying.len() + 1;
        let watches = hands.lookout.is_none() && others_run;
        if watches {
            hands.lookout = Some(hand);
        }
        hands.lying.push(hand);
        self.looks_no_more(hand);
        self.count(&hands);
        drop(hands);
        if cfg!(qi_mutant = "roster_lies_without_look") {
            return Some(watches);
        }
        if !cfg!(qi_mutant = "roster_lies_without_fence") {
            // SeqCst: pairs with that of `wants_call_for_queued`.
            fence(Ordering::SeqCst);
        }
        // One that was called meanwhile goes on when the call reaches its task.
        if has_any() && self.stand_up(hand) {
            return None;
        }
        Some(watches)
    }

    /// Takes a hand off the list of those that lie; `false` if somebody has called it.
    pub(crate) fn stand_up(&self, hand: &'static H) -> bool {
        let mut hands = self.lock();
        let Some(at) = hands.lying.iter().position(|one| std::ptr::eq(*one, hand)) else {
            return false;
        };
        hands.lying.swap_remove(at);
        hands.relieve(hand);
        self.count(&hands);
        self.looks(hand);
        true
    }

    /// Dismisses a hand if there is one too many; `leave` gives away what it has.
    pub(crate) fn dismiss(&self, hand: &'static H, leave: impl FnOnce()) -> bool {
        // Relaxed: a hint; the books are under the lock.
        if self.surplus.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut hands = self.lock();
        if hands.running <= self.seats + hands.away {
            return false;
        }
        leave();
        self.looks_no_more(hand);
        hands.running -= 1;
        hands.spare.push(hand);
        self.count(&hands);
        true
    }
}
