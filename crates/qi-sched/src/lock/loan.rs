//! Urgency lent to the holder of a lock by those who wait for it.
//!
//! # Protocol
//! A primitive keeps one [`Loan`] behind the mutex of its waiters, and settles it whenever the
//! holder or the urgency of the waiters has changed. So there is at most one loan per lock, and it
//! is as high as the most urgent waiter. A task may have loans of several locks: the scheduler's
//! [`Ledger`] counts them per lane, and the task's state word says the highest. Both change
//! together under the ledger's lock, so the word is never behind. (I24)
//!
//! Raising a task that waits makes it runnable, although nothing happened: polled again, it passes
//! the urgency on to what it waits for itself, a lock or a task. So chains need no links, and a
//! cycle ends where nothing changes. What has to be done to a queue is left in the [`Effect`],
//! outside of the primitive's mutex.
#![forbid(unsafe_code)]

use super::holder::Holder;
use crate::priority::TaskPriority;
use crate::sync::{Mutex, lock};
use crate::task::{Header, Raise, State, TaskRef};
use std::collections::HashMap;
use std::fmt;

/// What the waiters of one lock lend to its holder: for authors of primitives.
///
/// # Examples
/// ```
/// use qi_sched::TaskPriority;
/// use qi_sched::lock::{Holder, Loan};
/// use std::sync::Mutex;
/// let waiters = Mutex::new(Loan::default());
/// // Nothing is due to a holder that is no task.
/// let effect = waiters.lock().unwrap().settle(Some(Holder::UNKNOWN), Some(TaskPriority::High));
/// drop(effect);
/// ```
#[derive(Default)]
pub struct Loan(Option<(TaskRef, TaskPriority)>);

impl Loan {
    /// Whether something is lent now.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.0.is_some()
    }

    /// Makes the loan what is due: with a holder less urgent than the most urgent waiter, that
    /// waiter's lane; else nothing. Call it under the primitive's mutex, while the holder cannot
    /// release the lock, and drop the answer after the mutex was released.
    #[must_use = "the effect takes place when it is dropped, outside of the primitive's mutex"]
    pub fn settle(&mut self, holder: Option<Holder>, urgency: Option<TaskPriority>) -> Effect {
        let due = holder.zip(urgency).filter(|(holder, urgency)| holder.gains_from(*urgency));
        match (&mut self.0, due) {
            (None, None) => Effect::default(),
            (Some((task, lane)), Some((holder, urgency))) if holder.names(task) => {
                let old = std::mem::replace(lane, urgency);
                Effect { returned: None, raised: change(task, Some(old), Some(urgency)) }
            }
            (_, due) => {
                let returned = self.0.take().map(|(task, lane)| {
                    // Less than before: it needs no hint.
                    let _ = change(&task, Some(lane), None);
                    task
                });
                let borrower = due.and_then(|(holder, lane)| Some((holder.find()?, lane)));
                let raised = borrower.and_then(|(task, lane)| {
                    let raised = change(&task, None, Some(lane));
                    self.0 = Some((task, lane));
                    raised
                });
                Effect { returned, raised }
            }
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        drop(self.settle(None, None));
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loan").field(&self.0.as_ref().map(|(_, lane)| lane)).finish()
    }
}

/// What settling a loan leaves to do; dropping it does it.
#[derive(Default)]
pub struct Effect {
    /// A reference that was given up: the last one gives memory back.
    returned: Option<TaskRef>,
    raised: Option<(TaskRef, Raise)>,
}

impl Drop for Effect {
    fn drop(&mut self) {
        drop(self.returned.take());
        if let Some((task, raise)) = self.raised.take() {
            task.follow(raise);
        }
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effect").field("raises", &self.raised.is_some()).finish_non_exhaustive()
    }
}

/// Replaces one loan to a task by another.
fn change(
    task: &TaskRef,
    old: Option<TaskPriority>,
    new: Option<TaskPriority>,
) -> Option<(TaskRef, Raise)> {
    let borrower = std::ptr::from_ref::<Header>(task).addr();
    match task.shared().ledger.change(borrower, &task.state, old, new) {
        Raise::Nothing => None,
        raise => Some((task.clone(), raise)),
    }
}

/// How many locks lend in each lane to those tasks that are lent something.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    counts: Mutex<HashMap<usize, [u32; TaskPriority::COUNT]>>,
}

impl Ledger {
    /// Replaces one loan by another. The caller keeps the borrower, so its address is its own.
    pub(crate) fn change(
        &self,
        borrower: usize,
        state: &State,
        old: Option<TaskPriority>,
        new: Option<TaskPriority>,
    ) -> Raise {
        if old == new {
            return Raise::Nothing;
        }
        let mut counts = lock(&self.counts);
        let lanes = counts.entry(borrower).or_default();
        if let Some(old) = old {
            debug_assert!(lanes[old.index()] > 0, "a loan is returned once");
            lanes[old.index()] -= 1;
        }
        if let Some(new) = new {
            lanes[new.index()] += 1;
        }
        let highest = TaskPriority::DESCENDING.into_iter().find(|lane| lanes[lane.index()] > 0);
        if highest.is_none() {
            counts.remove(&borrower);
        }
        #[cfg(qi_mutant = "loan_applied_unlocked")]
        drop(counts);
        state.set_loan(highest.unwrap_or(TaskPriority::Low))
    }
}
