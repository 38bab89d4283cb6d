//! The worker threads as a set: how many there are, and which are spare.
#![forbid(unsafe_code)]

use crate::worker::{Spare, ThreadSlot};
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Threads of one scheduler.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    running: AtomicUsize,
    /// How many sit on the configured workers' seats, whoever they are.
    residents: AtomicUsize,
    /// Those without a seat.
    pub(crate) spare: Spare<ThreadSlot>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    fn handles(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut handles = self.handles();
        handles.retain(|handle| !handle.is_finished());
        handles.push(handle);
    }

    /// All handles kept.
    pub(crate) fn take_handles(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.handles())
    }
}
