//! Asks workers that sleep for the free blocks they keep at hand, when those keep much memory, and for
//! the stacks that the layer above keeps on their seats.
//!
//! One free block in a magazine keeps its whole chunk. After a burst the blocks that a worker keeps
//! lie scattered, so that each worker can keep up to 64 chunks of a size: 4 MiB. Nobody but the
//! worker may touch its magazine, and it sleeps.
//!
//! # Protocol
//! At the end of an idle phase's first stage the monitor marks seats and unparks their workers: those
//! that keep stacks, since a stack may keep megabytes; and all of them, if at least [`WORTH`] chunks are
//! kept by nothing that lives. Each empties its magazine, and drops the stacks, as it wakes up and sleeps
//! again. The next stage trims. What is left then is kept by something else, for instance by handles of
//! ended tasks, and is not asked for again. A seat without stacks gets some only by work, so a runtime
//! that stays idle is asked once.
//!
//! Workers are asked before the pool is trimmed, not after: to learn which chunks are empty, a trim
//! looks at every free block, unless all of them are home, and after a burst there are millions.
//!
//! # Rejected
//! * Emptying the magazine before each sleep: a worker sleeps and wakes 100,000 times a second in
//!   a program that passes a message to and fro, and would take the depot's lock each time.
//! * A first sleep with a limit, and emptying when it passes: a timer to set before each sleep.
//! * Magazines that the monitor may empty while their worker sleeps: an exchange of a state word
//!   at each sleep and each waking, to save a wake-up after a burst of ten thousand tasks.
//! * Stacks asked for after a thousand uses only: thirty-two deep ones, used once, kept 64 MiB.
#![forbid(unsafe_code)]

use crate::scheduler::Shared;
use std::sync::atomic::Ordering::Relaxed;

/// So many chunks, a megabyte, are worth a wake-up of each worker.
const WORTH: usize = 16;

/// What has been asked for.
#[derive(Debug, Default)]
pub(super) struct Recall {
    /// Whether all workers were asked, for their blocks.
    asked_all: bool,
    /// Chunks that stayed although they were asked for.
    held: usize,
}

impl Recall {
    /// To be called when all workers have slept for a while, before trimming. `true`: some were
    /// woken, or have not answered yet, and the pool is to be trimmed when they sleep again.
    pub(super) fn ask(&mut self, shared: &Shared) -> bool {
        let seats = &shared.seats[..shared.config.worker_threads];
        // Unparked, and not on a processor yet. Relaxed: its blocks travel by the depot's lock.
        if seats.iter().any(|seat| seat.recalled.load(Relaxed)) {
            return true;
        }
        let all = !self.asked_all && kept(shared) >= self.held + WORTH;
        self.asked_all |= all;
        let mut asked = false;
        for (number, seat) in seats.iter().enumerate() {
            // Whoever was asked may have worked since. Relaxed: its worker sleeps.
            if all || seat.has_store.load(Relaxed) {
                // Relaxed: the unpark carries it.
                seat.recalled.store(true, Relaxed);
                shared.unpark(number);
                asked = true;
            }
        }
        asked
    }

    /// The pool has been trimmed after [`ask`](Self::ask) said no.
    pub(super) fn trimmed(&mut self, shared: &Shared) {
        let kept = kept(shared);
        self.held = if std::mem::take(&mut self.asked_all) { kept } else { self.held.min(kept) };
    }
}

/// Chunks that no live task keeps: each keeps one at most.
fn kept(shared: &Shared) -> usize {
    let live = usize::try_from(shared.live_count()).unwrap_or(usize::MAX);
    shared.pool.chunk_count().saturating_sub(live)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{Scheduler, Stepper, TaskHandle};

    /// Chunks that only the handles of ended tasks keep: somebody else's memory.
    struct Kept {
        stepper: Stepper,
        handles: Vec<TaskHandle<[u8; 16_000]>>,
    }

    impl Kept {
        fn grow_to(&mut self, chunks: usize) {
            while self.stepper.handle().shared().pool.chunk_count() < chunks {
                let handle = self.stepper.handle().spawn(async { [1; 16_000] });
                while !handle.is_finished() {
                    self.stepper.step(0);
                }
                self.handles.push(handle);
            }
        }

        fn ask(&self, recall: &mut Recall) -> bool {
            let shared = self.stepper.handle().shared();
            let asked = recall.ask(shared);
            if !asked {
                shared.pool.trim();
                recall.trimmed(shared);
            }
            asked
        }

        /// Whether both workers were to empty their magazines; as if they had.
        fn answer(&self) -> bool {
            let seats = &self.stepper.handle().shared().seats[..2];
            seats.iter().all(|seat| seat.recalled.swap(false, Relaxed))
        }
    }

    #[test]
    fn workers_are_asked_once_for_what_others_keep() {
        let stepper = Scheduler::builder().worker_threads(2).build_stepper().unwrap();
        let (mut recall, mut kept) = (Recall::default(), Kept { stepper, handles: Vec::new() });
        kept.grow_to(WORTH - 1);
        assert!(!kept.ask(&mut recall), "too little");
        kept.grow_to(WORTH);
        assert!(kept.ask(&mut recall));
        assert!(kept.ask(&mut recall), "they have not answered yet");
        assert!(kept.answer());
        assert!(!kept.ask(&mut recall), "what stayed is not asked for again");
        kept.grow_to(2 * WORTH - 1);
        assert!(!kept.ask(&mut recall));
        kept.grow_to(2 * WORTH);
        assert!(kept.ask(&mut recall), "as much again is new");
        assert!(kept.answer());
    }

    #[test]
    fn a_worker_that_keeps_stacks_is_asked_for_them_alone() {
        let stepper = Scheduler::builder().worker_threads(2).build_stepper().unwrap();
        let (mut recall, kept) = (Recall::default(), Kept { stepper, handles: Vec::new() });
        assert!(!kept.ask(&mut recall));
        let seats = &kept.stepper.handle().shared().seats;
        seats[1].has_store.store(true, Relaxed);
        assert!(kept.ask(&mut recall));
        assert!(kept.ask(&mut recall), "it has not answered yet");
        assert!(!seats[0].recalled.load(Relaxed), "this one has nothing");
        assert!(seats[1].recalled.swap(false, Relaxed));
        assert!(kept.ask(&mut recall), "it has worked since, and has some again");
        assert!(seats[1].recalled.swap(false, Relaxed));
        seats[1].has_store.store(false, Relaxed);
        assert!(!kept.ask(&mut recall), "there is nothing more to ask for");
        assert!(!kept.ask(&mut recall));
    }
}
