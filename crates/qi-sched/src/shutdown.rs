//! The phases of a scheduler's end.
//!
//! # Phases
//! ```text
//! Running ──► Draining ──► Closing ──► Stopped
//!     └───────────────────────┘
//! ```
//! * **Draining** (graceful shutdown only): threads from outside cannot spawn any more; tasks and
//!   blocking calls go on, and may spawn.
//! * **Closing**: nothing is spawned; one worker walks over all tasks and cancels them; workers
//!   leave when they have nothing left, and nobody else is at work. (I9)
//! * **Stopped**: every thread has ended, no future exists any more. Memory that wakers refer to
//!   still does.
//!
//! # The race with spawns
//! A spawn reads the phase without a fence, so a task may be born unseen after the walk. Whoever
//! claims it drops it instead of polling it; if nobody does it is found by the sweep of the last
//! thread: the count of threads that ended is a chain of
//! read-modify-writes, through which the last one sees whatever the others spawned. Threads that
//! are not workers read the phase under the lock of their desk (see [`crate::desk`]) or, for tasks
//! with a special place, after they have announced themselves in [`Gate::enter`], and the last
//! thread waits for those inside. (I10)
//!
//! A pinned task cannot be left to the sweep, because its thread does not end before it. Its
//! spawner reads the phase again when the task can be seen ([`Gate::has_closed`]), and cancels it
//! if the walk may have missed it.
#![forbid(unsafe_code)]

use crate::sync::{AtomicBool, AtomicUsize, fence};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// Whether a scheduler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchedState {
    /// It accepts tasks and runs them.
    Running,
    /// It takes no new tasks and ends those it has.
    ShuttingDown,
    /// Every thread has ended, and every future is dropped.
    Stopped,
}

impl From<Phase> for SchedState {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Running => Self::Running,
            Phase::Draining | Phase::Closing => Self::ShuttingDown,
            Phase::Stopped => Self::Stopped,
        }
    }
}

/// Where a scheduler is between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Running,
    Draining,
    Closing,
    Stopped,
}

/// The phase, and who is on the way in.
#[derive(Debug)]
pub(crate) struct Gate {
    phase: AtomicUsize,
    /// Foreign threads inside [`Self::enter`].
    inside: AtomicUsize,
    walk_taken: AtomicBool,
    walk_done: AtomicBool,
    leave: AtomicBool,
    sweep_taken: AtomicBool,
}

/// A foreign thread is spawning; the end waits for it.
#[derive(Debug)]
pub(crate) struct Entry<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            phase: AtomicUsize::new(Phase::Running as usize),
            inside: AtomicUsize::new(0),
            walk_taken: AtomicBool::new(false),
            walk_done: AtomicBool::new(false),
            leave: AtomicBool::new(false),
            sweep_taken: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        // Acquire: whoever sees a phase sees what was done before it began.
        match self.phase.load(Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            2 => Phase::Closing,
            _ => Phase::Stopped,
        }
    }

    /// Goes on to `phase`; `false` if the scheduler is there or further already.
    pub(crate) fn advance(&self, phase: Phase) -> bool {
        let before = self.phase.fetch_max(phase as usize, AcqRel);
        // Pairs with the fence in `enter`.
        #[cfg(not(qi_mutant = "gate_advance_without_fence"))]
        fence(SeqCst);
        before < phase as usize
    }

    /// A foreign thread is about to spawn: it must do so before it drops the entry. `None`: the
    /// scheduler takes no more.
    pub(crate) fn enter(&self) -> Option<Entry<'_>> {
        // AcqRel would order this against the other entries only; the fence is what matters.
        self.inside.fetch_add(1, Relaxed);
        let entry = Entry(self);
        // Pairs with the fence in `advance`: either this thread sees the phase, or the last
        // thread sees it inside.
        #[cfg(not(qi_mutant = "gate_enter_without_fence"))]
        fence(SeqCst);
        (self.phase() == Phase::Running).then_some(entry)
    }

    /// Whether the end has begun, for a thread that has just published a task: either it sees that
    /// here, or the walk sees the task.
    pub(crate) fn has_closed(&self) -> bool {
        // Pairs with the fence in `advance`.
        fence(SeqCst);
        self.phase() >= Phase::Closing
    }

    /// Whether the end is over, for a thread that has just queued something and then executed a
    /// `SeqCst` fence: either it sees that here, or the last look at the queues, after the fence
    /// in `advance`, sees what it queued.
    pub(crate) fn has_stopped(&self) -> bool {
        self.phase() == Phase::Stopped
    }

    /// Whether no foreign thread is inside. Once it holds after `advance(Closing)`, whatever was
    /// spawned by those who were can be seen.
    pub(crate) fn is_quiet(&self) -> bool {
        // Acquire: pairs with the release in `Entry::drop`.
        self.inside.load(Acquire) == 0
    }

    /// Takes the walk over all tasks upon the caller, once.
    pub(crate) fn take_walk(&self) -> bool {
        // Relaxed first look; AcqRel so that there is one order of takers.
        !self.walk_taken.load(Relaxed) && !self.walk_taken.swap(true, AcqRel)
    }

    /// Takes the sweep upon the caller, once.
    pub(crate) fn take_sweep(&self) -> bool {
        // AcqRel: one order of takers.
        !self.sweep_taken.swap(true, AcqRel)
    }

    /// The walk is over: every task it found has been cancelled.
    pub(crate) fn end_walk(&self) {
        // Release: pairs with `walk_is_done`.
        #[cfg(not(qi_mutant = "gate_walk_ends_unordered"))]
        self.walk_done.store(true, Release);
        #[cfg(qi_mutant = "gate_walk_ends_unordered")]
        self.walk_done.store(true, Relaxed);
    }

    /// Whether every task that the walk found has been cancelled.
    pub(crate) fn walk_is_done(&self) -> bool {
        // Acquire: pairs with `end_walk`: whoever leaves has seen what the walk queued for it.
        self.walk_done.load(Acquire)
    }

    /// Nobody is at work any more: workers with nothing left may leave. `true` for the first call.
    pub(crate) fn let_leave(&self) -> bool {
        // AcqRel: hands on what the caller has seen of the walk, see `may_leave`.
        !self.leave.swap(true, AcqRel)
    }

    /// Whether workers with nothing left may leave.
    pub(crate) fn may_leave(&self) -> bool {
        // Acquire: pairs with `let_leave`, and so with `end_walk`.
        self.leave.load(Acquire)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        // Release: pairs with `is_quiet`.
        self.0.inside.fetch_sub(1, Release);
    }
}
