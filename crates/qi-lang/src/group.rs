//! Wait groups: a count, and who waits until it is zero.
#![forbid(unsafe_code)]

use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::strand::{Reason, Strand};
use crate::wait::{self, Quiet};
use crate::{here, report};

/// See the file.
#[derive(Default)]
pub(crate) struct Group {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    count: i64,
    waiting: Vec<&'static Strand>,
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the count, which may be negative.
    pub(crate) fn add(&self, more: i64) {
        let mut state = self.lock();
        state.count += more;
        let over = state.count <= 0;
        let waiting = if over { std::mem::take(&mut state.waiting) } else { Vec::new() };
        drop(state);
        waiting.into_iter().for_each(Strand::wake);
    }

    /// Waits until the count is not positive.
    ///
    /// # Errors
    /// What is to be thrown, if nobody is left to count down.
    pub(crate) fn wait(&self) -> Result<(), std::ffi::CString> {
        let key = ptr::from_ref(self) as usize;
        let outcome = wait::until(|strand| {
            let mut state = self.lock();
            if state.count <= 0 {
                return Some(());
            }
            strand.rest(Reason::Group, key);
            if !state.waiting.iter().any(|one| ptr::eq(*one, strand)) {
                state.waiting.push(strand);
            }
            None
        });
        if outcome == Err(Quiet) {
            self.lock().waiting.retain(|one| !ptr::eq(*one, here::strand()));
            return Err(report::say_deadlock(Reason::Group, key));
        }
        Ok(())
    }
}
