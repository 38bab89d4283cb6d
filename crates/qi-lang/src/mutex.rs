//! Locks of the language: whoever locks may be another strand, or thread, than whoever unlocks.
//!
//! The lock is handed to the one who has waited longest. It does not belong to a task, so it lends no
//! urgency.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::ffi::CString;
use std::ptr;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

use crate::strand::{Reason, Strand};
use crate::wait::{self, Quiet};
use crate::{here, report};

/// See the file.
#[derive(Default)]
pub(crate) struct Mutex {
    state: StdMutex<State>,
}

#[derive(Default)]
struct State {
    locked: bool,
    waiting: VecDeque<&'static Strand>,
}

impl Mutex {
    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks it; whether it was free.
    pub(crate) fn try_lock(&self) -> bool {
        !std::mem::replace(&mut self.lock_state().locked, true)
    }

    /// Locks it, waiting for that.
    ///
    /// # Errors
    /// What is to be thrown, if nobody is left to unlock it.
    pub(crate) fn lock(&self) -> Result<(), CString> {
        let key = ptr::from_ref(self) as usize;
        let outcome = wait::until(|strand| {
            let mut state = self.lock_state();
            // Handed over: `unlock` has noted it and left the lock locked.
            if strand.take_sent() || !std::mem::replace(&mut state.locked, true) {
                return Some(());
            }
            strand.rest(Reason::Lock, key);
            if !state.waiting.iter().any(|one| ptr::eq(*one, strand)) {
                state.waiting.push_back(strand);
            }
            None
        });
        if outcome == Err(Quiet) {
            let strand = here::strand();
            let mut state = self.lock_state();
            state.waiting.retain(|one| !ptr::eq(*one, strand));
            // An unlock may have come between.
            if !strand.take_sent() {
                drop(state);
                return Err(report::say_deadlock(Reason::Lock, key));
            }
        }
        Ok(())
    }

    /// Unlocks it, or hands it on; whether it was locked.
    pub(crate) fn unlock(&self) -> bool {
        let mut state = self.lock_state();
        if !state.locked {
            return false;
        }
        let next = state.waiting.pop_front();
        match next {
            Some(strand) => strand.sent(),
            None => state.locked = false,
        }
        drop(state);
        if let Some(strand) = next {
            strand.wake();
        }
        true
    }
}
