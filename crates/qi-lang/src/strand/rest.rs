//! How a strand comes to rest, and how it is woken: the bits of its state that say so.
//!
//! The protocol and the ordering are those of the file above.
#![forbid(unsafe_code)]

use std::sync::atomic::Ordering;

use super::{
    CANCEL, ENDED_QUIETLY, FIELD, HELD, NOTED, PARKED, REASON_AT, RESTS, Reason, SENT, Strand,
};
use crate::{crew, quiet};

impl Strand {
    /// Says that nothing but another strand can make it go on: under the lock under which it is listed
    /// where its wake will come from.
    pub(crate) fn rest(&self, reason: Reason, on: usize) {
        let marked = self.mark(reason, on);
        self.lie_down(marked);
    }

    /// The first half of [`rest`](Self::rest), where there is no such lock: it can be woken from now on,
    /// and still counts. [`lie_down`](Self::lie_down) follows once it is listed, or
    /// [`unmark`](Self::unmark) if what it wanted had come before that: one that rested too early would
    /// not be counted while it runs.
    #[must_use = "a mark is followed by its other half"]
    pub(crate) fn mark(&self, reason: Reason, on: usize) -> bool {
        // Relaxed, all: published by the mark.
        self.on.store(on, Ordering::Relaxed);
        let note = self.note.load(Ordering::Relaxed) & !NOTED;
        self.note.store(note | reason as u32, Ordering::Relaxed);
        let rests = if reason == Reason::Time { 0 } else { RESTS };
        let bits = PARKED | rests | ((reason as u32) << REASON_AT);
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let marked = state & !(FIELD << REASON_AT) | bits;
            // AcqRel: pairs with `stir_where`.
            let exchanged = self.state.compare_exchange_weak(
                state,
                marked,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match exchanged {
                Ok(before) => return before & PARKED == 0,
                Err(now) => state = now,
            }
        }
    }

    /// Counts it as resting; if it was woken meanwhile that has counted the other way.
    #[inline]
    pub(crate) fn lie_down(&self, marked: bool) {
        if marked {
            quiet::down();
        }
    }

    /// Takes a mark back; whether the strand goes on here. A coroutine that was woken meanwhile is queued.
    pub(crate) fn unmark(&self, marked: bool) -> bool {
        if !marked {
            return true;
        }
        // AcqRel: as in `mark`.
        let before = self.state.fetch_and(!(PARKED | RESTS), Ordering::AcqRel);
        let own = before & PARKED != 0;
        if !own {
            // Whoever has woken it has counted it.
            quiet::down();
        }
        own || before & HELD != 0
    }

    /// Takes the mark of one for whom time goes on; whether it goes on here.
    pub(crate) fn unmark_time(&self) -> bool {
        // AcqRel: as in `mark`.
        self.state.fetch_and(!PARKED, Ordering::AcqRel) & PARKED != 0
    }

    /// Takes that back. It is counted before that can be seen: of two who come at once the second goes on,
    /// and may come to rest, before the first has counted.
    #[inline]
    pub(crate) fn stir(&self) {
        self.stir_where(|_| true);
    }

    /// What its state was if it was parked, and `wanted` wants that.
    #[inline]
    fn stir_where(&self, wanted: impl Fn(u32) -> bool) -> Option<u32> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if state & PARKED == 0 || !wanted(state) {
                return None;
            }
            let counts = state & RESTS != 0;
            if counts {
                quiet::up();
            }
            // AcqRel: pairs with `mark`, and publishes the count; one of several wakers counts.
            let exchanged = self.state.compare_exchange_weak(
                state,
                state & !(PARKED | RESTS),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match exchanged {
                Ok(_) => return Some(state),
                Err(now) => {
                    if counts {
                        quiet::down();
                    }
                    state = now;
                }
            }
        }
    }

    /// Makes it go on.
    #[inline]
    pub(crate) fn wake(&'static self) {
        if self.wake_where(|_| true) {
            crew::push(self);
        }
    }

    /// Makes it go on; `true` if the caller is to run or queue it.
    #[inline]
    #[must_use = "it is in no queue"]
    pub(crate) fn wake_to_run(&'static self) -> bool {
        self.wake_where(|_| true)
    }

    /// Makes it go on if it waits for time.
    pub(crate) fn wake_from_time(&'static self) {
        if self.wake_where(|state| (state >> REASON_AT) & FIELD == Reason::Time as u32) {
            crew::push(self);
        }
    }

    #[inline]
    fn wake_where(&self, wanted: impl Fn(u32) -> bool) -> bool {
        let stirred = self.stir_where(wanted);
        let state = stirred.unwrap_or_else(|| self.state.load(Ordering::Acquire));
        if state & HELD != 0 {
            self.own.wake();
            return false;
        }
        stirred.is_some()
    }

    /// Leaves the waker that `wake` calls.
    pub(crate) fn keep(&self, waker: &std::task::Waker) {
        self.own.register(waker);
    }

    /// Drops that waker.
    pub(crate) fn drop_waker(&self) {
        drop(self.own.take());
    }

    /// From now on a thread waits in it: wakes go to its waker. Whether that is new.
    pub(crate) fn hold(&self) -> bool {
        // AcqRel: pairs with those that wake.
        self.state.fetch_or(HELD, Ordering::AcqRel) & HELD == 0
    }

    /// Takes that back.
    pub(crate) fn let_go(&self, held: bool) {
        if held {
            // AcqRel: as in `hold`.
            self.state.fetch_and(!HELD, Ordering::AcqRel);
        }
    }

    /// Asks it to end.
    pub(crate) fn cancel(&'static self) {
        // AcqRel: pairs with the load in `is_cancelled`.
        if self.state.fetch_or(CANCEL, Ordering::AcqRel) & CANCEL == 0 {
            self.wake();
        }
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has(CANCEL)
    }

    /// Notes that its value was taken over by a channel or a receiver.
    pub(crate) fn sent(&self) {
        // Release: pairs with the Acquire of `take_sent`.
        self.state.fetch_or(SENT, Ordering::Release);
    }

    /// Whether its value was taken over since the last time this was asked.
    pub(crate) fn take_sent(&self) -> bool {
        self.has(SENT) && self.state.fetch_and(!SENT, Ordering::AcqRel) & SENT != 0
    }

    /// Ends its wait: nothing can.
    pub(crate) fn end_quietly(&'static self) {
        // Release: pairs with the Acquire of `take_quiet_end`.
        self.state.fetch_or(ENDED_QUIETLY, Ordering::Release);
        self.wake();
    }

    pub(crate) fn take_quiet_end(&self) -> bool {
        let bit = ENDED_QUIETLY;
        self.has(bit) && self.state.fetch_and(!bit, Ordering::AcqRel) & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena;
    use crate::strand::Kind;

    #[test]
    fn wakes_of_a_held_strand_reach_its_waker_and_no_queue() {
        let strand = arena::claim(Kind::Coroutine);
        assert!(strand.hold() && !strand.hold());
        strand.rest(Reason::Lock, 8);
        assert_eq!(strand.rests(), Some((Reason::Lock, 8)));
        assert!(!strand.wake_to_run(), "its thread goes on");
        assert_eq!(strand.rests(), None);
        strand.let_go(true);
        strand.rest(Reason::Receive, 16);
        assert!(strand.wake_to_run(), "it is to be queued");
        assert!(!strand.wake_to_run(), "once");
    }
}
