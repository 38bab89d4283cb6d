//! Figures of a scheduler, and the list of its live tasks.
#![forbid(unsafe_code)]

use crate::priority::TaskPriority;
use crate::scheduler::Shared;
use crate::task::{TaskId, TaskStatus};
use crate::worker::Seat;
use crate::worker::counters::TaskCounters;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// Figures of one moment. They are read one after the other while tasks go on, so sums may be off
/// by what happened meanwhile; when nothing runs they add up exactly.
#[derive(Clone)]
#[non_exhaustive]
pub struct SchedStats {
    /// Tasks spawned and in no final state.
    pub active_tasks: u64,
    /// Tasks that are runnable now.
    pub queued_tasks: u64,
    /// Tasks that reached Completed.
    pub completed_tasks: u64,
    /// Tasks that reached Cancelled.
    pub cancelled_tasks: u64,
    /// Tasks that reached Failed.
    pub failed_tasks: u64,
    /// Tasks spawned so far.
    pub spawned_tasks: u64,
    /// Configured workers.
    pub worker_threads: usize,
    /// Entries in the global queue.
    pub global_queue_depth: usize,
    /// What each worker did; after the configured workers come the extra ones.
    pub workers: Vec<WorkerStats>,
    /// Threads of the pool for blocking calls.
    pub blocking_threads: usize,
    /// Of these, how many wait for a call.
    pub idle_blocking_threads: usize,
    /// Polls that lasted longer than the `stall_threshold`.
    pub stalls: u64,
    /// Extra workers started because all others were stuck.
    pub extra_workers_started: u64,
    /// Nested blocks that could return, but lay under another block of their thread for longer than
    /// the `stall_threshold`.
    pub covered_blocks: u64,
    /// Chunks of task memory held, 64 KiB each but for tasks above 16 KiB.
    pub memory_chunks: usize,
    shared: Arc<Shared>,
}

/// Figures of one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Polls per lane, Low first.
    pub polls: [u64; TaskPriority::COUNT],
    /// Successful thefts.
    pub steals: u64,
    /// Times the worker went to sleep.
    pub parks: u64,
    /// Children run in place.
    pub run_in_place: u64,
    /// Tasks that did not fit the local queue.
    pub overflows: u64,
    /// Entries in the local queues.
    pub queue_depth: usize,
    /// The longest poll. Polls of a few microseconds are timed in groups, so this is exact for
    /// long polls and an upper bound for short ones.
    pub longest_poll: Duration,
}

/// One live task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// The task's id.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// What it is doing.
    pub status: TaskStatus,
    /// The lane it is queued in: its own priority, or that of whoever waits for it.
    pub lane: TaskPriority,
    /// Its own priority.
    pub priority: TaskPriority,
    /// Where it was spawned.
    pub location: &'static Location<'static>,
    /// Time since it was spawned, to about 10 ms.
    pub age: Duration,
    /// How often it was polled.
    pub polls: u32,
    /// Whether it stays on one thread or seat.
    pub pinned: bool,
    /// Whether it is a blocking call.
    pub blocking: bool,
    /// Whether it is a coroutine, with a stack of its own.
    pub coroutine: bool,
}

impl SchedStats {
    pub(crate) fn collect(shared: &Arc<Shared>) -> Self {
        let all = || shared.seats.iter().map(|seat| &seat.counters.tasks).chain([&*shared.foreign]);
        let sum = |of: fn(&TaskCounters) -> u64| all().map(of).sum::<u64>();
        // What ends a thing is read before what begins it, so that no difference is negative.
        let [completed, cancelled, failed] =
            [sum(|c| c.completed.get()), sum(|c| c.cancelled.get()), sum(|c| c.failed.get())];
        let claimed = sum(|c| c.claimed.get());
        let spawned = sum(|c| c.spawned.get()) + shared.pool.desks.spawned();
        let runnable = spawned + sum(|c| c.woken.get());
        let (blocking_threads, idle_blocking_threads) = shared.blocking.threads();
        Self {
            active_tasks: spawned.saturating_sub(completed + cancelled + failed),
            queued_tasks: runnable.saturating_sub(claimed),
            completed_tasks: completed,
            cancelled_tasks: cancelled,
            failed_tasks: failed,
            spawned_tasks: spawned,
            worker_threads: shared.config.worker_threads,
            global_queue_depth: shared.global_len(),
            workers: shared.seats.iter().map(|seat| WorkerStats::of(seat)).collect(),
            blocking_threads,
            idle_blocking_threads,
            stalls: shared.monitor.stalls.get(),
            extra_workers_started: shared.monitor.extra_workers.get(),
            covered_blocks: shared.covered.reports.get(),
            memory_chunks: shared.pool.chunk_count(),
            shared: shared.clone(),
        }
    }

    /// The live tasks as they are now, without polling any. It takes time in proportion to the
    /// memory of all tasks, and holds spawns up for moments of that.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.shared.live_tasks().iter().map(|task| TaskInfo::of(&self.shared, task)).collect()
    }
}

impl WorkerStats {
    fn of(seat: &Seat) -> Self {
        let counters = &seat.counters;
        Self {
            polls: std::array::from_fn(|lane| counters.polls[lane].get()),
            steals: counters.steals.get(),
            parks: counters.parks.get(),
            run_in_place: counters.in_place.get(),
            overflows: counters.overflows.get(),
            queue_depth: seat.stealers.len() + seat.inbox.len(),
            longest_poll: Duration::from_nanos(counters.longest_poll_ns.get()),
        }
    }
}

impl TaskInfo {
    fn of(shared: &Shared, task: &crate::task::Header) -> Self {
        let word = task.state.load();
        Self {
            id: task.id(),
            name: task.name().map(|name| name.to_string()),
            status: word.into(),
            lane: word.lane(),
            priority: word.own_priority(),
            location: task.location(),
            age: shared.age(task.born()),
            polls: task.polls(),
            pinned: word.is_pinned(),
            blocking: word.is_blocking(),
            coroutine: word.is_stackful(),
        }
    }
}

impl fmt::Debug for SchedStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedStats")
            .field("active_tasks", &self.active_tasks)
            .field("queued_tasks", &self.queued_tasks)
            .field("completed_tasks", &self.completed_tasks)
            .field("cancelled_tasks", &self.cancelled_tasks)
            .field("failed_tasks", &self.failed_tasks)
            .field("worker_threads", &self.worker_threads)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
