//! The state word of a task: who may run it, whether it ended, and how many point at it.
//!
//! # States
//! One atomic word holds the flags below and, above them, the reference count. Each bit says when
//! it is set and when it cannot be.
//!
//! ```text
//!            spawn                claim                  complete
//!   (nothing) ──► SCHEDULED|FRESH ────► RUNNING ───────────────────► DONE
//!                     ▲   ▲               │ suspend, woken meanwhile
//!                     │   └───────────────┤
//!                     │ wake              │ suspend
//!                     └────── (no bit) ◄──┘
//! ```
//!
//! # Protocol
//! * **A queue entry is a hint, the right to run is won here.** `claim` turns SCHEDULED into
//!   RUNNING for one caller; every other holder of a hint gets `Stale` and drops it. So a task may
//!   have several entries at once: after escalation, or after it was run in place. (I1)
//! * A hint is for one turn of the task, each claim begins the next, and turns are told apart by one
//!   bit. So what is left over of several entries is void when it comes up, although the task may be
//!   runnable once more: else a task that only yields would keep them all, and have as many turns as
//!   others together. One bit is enough for that, since entries left over meet a turn of their own at
//!   most now and then, and void another by it. While SCHEDULED is set without RUNNING, a hint for the
//!   present turn lies in a queue, or is about to.
//! * Whoever holds RUNNING has the future to itself. Nothing else may touch it. (I2)
//! * References: one for the life of the task (given back by `complete`, so that a detached task
//!   which nothing can wake still exists at shutdown), one per hint, one for the handle, one per
//!   waker. The block is freed when the count reaches zero, and zero is never left again. (I3)
//! * The join slot (where the handle's waker lies) belongs to the handle while JOIN_WAKER is
//!   clear, to nobody while it is set, and to the completer once DONE was set over a set
//!   JOIN_WAKER; the handle cannot clear the bit after DONE. (I4)
//! * The output belongs to the handle if HANDLE was set when DONE was, else to the completer. (I5)
//!   Who joins a task and runs it in place is both, and takes the output before DONE is set.
//!
//! # Memory ordering
//! Every successful transition is `AcqRel`: it publishes what its caller did before and sees what
//! the previous owner of the right published. A wake that changes nothing still writes the word:
//! the poll that follows must see what the waker's caller wrote, and a mere load would let that
//! store pass it (the poll would then miss it, and no further wake would come).
#![forbid(unsafe_code)]

use super::snapshot::{Snapshot, Turn};
use super::transition::{
    CancelRequest, Claim, Completion, Detach, Due, Outcome, Placement, Raise, Suspend, Wake,
};
use crate::priority::TaskPriority;
use crate::sync::AtomicU64;
use std::process::abort;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// Set while the task is runnable: from the wake (or spawn) until somebody claims it. While
/// RUNNING is set as well, it says that the task was woken during its poll. Never set after DONE.
pub(super) const SCHEDULED: u64 = 1 << 0;
/// Set while one thread polls the future or drops it. Never set together with DONE.
pub(super) const RUNNING: u64 = 1 << 1;
/// Set when the future is gone and the outcome is final. Never cleared.
pub(super) const DONE: u64 = 1 << 2;
/// Set when cancelling was asked for. Not set after DONE; may remain from before it.
pub(super) const CANCEL: u64 = 1 << 3;
/// Set from the spawn to the first claim. Such a task may be run in place by the one who joins it.
pub(super) const FRESH: u64 = 1 << 4;
/// Set while a handle may still ask for the output.
const HANDLE: u64 = 1 << 5;
/// Set while the join slot holds a waker that the completer is to wake.
pub(super) const JOIN_WAKER: u64 = 1 << 6;
/// Two bits, valid with DONE: how the task ended.
pub(super) const OUTCOME_SHIFT: u32 = 7;
/// Two bits: the task's own priority.
pub(super) const OWN_SHIFT: u32 = 9;
/// Two bits: the lane of the task that waits for this one through its handle; 0 (Low) if none
/// does.
const FLOOR_SHIFT: u32 = 11;
/// Constant: the task may run on one thread only.
pub(super) const PINNED: u64 = 1 << 13;
/// Constant: the task is a blocking call, which cannot be cancelled once it runs.
pub(super) const BLOCKING: u64 = 1 << 14;
/// Two bits, valid with SCHEDULED: the most urgent lane that a hint was queued in since the task
/// became runnable. It bounds the hints of one task, however often its priority changes.
pub(super) const QUEUED_SHIFT: u32 = 15;
/// Two bits: the most urgent lane lent to the task by those who wait for a lock that it holds; 0
/// (Low) if nobody does. Written under the lock of the ledger that adds them up.
const LOAN_SHIFT: u32 = 17;
/// Two bits: the effective lane, which is the greatest of own, floor and loan. Those change rarely,
/// and this is read at each step.
pub(super) const LANE_SHIFT: u32 = 19;
/// Constant: the task's code has a stack of its own. It is told that it was cancelled by another
/// poll, in which it unwinds that stack or goes on; it is never just dropped once it has begun.
pub(super) const STACKFUL: u64 = 1 << 21;
/// Set when a stackful task was told that it was cancelled: from then on it may suspend again.
pub(super) const TOLD: u64 = 1 << 22;

