//! The way from Running to Stopped: close, drain, join. The phases and their race are in
//! [`crate::shutdown`]; here is what is done in each.
#![forbid(unsafe_code)]

use super::shared::Shared;
use crate::error::ShutdownError;
use crate::queue::HomeQueues;
use crate::shutdown::Phase;
use crate::task::{Home, Outcome, TaskRef};
use crate::worker::{Context, Core};
use crate::{PanicPolicy, TaskStatus};
use std::sync::atomic::{Ordering::SeqCst, fence};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// While it drains, the scheduler looks this often whether a notice was missed.
const DRAIN_SLICE: Duration = Duration::from_millis(10);

/// What a graceful shutdown came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Tasks that reached Completed after the shutdown began.
    pub completed: u64,
    /// Tasks that were cancelled.
    pub cancelled: u64,
    /// Tasks that failed meanwhile.
    pub failed: u64,
    /// Tasks that did not end in time, in words.
    pub left_behind: Vec<String>,
}

/// Where a shutdown waits for the end.
#[derive(Debug, Default)]
pub(crate) struct Finish {
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Finish {
    pub(crate) fn notify(&self) {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Waits until `done` or the deadline (`None`: one beyond what the clock can say); `done` is
    /// asked again after each change.
    fn wait(&self, deadline: Instant, mut done: impl FnMut() -> bool) -> bool {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if done() {
                return true;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            changes =
                self.changed.wait_timeout(changes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    #[inline]
    pub(crate) fn is_closing(&self) -> bool {
        self.gate.phase() >= Phase::Closing
    }

    /// Whether the walk over all tasks is over: a task that nobody has asked to end was born unseen,
    /// by a spawner that had read the phase before it changed. (I10)
    #[inline]
    pub(crate) fn cancels_all(&self) -> bool {
        self.is_closing() && self.gate.walk_is_done()
    }

    /// Whether a worker may spawn tasks for any worker without further ado.
    #[inline]
    pub(super) fn accepts_children(&self) -> bool {
        self.config.work_stealing && !self.is_closing()
    }

    /// Begins the end: nothing more is spawned, everybody is woken to see it.
    pub(crate) fn close(&self) {
        if self.gate.advance(Phase::Closing) {
            tracing::debug!(live = self.live_count(), "scheduler is closing");
            self.wake_workers();
            self.blocking.close();
            self.monitor.stop();
            self.finish.notify();
        }
    }

    /// Wakes every thread that has a seat, or waits for one, to see how far the end has come.
    fn wake_workers(&self) {
        for seat in 0..self.config.worker_threads {
            self.driver.unpark(seat);
        }
        for seat in &self.seats {
            if let Some(slot) = seat.occupant() {
                slot.unpark(self);
            }
        }
        for slot in self.threads.spare.all() {
            slot.unpark(self);
        }
    }

    /// A worker's part while the scheduler closes; `true` when it has nothing left and leaves.
    /// The first worker that comes here cancels all tasks.
    pub(crate) fn take_part_in_closing(&self, worker: &Context) -> bool {
        if self.gate.take_walk() {
            self.cancel_all();
            // All of them are cancelled: the pool's own threads may be busy for long.
            self.blocking.hand_to_workers(self);
            self.gate.end_walk();
            self.wake_workers();
        }
        self.gate.may_leave() && self.nothing_left_for(worker)
    }

    /// Lets the workers leave if nobody is at work any more. Whoever may have been the last calls
    /// this: a worker that has announced its sleep, and any other thread at its end.
    ///
    /// Nobody leaves earlier, because a thread that is still at work (in a blocking call, or in a
    /// `block_on` inside a task) may wait for a timer, an event or a task: somebody has to bring
    /// them about.
    pub(crate) fn leave_if_idle(&self) {
        if !self.is_closing() {
            return;
        }
        // Each caller has changed one of the counts before and looks at both now; with the fence in
        // between at least the last one sees that all is quiet.
        fence(SeqCst);
        if !(self.gate.walk_is_done() && self.sleep.all_asleep() && self.no_mail()) {
            return;
        }
        if !self.threads.only_residents() {
            // One of the others may be the monitor, which has waited for this.
            self.monitor.stop();
        } else if self.gate.let_leave() {
            self.wake_workers();
        }
    }

    /// Whether the end has begun, and nobody has come yet to cancel the tasks.
    pub(crate) fn waits_for_walk(&self) -> bool {
        self.is_closing() && !self.gate.walk_is_done()
    }

    /// Whether nothing is on the way to a worker that sleeps.
    fn no_mail(&self) -> bool {
        self.nothing_global()
            && self.seats.iter().all(|seat| {
                seat.inbox.is_empty() && seat.occupant().is_none_or(|slot| slot.inbox.is_empty())
            })
    }

    fn cancel_all(&self) {
        // Who is spawning at a desk has seen an earlier phase.
        self.pool.desks.pass();
        for task in self.live_tasks() {
            let word = task.state.load();
            // It may have ended meanwhile, or be a blocking call: then it is waited for.
            let _ = Self::cancel(&task);
            if word.is_scheduled() && word.may_run_anywhere_now() {
                // Its hint may lie where only one worker finds it, and that one's poll not return
                // before the task is gone.
                self.inject(task.for_turn(word.turn()), word.lane());
            }
        }
    }

    fn nothing_left_for(&self, worker: &Context) -> bool {
        let Some(core) = worker.core() else { return true };
        let inbox = worker.slot.as_ref().is_none_or(|slot| slot.inbox.is_empty());
        !core.has_at_hand()
            && core.queues.len() == 0
            && core.homed.is_empty()
            && core.shown.inbox.is_empty()
            && worker.pinned.is_empty()
            && worker.pinned_live.get() == 0
            && inbox
            && self.nothing_global()
    }

    /// A seat whose worker has left for good.
    pub(crate) fn retire(&self, core: Box<Core>) {
        self.pool.flush(&core.magazine);
    }

    /// What the last thread does: whatever was spawned unseen is dropped, and memory goes back.
    pub(crate) fn sweep(self: &Arc<Self>) {
        while !self.gate.is_quiet() {
            // A foreign thread is between two instructions of a spawn.
            std::thread::yield_now();
        }
        self.pool.desks.pass();
        if self.threads.running() > 0 || !self.gate.take_sweep() {
            // That spawn was a blocking call and has started a thread, which sweeps in its turn.
            return;
        }
        let sweeper = Context::new(self.clone(), None);
        sweeper.enter(|| {
            loop {
                let mut left = self.live_tasks();
                left.retain(|task| {
                    let word = task.state.load();
                    // A pinned task that has begun keeps its thread, so there is none here.
                    !word.is_running() && (word.is_fresh() || task.may_resume_on(None))
                });
                if left.is_empty() {
                    break;
                }
                for task in left {
                    let _ = Self::cancel(&task);
                    self.discard(task);
                }
                self.drop_hints();
            }
            self.drop_hints();
        });
        let spare =
            std::mem::take(&mut *self.spare_cores.lock().unwrap_or_else(PoisonError::into_inner));
        for core in spare {
            self.retire(core);
        }
        self.pool.close();
        // Before anybody is told of the end, so that a shutdown that returns has done this too.
        self.driver.stopped();
        self.gate.advance(Phase::Stopped);
        self.drop_hints();
        tracing::debug!("scheduler has stopped");
        self.finish.notify();
    }

    /// Called by whoever has just queued a hint: one that came after the last sweep would keep its
    /// task, and with it the scheduler, for ever.
    #[inline]
    pub(super) fn drop_late_hints(&self) {
        if self.gate.has_stopped() {
            self.drop_hints();
        }
    }

    /// Drops what lies in the shared queues: hints of tasks that have ended.
    fn drop_hints(&self) {
        let drained = HomeQueues::default();
        for seat in &self.seats {
            drained.collect(&seat.inbox);
        }
        for injector in &self.injectors {
            while !injector.is_empty() {
                drop(injector.steal().success());
            }
        }
        while let Some(hint) = self.backlogs.take(0, 1, drop) {
            drop(hint);
        }
        self.blocking.drop_queue();
    }

    /// Before anybody learns of a task's end: a panic may end the process instead.
    #[inline]
    pub(crate) fn before_end(&self, outcome: Outcome) {
        if outcome == Outcome::Failed && self.config.panic_policy == PanicPolicy::Abort {
            eprintln!("qi-sched: a task panicked, and the panic policy is to abort");
            std::process::abort();
        }
    }

    /// After a task's end: what its outcome asks of the scheduler, and whoever waits for all.
    #[inline]
    pub(crate) fn after_end(&self, outcome: Outcome) {
        if outcome == Outcome::Failed {
            match self.config.panic_policy {
                PanicPolicy::Isolate | PanicPolicy::Abort => {}
                PanicPolicy::Shutdown => self.close(),
            }
        }
        if self.gate.phase() == Phase::Draining && self.live_count() == 0 {
            self.finish.notify();
        }
    }

    /// Cancels what is left and waits for the threads, from outside; from one of the scheduler's
    /// own threads it only begins.
    pub(crate) fn shut_down(self: &Arc<Self>, timeout: Duration) -> Result<(), ShutdownError> {
        self.close();
        if self.is_own_thread() {
            return Ok(());
        }
        let begun = Instant::now();
        let deadline = begun + timeout;
        let stopped = self.finish.wait(deadline, || self.gate.phase() == Phase::Stopped);
        if stopped {
            for handle in self.threads.take_handles() {
                // A worker never panics: tasks' panics are caught.
                let _ = handle.join();
            }
            return Ok(());
        }
        Err(ShutdownError::LeftBehind {
            tasks: self.describe_live(),
            // Workers that sleep only keep the timers going for the others, and the monitor looks after
            // those that do not.
            threads: self
                .threads
                .running()
                .saturating_sub(self.sleep.sleepers() + usize::from(self.monitor.is_there())),
            waited: begun.elapsed(),
        })
    }

    /// Lets tasks finish until `deadline`, then shuts down.
    pub(crate) fn shut_down_gracefully(self: &Arc<Self>, deadline: Duration) -> ShutdownReport {
        let before = self.totals();
        self.gate.advance(Phase::Draining);
        // Somebody waits now.
        self.look_idle();
        if !self.is_own_thread() {
            let deadline = Instant::now().checked_add(deadline);
            let drained = || self.live_count() == 0 || self.gate.phase() >= Phase::Closing;
            let is_over = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            // In slices: two tasks that end at once on different workers may each miss the other's
            // count, as may one that ends just as the draining begins. A fence for each task's end
            // would cost more than a look now and then.
            while !is_over() {
                let slice = Instant::now() + DRAIN_SLICE;
                let until = deadline.map_or(slice, |deadline| deadline.min(slice));
                if self.finish.wait(until, drained) {
                    break;
                }
            }
        }
        let left_behind = match self.shut_down(self.config.shutdown_timeout) {
            Ok(()) => Vec::new(),
            Err(ShutdownError::LeftBehind { tasks, .. }) => tasks,
        };
        let after = self.totals();
        ShutdownReport {
            completed: after[0] - before[0],
            cancelled: after[1] - before[1],
            failed: after[2] - before[2],
            left_behind,
        }
    }

    fn totals(&self) -> [u64; 3] {
        let outcomes = [Outcome::Completed, Outcome::Cancelled, Outcome::Failed];
        outcomes.map(|outcome| {
            let seats: u64 =
                self.seats.iter().map(|seat| seat.counters.tasks.of(outcome).get()).sum();
            seats + self.foreign.of(outcome).get()
        })
    }

    fn describe_live(&self) -> Vec<String> {
        let describe = |task: &TaskRef| {
            let word = task.state.load();
            let status = TaskStatus::from(word);
            let kind = match task.home() {
                _ if word.is_stackful() => ", a coroutine",
                Home::Thread(_) => ", pinned",
                Home::Anywhere | Home::Seat(_) => "",
            };
            format!("{} ({status}{kind})", Self::describe(task))
        };
        self.live_tasks().iter().map(describe).collect()
    }
}
