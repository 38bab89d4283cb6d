//! Which children of a blocking scope are left, and what the others left behind.
#![forbid(unsafe_code)]

use qi_sched::AbortHandle;
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Names a child within its scope.
pub(super) type ChildId = u64;

type Payload = Box<dyn Any + Send + 'static>;

/// Shared by the scope, its children, and their handles.
#[derive(Debug, Default)]
pub(super) struct Register(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: ChildId,
    /// Children whose futures or closures are not gone. Without a handle while being spawned.
    live: HashMap<ChildId, Option<AbortHandle>>,
    /// Panics of children, until somebody takes them.
    panics: BTreeMap<ChildId, Payload>,
    /// No further child may begin: the body has panicked.
    cancelled: bool,
    waiter: Option<Waker>,
}

/// Says, when it is dropped, that a child is gone. (I42)
#[derive(Debug)]
pub(super) struct Guard {
    register: Arc<Register>,
    child: ChildId,
}

impl Register {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code of the user's runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a child that is about to be spawned; `None` once the scope is cancelled.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Guard> {
        let mut inner = self.lock();
        if inner.cancelled {
            return None;
        }
        let child = inner.next;
        inner.next += 1;
        inner.live.insert(child, None);
        Some(Guard { register: self.clone(), child })
    }

    /// Notes by what a child can be cancelled, unless it is gone already.
    pub(super) fn spawned(&self, child: ChildId, abort: &AbortHandle) {
        let mut inner = self.lock();
        let cancelled = inner.cancelled;
        if let Some(place) = inner.live.get_mut(&child) {
            *place = Some(abort.clone());
        }
        drop(inner);
        if cancelled {
            // The body panicked meanwhile. An error says that the child has ended.
            let _ = abort.cancel();
        }
    }

    /// Asks all children to end, and refuses new ones.
    pub(super) fn cancel_all(&self) {
        let mut inner = self.lock();
        inner.cancelled = true;
        let aborts: Vec<AbortHandle> = inner.live.values().flatten().cloned().collect();
        drop(inner);
        for abort in aborts {
            // An error says that it has ended, or is a call that has begun: it is waited for.
            let _ = abort.cancel();
        }
    }

    /// Keeps what a child's panic left.
    pub(super) fn panicked(&self, child: ChildId, payload: Payload) {
        self.lock().panics.insert(child, payload);
    }

    /// What a child's panic left, if nobody has taken it.
    pub(super) fn take_panic(&self, child: ChildId) -> Option<Payload> {
        self.lock().panics.remove(&child)
    }

    /// What is left of the panics: that of the child spawned first counts.
    pub(super) fn take_first_panic(&self) -> Option<Payload> {
        let panics = std::mem::take(&mut self.lock().panics);
        panics.into_values().next()
    }

    /// Whether no child is left.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().live.is_empty()
    }

    /// Waits until no child is left.
    pub(super) fn poll_empty(&self, cx: &Context<'_>) -> Poll<()> {
        let mut waker = Some(cx.waker().clone());
        let mut inner = self.lock();
        if inner.live.is_empty() {
            return Poll::Ready(());
        }
        std::mem::swap(&mut inner.waiter, &mut waker);
        drop(inner);
        Poll::Pending
    }
}

impl Guard {
    pub(super) fn child(&self) -> ChildId {
        self.child
    }

    pub(super) fn register(&self) -> &Arc<Register> {
        &self.register
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut inner = self.register.lock();
        let abort = inner.live.remove(&self.child);
        let waiter = if inner.live.is_empty() { inner.waiter.take() } else { None };
        drop(inner);
        drop(abort);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}