/// Flipped by each claim: the turn that the task is to have next. A hint for the other one is void.
pub(super) const TURN: u64 = 1 << 23;

/// The reference count counts in this unit.
pub(super) const REF_ONE: u64 = 1 << 24;
/// More references than any program can hold honestly: somebody leaks clones in a loop.
const REF_LIMIT: u64 = 1 << 62;

/// The state word.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct State(AtomicU64);

impl State {
    /// The word of a free block: no references.
    pub(crate) fn free() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Makes the block a task about to be queued, with the references of its life, its first hint
    /// and its handle. The caller has the block alone and has written all the rest of it.
    pub(crate) fn publish(&self, priority: TaskPriority, placement: Placement) {
        let place = match placement {
            Placement::Anywhere => 0,
            Placement::Pinned => PINNED,
            Placement::Blocking => BLOCKING,
            Placement::Stackful => PINNED | STACKFUL,
            Placement::Migratable => STACKFUL,
        };
        let own = ((priority as u64) << OWN_SHIFT) | ((priority as u64) << LANE_SHIFT);
        let word = Self::queued(FRESH | HANDLE | place | own | (3 * REF_ONE), priority);
        // Release: pairs with the acquire of a walker that adds a reference, and goes on to read
        // the block. (Everybody else learns of the task through a queue.)
        self.0.store(word, Release);
    }

