//! The shared state of one registered source: what it is ready for, and who waits for it.
//!
//! # Protocol
//!
//! An event first goes into the readiness word, then the waiters' lock is taken to collect the
//! wakers. A waiter first looks at the word; finding nothing it takes the lock, looks *again*, and
//! adds itself. If its lock came first the event finds it in the list; if the event's lock came first
//! the second look finds the event. The second look is what no wake-up is lost by. (I18)

use std::io;
use std::task::{Context, Poll, Waker};

use crate::ReactorError;
use crate::readiness::{Readiness, ReadyEvent, ReadyWord};
use crate::sync::{Mutex, lock};
use crate::waiters::{Direction, WaiterKey, Waiters};

/// State of one source, shared by its registration and the source table.
#[derive(Debug)]
pub(crate) struct IoCell {
    ready: ReadyWord,
    waiters: Mutex<Waiters>,
}

impl IoCell {
    /// A cell of a source that is assumed to be ready for what it is registered for, so that its
    /// first operations are tried at once.
    pub(crate) fn new(assumed: Readiness) -> Self {
        Self { ready: ReadyWord::new(assumed), waiters: Mutex::new(Waiters::new()) }
    }

    pub(crate) fn readiness(&self) -> Readiness {
        self.ready.get()
    }

    pub(crate) fn clear(&self, event: ReadyEvent) {
        self.ready.clear(event);
    }

    pub(crate) fn clear_transient(&self, event: ReadyEvent) {
        self.ready.clear_transient(event);
    }

    /// What is ready of `wanted`, without waiting.
    pub(crate) fn event(&self, wanted: Readiness) -> Option<io::Result<ReadyEvent>> {
        self.ready.event(wanted).map(refuse_shut)
    }

    /// Waits as a poller.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<ReadyEvent>> {
        if let Some(event) = self.event(direction.wanted()) {
            return Poll::Ready(event);
        }
        let waker = cx.waker().clone();
        let mut waiters = lock(&self.waiters);
        #[cfg(not(qi_mutant = "waiter_skips_second_look"))]
        if let Some(event) = self.event(direction.wanted()) {
            drop(waiters);
            return Poll::Ready(event);
        }
        let spare = waiters.add_poller(direction, waker);
        drop(waiters);
        spare.settle();
        Poll::Pending
    }

    /// Waits as a future that keeps its place in `key`.
    pub(crate) fn poll_keyed(
        &self,
        cx: &mut Context<'_>,
        wanted: Readiness,
        key: &mut Option<WaiterKey>,
    ) -> Poll<io::Result<ReadyEvent>> {
        if let Some(event) = self.event(wanted) {
            return Poll::Ready(event);
        }
        let waker = cx.waker().clone();
        let mut waiters = lock(&self.waiters);
        if let Some(event) = self.event(wanted) {
            drop(waiters);
            return Poll::Ready(event);
        }
        let (place, spare) = waiters.add_keyed(*key, wanted, waker);
        drop(waiters);
        *key = Some(place);
        spare.settle();
        Poll::Pending
    }

    /// Gives up the place of [`poll_keyed`](Self::poll_keyed).
    pub(crate) fn leave(&self, key: WaiterKey) {
        let spare = lock(&self.waiters).remove(key);
        spare.settle();
    }

    /// Notes an event and collects whom it concerns.
    pub(crate) fn announce(&self, ready: Readiness, woken: &mut Vec<Waker>) {
        self.ready.set(ready);
        lock(&self.waiters).take(ready, woken);
    }
}

/// Turns "the reactor was closed" into the error it is.
fn refuse_shut(event: ReadyEvent) -> io::Result<ReadyEvent> {
    if event.readiness().contains(Readiness::SHUT) {
        return Err(ReactorError::Closed.into());
    }
    Ok(event)
}
