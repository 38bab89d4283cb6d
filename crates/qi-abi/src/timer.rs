//! Timers that programs hold: they may be set anew, cancelled, waited for again and again.
#![forbid(unsafe_code)]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use qi_runtime::sync::Notify;
use qi_runtime::time::{Instant, sleep_until};

use crate::code::Code;

/// When it fires next, and how far apart.
struct Plan {
    next: Option<Instant>,
    period: Duration,
}

/// A timer.
pub(crate) struct Timer {
    plan: Mutex<Plan>,
    /// Told to whoever waits when the plan has changed.
    changed: Box<Notify>,
}

impl Timer {
    /// A period of zero: it fires once.
    pub(crate) fn new(first: Duration, period: Duration) -> Self {
        let next = Some(Instant::now().saturating_add(first));
        Self { plan: Mutex::new(Plan { next, period }), changed: Box::new(Notify::new()) }
    }

    fn next(&self) -> Option<Instant> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).next
    }

    fn change(&self, plan: impl FnOnce(&mut Plan)) {
        plan(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
    }

    /// Fires after `delay` instead of when it would have.
    pub(crate) fn reset(&self, delay: Duration) {
        let next = Instant::now().saturating_add(delay);
        self.change(|plan| plan.next = Some(next));
    }

    /// Does not fire any more, unless it is set anew.
    pub(crate) fn cancel(&self) {
        self.change(|plan| plan.next = None);
    }

    /// Takes the firing of `deadline`; `false` if the plan has changed, or somebody else took it.
    fn take(&self, deadline: Instant) -> bool {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if plan.next != Some(deadline) {
            return false;
        }
        plan.next = match plan.period {
            Duration::ZERO => None,
            // Firings that were missed are made up for one by one, as exactly as can be.
            period => Some(deadline.saturating_add(period)),
        };
        true
    }

    /// Waits until it fires. Of several that wait each gets a firing of its own.
    ///
    /// # Errors
    /// [`Code::ERR_CANCELLED`] if it is not set, or is cancelled meanwhile.
    pub(crate) async fn wait(&self) -> Result<Code, Code> {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let deadline = self.next().ok_or(Code::ERR_CANCELLED)?;
            let due = sleep_until(deadline);
            qi_runtime::select! {
                () = due => if self.take(deadline) {
                    return Ok(Code::OK);
                },
                () = changed => {}
            }
        }
    }
}
