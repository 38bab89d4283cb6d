//! Evidence of the right to run a task: whoever holds a [`Running`] has the future to itself. (I2)
//!
//! ```text
//!   TaskRef::claim ─► Running ─ poll ──► Polled::Pending(Running) ─ suspend ─► waits, or queued
//!   in_place ───────►    │                                            │ cancelled meanwhile
//!                        │ cancel (drops the future) ◄────────────────┘
//!                        ▼
//!                      Ended ─ finish ─► the joiner is woken, references go back
//!                            ─ hand_over ─► the joiner, who ran it in place, has the result
//! ```
//!
//! The types do not let a future be polled twice at once, or after its end; this is why the worker
//! and the rest of the scheduler need no unsafe code to run tasks.

use super::header::{Header, TaskPtr};
use super::reference::TaskRef;
use super::transition::{Claim, Outcome, Suspend};
use super::waker;
use crate::error::JoinError;
use crate::local::Heritage;
use crate::priority::TaskPriority;
use crate::worker::ThreadSlot;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::Context;

/// The right to run a task. It is not dropped but used up by one of its methods.
#[must_use = "a task that is claimed must be polled or cancelled"]
pub(crate) struct Running {
    task: TaskPtr,
    /// Whether the reference of a hint is held as well.
    hint: bool,
}

/// What became of a hint.
pub(crate) enum Claimed {
    /// The caller runs the task. `cancelled`: it must drop the future instead of polling it.
    Run { running: Running, cancelled: bool, lane: TaskPriority },
    /// Somebody else ran or runs it. The hint is gone.
    Stale,
}

/// What a poll came to.
pub(crate) enum Polled {
    Pending(Running),
    Ended(Ended),
}

/// What a pending task goes on to.
pub(crate) enum Suspended {
    /// It waits for its waker.
    Waiting,
    /// It was woken during the poll: the caller queues it.
    Requeue(TaskRef, TaskPriority),
    /// It was cancelled during the poll: the caller drops the future.
    Cancelled(Running),
}

/// A task whose future is gone and whose output is in place, but which does not say so yet.
#[must_use = "the task's end must be made known"]
pub(crate) struct Ended {
    task: TaskPtr,
    hint: bool,
    outcome: Outcome,
}

impl TaskRef {
    /// Uses the reference as a hint: claims the task for the thread of `slot`. (I1)
    #[inline]
    pub(crate) fn claim(self, slot: Option<&Arc<ThreadSlot>>) -> Claimed {
        let may_resume = self.may_resume_on(slot);
        let (task, turn) = self.into_parts();
        // SAFETY: the hint's reference keeps the block until it is given back.
        match unsafe { task.as_ref() }.state.claim(turn, may_resume) {
            Claim::Run { cancelled, lane } => {
                Claimed::Run { running: Running { task, hint: true }, cancelled, lane }
            }
            Claim::Stale { free } => {
                if free {
                    // SAFETY: that was the last reference.
                    unsafe { Header::free(task) };
                }
                Claimed::Stale
            }
        }
    }
}

impl Running {
    /// Claims a task that has never run, for the one who joins it.
    #[inline]
    pub(crate) fn in_place(task: &Header) -> Option<Self> {
        task.state.claim_in_place().then(|| Self { task: TaskPtr::from(task), hint: false })
    }

    /// Keeps the reference of a hint that was found beside the claim.
    #[inline]
    pub(crate) fn keep(&mut self, hint: TaskRef) {
        debug_assert!(!self.hint && hint.is(self.header()));
        self.hint = true;
        let _ = hint.into_parts();
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the life's reference is given back by `Ended::finish` at the earliest.
        unsafe { self.task.as_ref() }
    }

    pub(crate) fn as_ptr(&self) -> TaskPtr {
        self.task
    }

    /// What the task has inherited, and its children inherit from it.
    #[inline]
    pub(crate) fn legacy(&self) -> Option<Heritage> {
        self.header().cold()?.legacy.share()
    }

    /// Polls the future; if it ends, drops it and keeps the output.
    #[inline(always)]
    pub(crate) fn poll(self) -> Polled {
        self.header().count_poll();
        // SAFETY: the life's reference keeps the task while the waker is used.
        let waker = unsafe { waker::borrowed(self.task) };
        let mut cx = Context::from_waker(&waker);
        // SAFETY: `self` is the evidence of RUNNING, and the future has not ended.
        match unsafe { Header::poll(self.task, &mut cx) } {
            None => Polled::Pending(self),
            Some(outcome) => Polled::Ended(self.ended(outcome)),
        }
    }

    /// Drops the future.
    pub(crate) fn cancel(self) -> Ended {
        // SAFETY: `self` is the evidence of RUNNING, and the future has not ended.
        let outcome = unsafe { Header::drop_future(self.task) };
        self.ended(outcome)
    }

    fn ended(self, outcome: Outcome) -> Ended {
        Ended { task: self.task, hint: self.hint, outcome }
    }

    /// Gives the right back after a pending poll. `yields`: the task asked to be run again.
    #[inline]
    pub(crate) fn suspend(self, yields: bool) -> Suspended {
        let state = &self.header().state;
        let suspend =
            if yields { state.suspend_yielding(self.hint) } else { state.suspend(self.hint) };
        match suspend {
            Suspend::Waiting => Suspended::Waiting,
            Suspend::Requeue(due) => {
                // SAFETY: the hint has its reference.
                let hint = unsafe { TaskRef::hint(self.task, due.turn) };
                Suspended::Requeue(hint, due.lane)
            }
            Suspend::Cancelled => Suspended::Cancelled(self),
        }
    }
}

impl Ended {
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the life's reference is given back by `finish`.
        unsafe { self.task.as_ref() }
    }

    /// Drops the task's share of what it has inherited: other wakers may keep its memory for long.
    pub(crate) fn give_up_legacy(&self) {
        if let Some(legacy) = self.header().cold().and_then(|cold| cold.legacy.take()) {
            super::guard("a task-local panicked in drop", || drop(legacy));
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Makes the end known to all but the caller, who ran the task in place to join it: hands it the
    /// result, and gives back the references that this and the handle hold.
    ///
    /// # Safety
    /// The caller is the owner of the task's handle, whose waker is not in the join slot; it never
    /// uses the handle's reference again; the task's output is `T`.
    #[inline]
    pub(crate) unsafe fn hand_over<T>(self) -> Result<T, JoinError> {
        let mut result = MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: RUNNING is held, so the stage is ours (I2), and HANDLE is set and ours, so that
        // nobody takes the output later; it is a `T` by the caller's word.
        unsafe { Header::take_output(self.task, self.outcome, result.as_mut_ptr().cast()) };
        if self.header().state.complete_for_joiner(self.outcome, self.hint) {
            // SAFETY: these were the last references.
            unsafe { Header::free(self.task) };
        }
        // SAFETY: written by `take_output`.
        unsafe { result.assume_init() }
    }

    /// Makes the end known: sets the final state, wakes who waits, gives references back.
    pub(crate) fn finish(self) {
        let completion = self.header().state.complete(self.outcome, self.hint);
        // SAFETY: the completion is this task's.
        unsafe { Header::finish(self.task, completion) };
    }
}
