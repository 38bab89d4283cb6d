//! How a run ends: by itself, or because it is stopped.
//!
//! # Protocol
//! Stopping sets the reason, closes the queue, and wakes the runners whose nodes are suspended.
//! Each of them drops its node's future and ends. The run has ended when the last of its tasks and
//! blocking calls is gone ([`Live`](super::Live)); only then is that told (I48).

use super::record::{Content, NodeStatus};
use super::settle::drop_guarded;
use super::{Shared, lock};
use crate::draw::Bar;
use crate::event::Step;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::Waker;

/// Why a run ended before its nodes had.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// use qi_graph::{Graph, Options, StopReason};
/// let mut graph = Graph::new();
/// graph.node("for ever").run(async |()| Ok(std::future::pending::<()>().await));
/// let run = graph.start_on(runtime.handle(), Options::new())?;
/// run.canceller().cancel();
/// let report = runtime.block_on(run);
/// assert_eq!(report.stop_reason(), Some(StopReason::Cancelled));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// A node failed, and the run was to stop then.
    Failure,
    /// It was cancelled, or dropped.
    Cancelled,
    /// Its deadline passed.
    Deadline,
    /// The runtime was shut down.
    ShutDown,
}

impl StopReason {
    const ALL: [Self; 4] = [Self::Failure, Self::Cancelled, Self::Deadline, Self::ShutDown];
}

/// Whether the run has ended, and who waits for that.
#[derive(Debug, Default)]
pub(crate) struct End {
    ended: bool,
    waiter: Option<Waker>,
}

impl Shared {
    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        // Pairs with the exchange in `stop`; who was woken by it must see it.
        self.stopped.load(Acquire) != 0
    }

    /// Why it stopped, if it did.
    pub(crate) fn stop_reason(&self) -> Option<StopReason> {
        let number = usize::from(self.stopped.load(Acquire));
        StopReason::ALL.get(number.checked_sub(1)?).copied()
    }

    /// Stops the run; the first reason counts.
    pub(crate) fn stop(&self, reason: StopReason) {
        let number = 1 + reason as u8;
        // Pairs with the loads above. If another reason was first, its owner does the rest.
        if self.stopped.compare_exchange(0, number, AcqRel, Relaxed).is_err() {
            return;
        }
        lock(&self.queue).close();
        self.places.forget(self);
        self.sleepers.wake_all();
    }

    /// All is gone: what did not end is cancelled, and whoever waits is told. Called once.
    pub(super) fn complete(&self) {
        // Relaxed: published by the lock below.
        self.elapsed_ns.store(self.now_ns(), Relaxed);
        if lock(&self.queue).left() > 0 {
            self.cancel_the_rest();
        }
        if let Some(outer) = &self.outer {
            let bars = self.bars_for_outer(&outer.name, outer.live.run());
            lock(&outer.live.run().extra_bars).extend(bars);
        }
        if let Some(observer) = &self.observer {
            observer.end();
        }
        let mut end = lock(&self.end);
        end.ended = true;
        let waiter = end.waiter.take();
        drop(end);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    fn cancel_the_rest(&self) {
        for (node, slot) in (0_u32..).zip(&self.slots) {
            let left = slot.with(|record| {
                let open = matches!(record.status, NodeStatus::Waiting | NodeStatus::Running);
                open.then(|| {
                    record.status = NodeStatus::Cancelled;
                    std::mem::replace(&mut record.content, Content::Nothing)
                })
            });
            if let Some(content) = left {
                // A panic of somebody's drop has nobody to go to.
                let _ = drop_guarded(content);
                self.tell(node, || Step::Cancelled);
            }
        }
    }

    /// This run's bars as the run around it draws them.
    fn bars_for_outer(&self, name: &str, outer: &Self) -> Vec<Bar> {
        let later = u64::try_from(self.begun.duration_since(outer.begun).as_nanos()).unwrap_or(0);
        let mut bars = self.bars();
        for bar in &mut bars {
            bar.name = format!("{name}/{}", bar.name);
            bar.begun += later;
            bar.ended += later;
            bar.node = None;
        }
        bars
    }

    /// Whether the run has ended; if not the waker will be woken when it has.
    pub(super) fn poll_end(&self, waker: &Waker) -> bool {
        // Cloned before the lock is taken: a waker is somebody else's code.
        let waker = waker.clone();
        let mut end = lock(&self.end);
        let ended = end.ended;
        let old = if ended { Some(waker) } else { end.waiter.replace(waker) };
        drop(end);
        drop(old);
        ended
    }

    /// Whether the run has ended.
    pub(super) fn has_ended(&self) -> bool {
        lock(&self.end).ended
    }

    /// Nobody waits any more.
    pub(super) fn forget_waiter(&self) {
        let old = lock(&self.end).waiter.take();
        drop(old);
    }
}
