//! A short wait for work before sleeping: worth it only where work tends to come at once.
//!
//! Being woken costs two system calls and, between virtual processors, tens of microseconds. A
//! searcher that has just run tasks may therefore look on for a moment, at most [`LONGEST`]. How
//! long is learnt: a wait that finds work is extended, one that does not is halved, down to none;
//! and a sleep that was over as soon as it began counts as a wait that should have been. So a worker
//! that serves sockets soon does not spin at all, and one that is fed by another thread does. Each wait
//! is earned by a task that was run since the last. (I22)
#![forbid(unsafe_code)]

use super::context::Context;
use super::core::Core;
use super::steal;
use std::cell::Cell;
use std::hint::spin_loop;
use std::time::{Duration, Instant};

/// The longest wait.
const LONGEST: Duration = Duration::from_micros(20);

/// The shortest wait that is worth reading the clock for.
const SHORTEST: Duration = Duration::from_micros(1);

/// Looks between two readings of the clock.
const LOOKS: u32 = 32;

/// The most readings in one wait: a clock that was handed in may stand still.
const READINGS: u32 = 64;

/// What a worker has learnt about waiting.
#[derive(Debug)]
pub(crate) struct Patience {
    wait: Cell<Duration>,
    /// Tasks taken when this worker last waited: another wait is earned by taking one more.
    spent_at: Cell<u64>,
    slept_at: Cell<Option<Instant>>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { wait: Cell::new(Duration::ZERO), spent_at: Cell::new(0), slept_at: Cell::new(None) }
    }

    /// Whether the worker has run something since it last waited. A wait that ends with somebody else
    /// taking the work is thus not followed by another.
    fn is_earned(&self, taken: u64) -> bool {
        self.spent_at.replace(taken) != taken
    }

    fn learn(&self, paid: bool) {
        let wait = self.wait.get();
        self.wait.set(match paid {
            true => (wait * 2).clamp(SHORTEST * 4, LONGEST),
            false if wait < SHORTEST * 2 => Duration::ZERO,
            false => wait / 2,
        });
    }

    /// The worker goes to sleep.
    pub(crate) fn sleeps(&self, now: Instant) {
        self.slept_at.set(Some(now));
    }

    /// The worker was woken because there is work for it.
    pub(crate) fn was_woken(&self, now: Instant) {
        let Some(slept_at) = self.slept_at.take() else { return };
        if now.saturating_duration_since(slept_at) < LONGEST * 2 {
            self.learn(true);
        }
    }
}

/// Waits for something to search for; `true` if it came.
pub(crate) fn wait(context: &Context, core: &Core) -> bool {
    let limit = core.patience.wait.get();
    // Nothing comes to a worker that is stepped by hand while it waits.
    if limit < SHORTEST || context.is_stepped() {
        return false;
    }
    let shared = &*context.shared;
    // A scheduler that closes has nothing to hand out at once: whoever wakes a worker then unparks it.
    if shared.is_closing() || !core.patience.is_earned(core.counters.tasks.claimed.get()) {
        return false;
    }
    let begun = shared.clock.now();
    let mut found = false;
    'wait: for _ in 0..READINGS {
        if shared.clock.now().saturating_duration_since(begun) >= limit {
            break;
        }
        for _ in 0..LOOKS {
            if steal::visible_work(shared, core.seat) || has_mail(context, core) {
                found = true;
                break 'wait;
            }
            spin_loop();
        }
    }
    core.patience.learn(found);
    found
}

fn has_mail(context: &Context, core: &Core) -> bool {
    !core.shown.inbox.is_empty() || context.slot.as_ref().is_some_and(|slot| !slot.inbox.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_earned_by_work() {
        let patience = Patience::new();
        assert!(!patience.is_earned(0), "nothing was run yet");
        assert!(patience.is_earned(1));
        assert!(!patience.is_earned(1), "the first wait has spent it");
        assert!(patience.is_earned(5));
    }

    #[test]
    fn waits_that_do_not_pay_are_given_up_and_none_is_longer_than_the_longest() {
        let patience = Patience::new();
        for _ in 0..20 {
            patience.learn(true);
            assert!(patience.wait.get() <= LONGEST);
        }
        assert_eq!(patience.wait.get(), LONGEST);
        for _ in 0..20 {
            patience.learn(false);
        }
        assert_eq!(patience.wait.get(), Duration::ZERO);
    }
}
