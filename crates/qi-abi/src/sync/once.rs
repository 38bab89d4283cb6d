//! Something that is done once: whoever comes first does it, the others wait.
#![forbid(unsafe_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use qi_runtime::sync::Notify;

use super::Holder;
use crate::code::Code;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    NotDone,
    Doing(Holder),
    Done,
}

/// A thing behind a handle that is done once.
pub(crate) struct Once {
    state: Mutex<State>,
    /// Told when an attempt has ended.
    ended: Box<Notify>,
}

/// What a caller has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is the caller's turn to do it, and to say [`Once::end`] afterwards.
    Mine,
    /// It was done.
    Over,
}

impl Once {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::NotDone), ended: Box::new(Notify::new()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it was done, or it is the caller's turn to do it.
    ///
    /// # Errors
    /// [`Code::ERR_DEADLOCK`] if the caller is doing it.
    pub(crate) async fn begin(&self) -> Result<Turn, Code> {
        loop {
            let ended = self.ended.notified();
            let mut ended = std::pin::pin!(ended);
            ended.as_mut().enable();
            {
                let mut state = self.state();
                let me = Holder::here();
                match *state {
                    State::Done => return Ok(Turn::Over),
                    State::Doing(other) if other == me => return Err(Code::ERR_DEADLOCK),
                    State::Doing(_) => {}
                    State::NotDone => {
                        *state = State::Doing(me);
                        return Ok(Turn::Mine);
                    }
                }
            }
            ended.await;
        }
    }

    /// The caller, whose turn it was, has done it, or failed.
    pub(crate) fn end(&self, is_done: bool) {
        *self.state() = if is_done { State::Done } else { State::NotDone };
        self.ended.notify_waiters();
    }

    pub(crate) fn is_done(&self) -> bool {
        *self.state() == State::Done
    }
}
