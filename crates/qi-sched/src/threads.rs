//! The worker threads as a set: how many there are, and which are spare.
#![forbid(unsafe_code)]

use crate::worker::{Core, ThreadSlot};
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Threads of one scheduler.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    running: AtomicUsize,
    /// How many sit on the configured workers' seats, whoever they are.
    residents: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    spare: Vec<Arc<ThreadSlot>>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how many threads the workers' seats take.
    pub(crate) fn set_residents(&self, count: usize) {
        // Relaxed: said before the end can begin.
        self.residents.store(count, Relaxed);
    }

    /// Whether no thread is left but those on the workers' seats: none that runs a blocking call,
    /// or blocks inside a task.
    pub(crate) fn only_residents(&self) -> bool {
        // Relaxed: see above.
        self.running() <= self.residents.load(Relaxed)
    }

    pub(crate) fn began(&self) {
        // AcqRel: a release sequence with `ended`, whose last call sees all that others did.
        self.running.fetch_add(1, AcqRel);
    }

    pub(crate) fn never_began(&self) {
        self.running.fetch_sub(1, AcqRel);
    }

    /// `true` for the last thread of all.
    pub(crate) fn ended(&self) -> bool {
        // AcqRel: the last one sees everything the others did before they ended.
        self.running.fetch_sub(1, AcqRel) == 1
    }

    pub(crate) fn running(&self) -> usize {
        // Acquire: pairs with `ended`.
        self.running.load(Acquire)
    }

    /// Keeps a thread's handle for the shutdown to join; finished ones are let go.
    pub(crate) fn keep(&self, handle: JoinHandle<()>) {
        let mut inner = self.lock();
        inner.handles.retain(|handle| !handle.is_finished());
        inner.handles.push(handle);
    }

    /// All handles kept.
    pub(crate) fn take_handles(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.lock().handles)
    }

    /// Puts a thread without a seat on the list of the spare.
    pub(crate) fn offer_self(&self, slot: &Arc<ThreadSlot>) {
        self.lock().spare.push(slot.clone());
    }

    /// Takes a thread off the list; `false` if somebody has taken it off to give it a seat.
    pub(crate) fn withdraw(&self, slot: &Arc<ThreadSlot>) -> bool {
        let mut inner = self.lock();
        let before = inner.spare.len();
        inner.spare.retain(|other| !Arc::ptr_eq(other, slot));
        inner.spare.len() < before
    }

    /// Offers a seat to a spare thread, which the caller then unparks; without one the core comes
    /// back. The offer is made under the lock: a thread that finds itself off the list has it.
    pub(crate) fn offer_seat(&self, core: Box<Core>) -> Result<Arc<ThreadSlot>, Box<Core>> {
        let mut inner = self.lock();
        let Some(slot) = inner.spare.pop() else { return Err(core) };
        slot.put_offer(core);
        Ok(slot)
    }

    /// All spare threads, to be woken at shutdown.
    pub(crate) fn spare(&self) -> Vec<Arc<ThreadSlot>> {
        self.lock().spare.clone()
    }
}
