//! Blocks of worker threads, and those that could return but lie under another on the same stack.
//!
//! A worker that blocks runs the tasks pinned to it meanwhile, and one of these may block in turn:
//! then the outer block cannot return before the inner one. If it is woken all the same and stays
//! covered for longer than `stall_threshold`, the monitor counts it and names both tasks.
//!
//! # Protocol
//! A block that is woken says so, then looks whether it is covered; who covers it says so, then
//! looks whether it was woken: with a `SeqCst` fence in between on both sides, one sees the other,
//! and hands the block to the monitor. (I28)
#![forbid(unsafe_code)]

use super::shared::Shared;
use crate::task::TaskRef;
use crate::worker::counters::Counter;
use crate::worker::{Context, ThreadSlot};
use std::cell::RefCell;
use std::sync::atomic::{
    AtomicBool, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst, fence,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Instant;

/// The blocks of one thread that wait, the innermost last.
#[derive(Default)]
pub(crate) struct Blocks(RefCell<Vec<Arc<Block>>>);

impl Blocks {
    pub(super) fn push(&self, block: Arc<Block>) {
        self.0.borrow_mut().push(block);
    }

    pub(super) fn pop(&self) {
        let block = self.0.borrow_mut().pop();
        drop(block);
    }

    pub(super) fn last(&self) -> Option<Arc<Block>> {
        self.0.borrow().last().cloned()
    }
}

/// A worker thread inside `block_on`; as a waker, it makes the thread look at its future.
pub(crate) struct Block {
    woken: AtomicBool,
    covered: AtomicBool,
    slot: Arc<ThreadSlot>,
    shared: Arc<Shared>,
    report: Mutex<Report>,
}

/// What a report of a covered block says.
#[derive(Default)]
struct Report {
    /// The task that called `block_on`.
    blocked: Option<TaskRef>,
    /// The task whose block lies on top.
    above: Option<TaskRef>,
    ready_since: Option<Instant>,
}

impl Block {
    /// A block of the task that the worker runs, to be polled at once.
    pub(super) fn new(worker: &Context, slot: &Arc<ThreadSlot>) -> Arc<Self> {
        let blocked = worker.current_task().map(TaskRef::to);
        Arc::new(Self {
            woken: AtomicBool::new(true),
            covered: AtomicBool::new(false),
            slot: slot.clone(),
            shared: worker.shared.clone(),
            report: Mutex::new(Report { blocked, ..Report::default() }),
        })
    }

    /// Whether the future is to be polled.
    pub(super) fn take_wake(&self) -> bool {
        // Acquire: pairs with the waker's release.
        self.woken.swap(false, Acquire)
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another block of the thread begins on top of this one. `false` if there was one already.
    pub(super) fn cover(self: &Arc<Self>, above: &Self) -> bool {
        // Relaxed: only the thread itself changes it; the fence orders it for wakers.
        if self.covered.load(Relaxed) {
            return false;
        }
        let above = above.report().blocked.clone();
        self.report().above = above;
        self.covered.store(true, Relaxed);
        fence(SeqCst);
        if self.woken.load(Relaxed) {
            self.watch();
        }
        true
    }

    /// The block on top has returned.
    pub(super) fn uncover(&self) {
        self.covered.store(false, Relaxed);
        let mut report = self.report();
        let above = report.above.take();
        let watched = report.ready_since.take().is_some();
        drop(report);
        drop(above);
        if watched {
            self.shared.covered.lock().retain(|block| !std::ptr::eq(&**block, self));
        }
    }

    /// The block is over. Its waker may be kept for ever, and should keep no task.
    pub(super) fn end(&self) {
        let report = std::mem::take(&mut *self.report());
        drop(report);
    }

    /// Hands a block that is woken and covered to the monitor.
    #[cold]
    fn watch(self: &Arc<Self>) {
        let mut report = self.report();
        if report.above.is_none() || report.ready_since.is_some() {
            return;
        }
        report.ready_since = Some(self.shared.clock.now());
        self.shared.covered.lock().push(self.clone());
        drop(report);
        self.shared.monitor.call(&self.shared);
    }
}

impl Wake for Block {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the acquire in `take_wake`.
        self.woken.store(true, Release);
        self.slot.unpark(&self.shared);
        fence(SeqCst);
        // Relaxed: the fence orders it, see "Protocol".
        if self.covered.load(Relaxed) {
            self.watch();
        }
    }
}

/// The blocks that were woken while they were covered, and have not been reported.
#[derive(Default)]
pub(crate) struct Covered {
    ready: Mutex<Vec<Arc<Block>>>,
    /// Blocks reported.
    pub(crate) reports: Counter,
}

impl Covered {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Block>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is nothing to watch.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Reports those that have been ready for too long. Called by the monitor.
    pub(crate) fn inspect(&self, shared: &Shared) {
        let now = shared.clock.now();
        let ready = self.lock().clone();
        for block in ready {
            let report = block.report();
            let Some(since) = report.ready_since else { continue };
            let lasting = now.saturating_duration_since(since);
            if lasting < shared.config.stall_threshold {
                continue;
            }
            let (blocked, above) = (report.blocked.clone(), report.above.clone());
            drop(report);
            self.lock().retain(|other| !Arc::ptr_eq(other, &block));
            self.reports.add_shared(1);
            let name = |task: Option<TaskRef>| {
                task.map_or_else(|| "a block_on".to_owned(), |task| Shared::describe(&task))
            };
            tracing::warn!(
                task = %name(blocked),
                covered_by = %name(above),
                lasting_ms = lasting.as_millis(),
                "a block_on that could return lies under another on the same thread"
            );
        }
    }
}
