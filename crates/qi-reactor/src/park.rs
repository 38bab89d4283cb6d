//! The word that decides whether a thread may block, and whether an unpark costs a system call.
//!
//! # States
//!
//! | state | meaning | set by |
//! |---|---|---|
//! | `AWAKE` | nobody blocks, nothing is pending | the parker, when it returns |
//! | `BLOCKING` | a thread is blocked in the event queue, or about to be | the parker, before it blocks |
//! | `NOTICED` | an unpark arrived that no parker has answered yet | any thread that unparks |
//!
//! # Protocol
//!
//! A parker holds the lock of its shard's event queue from before [`ParkWord::announce`] until
//! after [`ParkWord::retire`], so there is at most one, and nobody else collects events between.
//!
//! 1. `announce` goes from `AWAKE` to `BLOCKING`. If it finds `NOTICED` instead it takes the notice
//!    (back to `AWAKE`) and the thread returns without blocking: unpark is sticky.
//! 2. The parker blocks in the event queue.
//! 3. `retire` goes to `AWAKE`, whatever was there; a notice is thereby answered, because the thread
//!    returns to its caller.
//!
//! [`ParkWord::unpark`] goes to `NOTICED` and says whether it replaced `BLOCKING`; only then its
//! caller must *kick* the event queue (write the eventfd). Unparks of a thread that is awake, and
//! all but the first of many, are one atomic swap.
//!
//! The race: an unpark replaces `BLOCKING`, and before its kick lands the parker returns for
//! another reason, answers the notice and perhaps blocks again. The late kick then ends that next
//! wait: an early return, which callers of park must expect. The reverse, a thread that blocks
//! although somebody unparked it, cannot be: the swap to `NOTICED` comes either before `announce`,
//! which then refuses, or after it, and then it sees `BLOCKING` and kicks. (I14) A kick is an event
//! that stays in the queue until it is collected, so it does not matter whether the parker has
//! entered the queue yet. Nor can somebody else collect a kick that a blocked parker needs, since
//! that parker holds the queue's lock: what a bystander collects was meant for a parker that has
//! already returned.
//!
//! # Memory ordering
//!
//! What a thread wrote before `unpark` is visible to the parker after `announce` or `retire` took
//! the notice: the swap in `unpark` releases, and both takers acquire. Every unpark is a
//! read-modify-write, also one that finds `NOTICED` already, so that it continues the release
//! sequence of the earlier ones and a single take acquires from all of them; a cheap "is it noticed
//! already" load would break exactly this.
//!
//! # Rejected alternatives
//!
//! Always writing the eventfd (mio coalesces nothing): about 350 ns an unpark instead of 6, most of
//! them for threads that are awake. A condition variable beside the event queue, for threads without
//! sources: two places to block in, and a source registered meanwhile would go unobserved.

use crate::sync::{AtomicU32, Ordering};

const AWAKE: u32 = 0;
const BLOCKING: u32 = 1;
const NOTICED: u32 = 2;

/// Park state of one shard.
#[derive(Debug)]
pub(crate) struct ParkWord {
    state: AtomicU32,
}

impl ParkWord {
    pub(crate) fn new() -> Self {
        Self { state: AtomicU32::new(AWAKE) }
    }

    /// Announces that the caller is about to block. `false`: a notice was pending and has been
    /// taken, the caller must return instead.
    #[must_use]
    pub(crate) fn announce(&self) -> bool {
        #[cfg(not(qi_mutant = "park_forgets_notice"))]
        {
            // Acquire on failure pairs with the release in `unpark`. Relaxed on success: the state
            // it replaces is the parker's own, nothing was published with it.
            let announced =
                self.state.compare_exchange(AWAKE, BLOCKING, Ordering::Relaxed, Ordering::Acquire);
            if announced == Err(NOTICED) {
                // A swap, not a store: an unpark between the two must be acquired from as well.
                self.state.swap(AWAKE, Ordering::Acquire);
                return false;
            }
        }
        #[cfg(qi_mutant = "park_forgets_notice")]
        self.state.swap(BLOCKING, Ordering::Acquire);
        true
    }

    /// Ends what [`announce`](Self::announce) began.
    pub(crate) fn retire(&self) {
        // Acquire pairs with the release in `unpark`.
        self.state.swap(AWAKE, Ordering::Acquire);
    }

    /// Whether a thread is blocked, or about to be, and nobody has woken it.
    pub(crate) fn is_blocking(&self) -> bool {
        // Acquire: pairs with nothing that is written before; it keeps later looks from coming first.
        self.state.load(Ordering::Acquire) == BLOCKING
    }

    /// Leaves a notice for the parker. `true`: one is blocking, the caller must kick its queue.
    #[must_use]
    pub(crate) fn unpark(&self) -> bool {
        // Release pairs with the acquires in `announce` and `retire`.
        self.state.swap(NOTICED, Ordering::Release) == BLOCKING
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_unpark_before_the_park_is_kept() {
        let word = ParkWord::new();
        assert!(!word.unpark(), "nobody blocks, no kick");
        assert!(!word.unpark(), "notices coalesce");
        assert!(!word.announce(), "the notice is taken");
        assert!(word.announce(), "and only once");
    }

    #[test]
    fn only_the_first_unpark_of_a_blocked_thread_kicks() {
        let word = ParkWord::new();
        assert!(word.announce());
        assert!(word.unpark());
        assert!(!word.unpark());
        word.retire();
        assert!(word.announce(), "the return answered the notice");
    }
}
