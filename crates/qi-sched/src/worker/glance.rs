//! A last look at the events before sleeping, after the processor was offered to others: worth it where
//! those who cause the events run on the same processors.
//!
//! A server answers, its client asks again, and both share a processor. If the worker slept at once, the
//! client's first byte would wake it for one event, and so on: two switches of threads and a sleep for
//! each. Offering the processor lets the client, and the other workers, do what they can do; then one
//! look collects all that they caused. Whether that pays is learnt: a look that finds nothing, or comes
//! back late because others took the processor for long, uses credit up, one that finds events earns
//! some; without credit it is tried now and then. So a worker whose peers are elsewhere sleeps at once.
//!
//! While the processor is others', this worker does not count as a searcher: whoever has work for
//! sleepers wakes one.
//!
//! # Rejected alternatives
//! A look without the offer (nothing has happened since the last one); a longer sleep before the look
//! (who comes alone would wait).
#![forbid(unsafe_code)]

use super::context::Context;
use super::core::Core;
use super::steal;
use std::cell::Cell;
use std::time::Duration;

/// Looks that may fail one after the other before they are given up.
const MOST_CREDIT: u8 = 32;

/// What one that pays earns, and what a worker begins with: it saves a sleep and a wake-up, which cost
/// several times the two calls of one that does not, so one in five is enough.
const EARNED: u8 = 4;

/// Without credit one sleep in so many is preceded by a look: it costs two system calls that need not
/// wait, so a few per cent of what a sleep costs.
const TRIED_ONCE_IN: u8 = 32;

/// When the processor comes back after so long, others have more use for it than the worker can wait for
/// without its events and timers being late.
const TOO_LONG: Duration = Duration::from_millis(1);

/// What a worker has learnt about looks.
#[derive(Debug)]
pub(crate) struct Glance {
    credit: Cell<u8>,
    /// Sleeps since the last look without credit.
    skipped: Cell<u8>,
    /// Tasks taken when this worker last looked: another look is earned by taking one more.
    spent_at: Cell<u64>,
}

impl Glance {
    pub(crate) fn new() -> Self {
        Self { credit: Cell::new(EARNED), skipped: Cell::new(0), spent_at: Cell::new(0) }
    }

    /// Whether a look is due: the worker has run something since the last one, and they pay, or may pay
    /// again.
    fn is_due(&self, taken: u64) -> bool {
        if self.spent_at.replace(taken) == taken {
            return false;
        }
        if self.credit.get() > 0 {
            return true;
        }
        let skipped = (self.skipped.get() + 1) % TRIED_ONCE_IN;
        self.skipped.set(skipped);
        skipped == 0
    }

    fn learn(&self, paid: bool) {
        let credit = self.credit.get();
        self.credit.set(match paid {
            true => (credit + EARNED).min(MOST_CREDIT),
            false => credit.saturating_sub(1),
        });
    }
}

/// Offers the processor to others and looks at the seat's events, if that tends to pay; `true` if there
/// is something to do. Wakers run inside, so afterwards the caller looks for its seat anew.
pub(crate) fn look(context: &Context, core: &Core) -> bool {
    let shared = &*context.shared;
    let seat = core.seat;
    // Nothing comes to a worker that is stepped by hand while it waits; and a scheduler that closes has
    // other things to look at.
    if context.is_stepped()
        || shared.is_closing()
        || shared.is_extra(seat)
        || !shared.driver.has_sources(seat)
        || !core.glance.is_due(core.counters.tasks.claimed.get())
    {
        return false;
    }
    // The last searcher that gives its role up looks once more: else what was pushed in between would
    // have nobody. What is pushed later is found by `fall_asleep`, or by who is woken for it.
    if core.searching.take() && shared.sleep.stop_searching() && steal::visible_work(shared, seat) {
        return true;
    }
    let begun = shared.clock.now();
    std::thread::yield_now();
    let found = context.turn(|driver| driver.try_turn(seat)) == Some(true);
    let late = shared.clock.now().saturating_duration_since(begun) >= TOO_LONG;
    if let Some(core) = context.core() {
        core.glance.learn(found && !late);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_look_is_earned_by_work() {
        let glance = Glance::new();
        assert!(!glance.is_due(0), "nothing was run yet");
        assert!(glance.is_due(1));
        assert!(!glance.is_due(1), "the first look has spent it");
        assert!(glance.is_due(2));
    }

    #[test]
    fn looks_that_do_not_pay_are_given_up_but_for_a_few() {
        let glance = Glance::new();
        for _ in 0..MOST_CREDIT {
            glance.learn(false);
        }
        let looks = (1..=u64::from(TRIED_ONCE_IN) * 10).filter(|taken| glance.is_due(*taken));
        assert_eq!(looks.count(), 10);
    }

    #[test]
    fn looks_that_pay_again_are_taken_up_again() {
        let glance = Glance::new();
        for _ in 0..MOST_CREDIT {
            glance.learn(false);
        }
        glance.learn(true);
        assert!((1..=u64::from(EARNED)).all(|taken| glance.is_due(taken)));
        for _ in 0..100 {
            glance.learn(true);
        }
        assert_eq!(glance.credit.get(), MOST_CREDIT);
    }
}