    /// Reads the word. Acquire: pairs with `complete`, whose outcome and output the reader may
    /// go on to use.
    #[inline]
    pub(crate) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Acquire))
    }

    /// Applies `next` until it sticks; `None` leaves the word as it is.
    fn update<R>(&self, mut next: impl FnMut(u64) -> (Option<u64>, R)) -> R {
        // Relaxed would do for the first look, but the answers computed from it may be acted on
        // without a write (`None`), and then it is the acquire that pairs with `complete`.
        let mut current = self.0.load(Acquire);
        loop {
            let (new, answer) = next(current);
            let Some(new) = new else { return answer };
            // AcqRel: see "Memory ordering" above. The failure order is that of the first look.
            match self.0.compare_exchange_weak(current, new, AcqRel, Acquire) {
                Ok(_) => return answer,
                Err(seen) => current = seen,
            }
        }
    }

    /// Turns a hint into the right to run, for one of all its holders. (I1) Unless it `may_resume`
    /// the task, the holder may only begin it: a hint from before a pinned task had its home can
    /// lie in anybody's queue, and must not run it elsewhere later.
    #[inline]
    pub(crate) fn claim(&self, turn: Turn, may_resume: bool) -> Claim {
        self.update(|word| {
            #[cfg(not(qi_mutant = "state_claim_ignores_turn"))]
            let runnable = word & (SCHEDULED | RUNNING | DONE | TURN) == SCHEDULED | turn.0;
            #[cfg(qi_mutant = "state_claim_ignores_turn")]
            let runnable = word & (SCHEDULED | RUNNING | DONE) == SCHEDULED;
            let may_begin = word & FRESH != 0 || cfg!(qi_mutant = "state_claim_ignores_home");
            if runnable && (may_resume || may_begin) {
                let cancelled = word & CANCEL != 0;
                let lane = Snapshot(word).lane();
                #[cfg(not(qi_mutant = "state_claim_keeps_scheduled"))]
                let new = Self::begun(word);
                #[cfg(qi_mutant = "state_claim_keeps_scheduled")]
                let new = word & !FRESH;
                (Some(new), Claim::Run { cancelled, lane })
            } else {
                let new = word - REF_ONE;
                (Some(new), Claim::Stale { free: Snapshot(new).refs() == 0 })
            }
        })
    }

    /// Claims a task that has never run, without a hint: for the one who joins it and wants to
    /// run it in place. Its hint stays behind in some queue and is found stale.
    pub(crate) fn claim_in_place(&self) -> bool {
        self.update(|word| {
            if Snapshot(word).is_unclaimed() {
                (Some(Self::begun(word)), true)
            } else {
                (None, false)
            }
        })
    }

    /// Ends a poll that returned `Pending`. `hint`: the caller came by a hint and holds its
    /// reference (not so when it ran the task in place).
    pub(crate) fn suspend(&self, hint: bool) -> Suspend {
        self.update(|word| {
            debug_assert!(word & RUNNING != 0 && word & DONE == 0);
            if word & (CANCEL | TOLD) == CANCEL {
                (None, Suspend::Cancelled)
            } else if word & SCHEDULED != 0 && !cfg!(qi_mutant = "state_suspend_forgets_wake") {
                let word = if hint { word } else { Self::one_more(word) };
                let due = Self::due(word);
                (Some(Self::queued(word & !RUNNING, due.lane)), Suspend::Requeue(due))
            } else {
                // The life's reference remains, so this one is never the last.
                let word = if hint { word - REF_ONE } else { word };
                (Some(word & !RUNNING), Suspend::Waiting)
            }
        })
    }

    /// Ends a poll of a task that asked to be run again at once (a yield): as if it had woken
    /// itself, in one step instead of two.
    pub(crate) fn suspend_yielding(&self, hint: bool) -> Suspend {
        self.update(|word| {
            debug_assert!(word & RUNNING != 0 && word & DONE == 0);
            if word & (CANCEL | TOLD) == CANCEL {
                return (None, Suspend::Cancelled);
            }
            let word = if hint { word } else { Self::one_more(word) };
            let due = Self::due(word);
            (Some(Self::queued(word & !RUNNING, due.lane)), Suspend::Requeue(due))
        })
    }

    /// Ends the task. The caller holds RUNNING, has dropped the future and stored the output.
    /// `hint`: it holds a hint's reference as well as the life's.
    pub(crate) fn complete(&self, outcome: Outcome, hint: bool) -> Completion {
        let held = 1 + u64::from(hint);
        self.update(|word| {
            debug_assert!(word & RUNNING != 0 && word & DONE == 0);
            let wake_joiner = word & JOIN_WAKER != 0;
            let drop_output = word & HANDLE == 0;
            let ended =
                (word & !(RUNNING | SCHEDULED)) | DONE | ((outcome as u64) << OUTCOME_SHIFT);
            // With nothing left to do the references go in the same step; the handle has its own,
            // so this is not the last.
            let (new, refs) = if wake_joiner || drop_output {
                (ended, held)
            } else {
                (ended - held * REF_ONE, 0)
            };
            (Some(new), Completion { wake_joiner, drop_output, refs })
        })
    }

    /// Ends a task that its joiner ran in place, for a caller that is both: it holds RUNNING and the
    /// handle, whose waker is not in the join slot, and has taken the output out. `hint`: it holds a
    /// hint's reference as well as the life's and the handle's; all of them go. `true` if they were
    /// the last, and the caller frees the block.
    #[must_use]
    pub(crate) fn complete_for_joiner(&self, outcome: Outcome, hint: bool) -> bool {
        let held = 2 + u64::from(hint);
        self.update(|word| {
            debug_assert!(word & RUNNING != 0 && word & (DONE | JOIN_WAKER) == 0);
            debug_assert!(word & HANDLE != 0);
            let flags = word & !(RUNNING | SCHEDULED | HANDLE);
            let new = (flags | DONE | ((outcome as u64) << OUTCOME_SHIFT)) - held * REF_ONE;
            let last = Snapshot(new).refs() == 0;
            (Some(new), last || cfg!(qi_mutant = "state_joiner_always_frees"))
        })
    }

    /// Wakes by a borrowed waker.
    pub(crate) fn wake_by_ref(&self) -> Wake {
        self.update(|word| {
            if word & DONE != 0 {
                return (None, Wake::Nothing { free: false });
            }
            if word & (SCHEDULED | RUNNING) == 0 {
                let due = Self::due(word);
                (Some(Self::queued(Self::one_more(word), due.lane)), Wake::Schedule(due))
            } else {
                // Written even when nothing changes: see "Memory ordering".
                let skip = cfg!(qi_mutant = "state_wake_without_write") && word & SCHEDULED != 0;
                ((!skip).then_some(word | SCHEDULED), Wake::Nothing { free: false })
            }
        })
    }

    /// Wakes by an owned waker, whose reference becomes the hint's.
    pub(crate) fn wake_by_value(&self) -> Wake {
        self.update(|word| {
            if word & (SCHEDULED | RUNNING | DONE) == 0 {
                let due = Self::due(word);
                return (Some(Self::queued(word, due.lane)), Wake::Schedule(due));
            }
            let flag = if word & DONE == 0 { SCHEDULED } else { 0 };
            let new = (word | flag) - REF_ONE;
            (Some(new), Wake::Nothing { free: Snapshot(new).refs() == 0 })
        })
    }

    /// Asks for the task to be cancelled.
    pub(crate) fn request_cancel(&self) -> CancelRequest {
        self.update(|word| {
            if word & DONE != 0 {
                (None, CancelRequest::Ended)
            } else if word & BLOCKING != 0 && word & RUNNING != 0 {
                (None, CancelRequest::Uncancellable)
            } else if word & (SCHEDULED | RUNNING) != 0 {
                (Some(word | CANCEL), CancelRequest::Taken)
            } else {
                let due = Self::due(word);
                let word = Self::queued(Self::one_more(word) | CANCEL, due.lane);
                (Some(word), CancelRequest::Schedule(due))
            }
        })
    }

    /// The poll that follows tells a stackful task that it was cancelled. The caller holds RUNNING.
    pub(crate) fn tell(&self) {
        // Relaxed: read by whoever ends that poll, on this thread, or after a claim.
        if !cfg!(qi_mutant = "state_never_tells") {
            self.0.fetch_or(TOLD, Relaxed);
        }
    }

    /// Hands the join slot to the completer. `false`: the task has ended, the slot stays the
    /// handle's, and so does the output. (I4)
    #[must_use]
    pub(crate) fn set_join_waker(&self) -> bool {
        self.update(|word| {
            debug_assert!(word & JOIN_WAKER == 0 && word & HANDLE != 0);
            #[cfg(not(qi_mutant = "join_set_ignores_done"))]
            let late = word & DONE != 0;
            #[cfg(qi_mutant = "join_set_ignores_done")]
            let late = false;
            if late { (None, false) } else { (Some(word | JOIN_WAKER), true) }
        })
    }

    /// Takes the join slot back, to replace the waker in it. `false`: the task has ended, and the
    /// completer has the slot. (I4)
    #[must_use]
    pub(crate) fn unset_join_waker(&self) -> bool {
        self.update(|word| {
            #[cfg(not(qi_mutant = "join_unset_ignores_done"))]
            let late = word & DONE != 0;
            #[cfg(qi_mutant = "join_unset_ignores_done")]
            let late = false;
            if late { (None, false) } else { (Some(word & !JOIN_WAKER), true) }
        })
    }

    /// Whether the join slot holds a waker.
    pub(crate) fn has_join_waker(&self) -> bool {
        self.load().0 & JOIN_WAKER != 0
    }

    /// Gives the handle's interest up; its reference is given back apart. (I5)
    pub(crate) fn detach(&self) -> Detach {
        self.update(|word| {
            if word & DONE != 0 {
                (None, Detach::Done)
            } else {
                let drop_waker = word & JOIN_WAKER != 0;
                let word = Self::with(word, FLOOR_SHIFT, TaskPriority::Low);
                (Some(word & !(HANDLE | JOIN_WAKER)), Detach::Live { drop_waker })
            }
        })
    }

    /// Sets the task's own priority; what follows is as in [`Self::raise`], for the same reasons.
    pub(crate) fn set_priority(&self, own: TaskPriority) -> Raise {
        self.update(|word| Self::moved_up(word, Self::with(word, OWN_SHIFT, own)))
    }

    /// Escalation: makes the effective lane at least `waiter`, the lane of the task that polls
    /// this one's handle.
    ///
    /// A task that waits itself is woken although nothing happened: polling again it passes the
    /// urgency on to what it waits for. So no task needs to remember what it waits for, and a
    /// cycle ends at the first task that is as urgent already.
    pub(crate) fn raise(&self, waiter: TaskPriority) -> Raise {
        self.update(|word| Self::moved_up(word, Self::with(word, FLOOR_SHIFT, waiter)))
    }

    /// Escalation through locks: what those who wait for one of the task's locks lend it, all in
    /// all. A lower loan than before takes effect when the task is queued next.
    pub(crate) fn set_loan(&self, lent: TaskPriority) -> Raise {
        self.update(|word| Self::moved_up(word, Self::with(word, LOAN_SHIFT, lent)))
    }

    /// The word with one of the lanes that make up the effective one changed.
    fn with(word: u64, shift: u32, lane: TaskPriority) -> u64 {
        let word = (word & !(0b11 << shift)) | ((lane as u64) << shift);
        let parts = [OWN_SHIFT, FLOOR_SHIFT, LOAN_SHIFT].map(|part| (word >> part) & 0b11);
        let effective = parts[0].max(parts[1]).max(parts[2]);
        (word & !(0b11 << LANE_SHIFT)) | (effective << LANE_SHIFT)
    }

    /// What it takes for a change of priority to have its effect.
    fn moved_up(word: u64, new: u64) -> (Option<u64>, Raise) {
        let due = Self::due(new);
        let lane = due.lane;
        if word & DONE != 0 || new == word {
            (None, Raise::Nothing)
        } else if lane <= Snapshot(word).lane() || word & BLOCKING != 0 {
            (Some(new), Raise::Nothing)
        } else if word & RUNNING != 0 {
            (Some(new | SCHEDULED), Raise::Nothing)
        } else if word & SCHEDULED == 0 {
            (Some(Self::queued(Self::one_more(new), lane)), Raise::Wake(due))
        } else if lane > Snapshot(word).queued_in() {
            (Some(Self::queued(Self::one_more(new), lane)), Raise::Requeue(due))
        } else {
            // A hint in so urgent a queue is there already.
            (Some(new), Raise::Nothing)
        }
    }

    /// The word of a task whose turn has begun.
    #[inline]
    fn begun(word: u64) -> u64 {
        ((word & !(SCHEDULED | FRESH)) | RUNNING) ^ TURN
    }

    /// The hint that a task with this word wants now.
    #[inline]
    fn due(word: u64) -> Due {
        let word = Snapshot(word);
        Due { lane: word.lane(), turn: word.turn() }
    }

    /// The word of a task for which a hint is queued in `lane`, its most urgent one.
    fn queued(word: u64, lane: TaskPriority) -> u64 {
        (word & !(0b11 << QUEUED_SHIFT)) | ((lane as u64) << QUEUED_SHIFT) | SCHEDULED
    }

    /// Adds a reference on behalf of one that exists.
    #[inline]
    pub(crate) fn add_ref(&self) {
        // Relaxed: the new reference is made from an existing one, which keeps the task alive;
        // whoever is handed it learns of the task through that hand-over.
        let word = self.0.fetch_add(REF_ONE, Relaxed);
        if word >= REF_LIMIT {
            abort_on_leaked_references();
        }
    }

    /// Adds a reference if the task still has one and has not ended: for those who walk over blocks
    /// that may have been freed. (I3)
    #[must_use]
    pub(crate) fn try_add_ref(&self) -> bool {
        self.update(|word| {
            let lives = Snapshot(word).refs() != 0 && word & DONE == 0;
            if lives { (Some(word + REF_ONE), true) } else { (None, false) }
        })
    }

    /// Gives `count` references back; `true` if they were the last, and the caller frees the
    /// block.
    #[must_use]
    pub(crate) fn release(&self, count: u64) -> bool {
        // AcqRel: the release part publishes what this holder did with the block, the acquire
        // part makes the one who frees it see what all others did.
        let before = self.0.fetch_sub(count * REF_ONE, AcqRel);
        debug_assert!(Snapshot(before).refs() >= count);
        Snapshot(before).refs() == count
    }

    fn one_more(word: u64) -> u64 {
        if word >= REF_LIMIT {
            abort_on_leaked_references();
        }
        word + REF_ONE
    }
}

#[cold]
fn abort_on_leaked_references() -> ! {
    eprintln!("qi-sched: a task has more references than can exist: wakers are being leaked");
    abort()
}
