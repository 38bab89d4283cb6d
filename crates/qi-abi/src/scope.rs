//! Scopes: tasks that somebody waits for together, and that are cancelled together.
//!
//! # States
//! *open* (children may be spawned) → *closing* (somebody waits; children may still spawn siblings) →
//! *closed* (no child is left, and none can come any more).
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qi_runtime::AbortHandle;
use qi_runtime::sync::Notify;

use crate::code::Code;

/// The first child that fails has the others cancelled.
pub const QI_SCOPE_FAIL_FAST: u32 = 1;

#[derive(Default)]
struct State {
    /// Those that have not ended; without a handle while they are being spawned.
    children: HashMap<u64, Option<AbortHandle>>,
    next: u64,
    is_cancelled: bool,
    is_closed: bool,
    /// The first error that a child ended with.
    failure: Option<Code>,
}

struct Shared {
    state: Mutex<State>,
    /// Told when the last child has ended.
    empty: Notify,
    fails_fast: bool,
}

/// A scope behind a handle. Dropped, it cancels the children that are left.
pub(crate) struct Scope(Arc<Shared>);

/// A child's membership: dropped with the child, it ends.
pub(crate) struct Child {
    scope: Arc<Shared>,
    number: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self) {
        let handles: Vec<AbortHandle> = {
            let mut state = self.state();
            state.is_cancelled = true;
            state.children.values().flatten().cloned().collect()
        };
        // Those that have ended meanwhile say so, which does not matter.
        for handle in &handles {
            let _ = handle.cancel();
        }
    }
}

impl Scope {
    pub(crate) fn new(flags: u32) -> Result<Self, Code> {
        if flags & !QI_SCOPE_FAIL_FAST != 0 {
            return Err(Code::ERR_INVALID);
        }
        let fails_fast = flags & QI_SCOPE_FAIL_FAST != 0;
        let (state, empty) = (Mutex::default(), Notify::new());
        Ok(Self(Arc::new(Shared { state, empty, fails_fast })))
    }

    /// A child is about to be spawned.
    ///
    /// # Errors
    /// [`Code::ERR_CLOSED`] after the scope was closed.
    pub(crate) fn admit(&self) -> Result<Child, Code> {
        let mut state = self.0.state();
        if state.is_closed {
            return Err(Code::ERR_CLOSED);
        }
        let number = state.next;
        state.next += 1;
        state.children.insert(number, None);
        Ok(Child { scope: Arc::clone(&self.0), number })
    }

    /// Asks for the children to be cancelled, and for all that come.
    pub(crate) fn cancel(&self) {
        self.0.cancel();
    }

    /// Waits until no child is left, and closes the scope.
    ///
    /// # Errors
    /// What the first child failed with; [`Code::ERR_CANCELLED`] if the scope was cancelled, and
    /// none failed.
    pub(crate) async fn close(&self) -> Result<Code, Code> {
        loop {
            let empty = self.0.empty.notified();
            let mut empty = std::pin::pin!(empty);
            empty.as_mut().enable();
            {
                let mut state = self.0.state();
                if state.children.is_empty() {
                    state.is_closed = true;
                    let otherwise =
                        if state.is_cancelled { Some(Code::ERR_CANCELLED) } else { None };
                    return state.failure.or(otherwise).map_or(Ok(Code::OK), Err);
                }
            }
            empty.await;
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Child {
    /// How the child is reached by the scope, told by whoever spawned it.
    pub(crate) fn tell(scope: &Scope, number: u64, handle: AbortHandle) {
        let mut state = scope.0.state();
        let is_late = state.is_cancelled;
        match state.children.get_mut(&number) {
            Some(place) => *place = Some(handle.clone()),
            // It has ended already.
            None => return,
        }
        drop(state);
        if is_late {
            let _ = handle.cancel();
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The child has ended with this code.
    pub(crate) fn note(&self, code: Code) {
        // One that was cancelled has not failed.
        if code.0 >= 0 || code == Code::ERR_CANCELLED {
            return;
        }
        self.scope.state().failure.get_or_insert(code);
        if self.scope.fails_fast {
            self.scope.cancel();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let is_last = {
            let mut state = self.scope.state();
            state.children.remove(&self.number);
            state.children.is_empty()
        };
        if is_last {
            self.scope.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn look<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn scope_is_closed_when_the_last_child_has_ended_and_not_before() {
        let scope = Scope::new(0).unwrap();
        let (first, second) = (scope.admit().unwrap(), scope.admit().unwrap());
        let mut close = pin!(scope.close());
        assert!(look(close.as_mut()).is_pending());
        drop(first);
        let third = scope.admit().unwrap();
        drop(second);
        assert!(look(close.as_mut()).is_pending());
        third.note(Code(-77));
        drop(third);
        assert_eq!(look(close.as_mut()), Poll::Ready(Err(Code(-77))));
        assert_eq!(scope.admit().err(), Some(Code::ERR_CLOSED));
    }

    #[test]
    fn cancelled_scope_says_so_unless_a_child_failed() {
        let scope = Scope::new(QI_SCOPE_FAIL_FAST).unwrap();
        let child = scope.admit().unwrap();
        child.note(Code::ERR_CANCELLED);
        scope.cancel();
        drop(child);
        assert_eq!(look(pin!(scope.close())), Poll::Ready(Err(Code::ERR_CANCELLED)));
        assert!(Scope::new(1 << 31).is_err());
    }
}
