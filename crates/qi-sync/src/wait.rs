//! One wait in a [`Crowd`]: what the futures of the one-for-all primitives share.
//!
//! The wait begins with a look at the state under the crowd's mutex, so that whoever changes the
//! state and then lets the crowd go finds the waiter, or the waiter finds the state changed.
#![forbid(unsafe_code)]

use crate::crowd::{Crowd, CrowdKey};
use crate::sync::{Mutex, lock};
use qi_sched::coop;
use std::task::{Context, Poll, ready};

/// A place in the crowd, or none yet. Its owner calls [`Wait::end`] when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    key: Option<CrowdKey>,
}

impl Wait {
    pub(crate) const fn new() -> Self {
        Self { key: None }
    }

    /// Waits until the crowd is let go, unless `is_over` already: that is asked without the lock.
    /// `is_over_at_last` is asked with it, right before the waiter joins the crowd, and may leave
    /// word that somebody waits.
    pub(crate) fn poll(
        &mut self,
        crowd: &Mutex<Crowd>,
        is_over: impl FnOnce() -> bool,
        is_over_at_last: impl FnOnce() -> bool,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let progress = ready!(coop::poll_proceed(cx));
        let poll = self.poll_unlimited(crowd, is_over, is_over_at_last, cx);
        if poll.is_ready() {
            progress.made_progress();
        }
        poll
    }

    /// A poll that costs nothing of the budget.
    pub(crate) fn poll_unlimited(
        &mut self,
        crowd: &Mutex<Crowd>,
        is_over: impl FnOnce() -> bool,
        is_over_at_last: impl FnOnce() -> bool,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match self.key {
            None if is_over() => return Poll::Ready(()),
            Some(key) if lock(crowd).wakes(key, cx.waker()) => return Poll::Pending,
            _ => {}
        }
        // Cloned before, and dropped after the lock is held: wakers are user code.
        let waker = cx.waker().clone();
        let mut waiting = lock(crowd);
        let unused = match self.key {
            None if is_over_at_last() && !cfg!(qi_mutant = "wait_without_second_look") => waker,
            None => {
                self.key = Some(waiting.insert(waker));
                return Poll::Pending;
            }
            Some(key) => {
                let unused = waiting.set_waker(key, waker);
                if waiting.is_waiting(key) {
                    drop(waiting);
                    drop(unused);
                    return Poll::Pending;
                }
                unused
            }
        };
        self.key = None;
        drop(waiting);
        drop(unused);
        Poll::Ready(())
    }

    /// Gives the place up, if there is one.
    pub(crate) fn end(&mut self, crowd: &Mutex<Crowd>) {
        if let Some(key) = self.key.take() {
            let waker = lock(crowd).remove(key);
            drop(waker);
        }
    }
}
