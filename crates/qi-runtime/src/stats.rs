//! Figures of a runtime.

use crate::driver::ReactorDriver;
use qi_reactor::ShardStats;
use qi_sched::{SchedStats, TaskInfo, WorkerStats};
use qi_stackful::{CoroutineStats, Coroutines};

/// Figures of one moment. They are read one after the other while tasks go on, so sums may be off
/// by what happened meanwhile; when nothing runs they add up exactly.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
/// runtime.block_on(runtime.spawn(async {})).unwrap();
/// let stats = runtime.stats();
/// assert_eq!(stats.completed_tasks, 1);
/// assert_eq!(stats.active_tasks, 0);
/// assert_eq!(stats.queued_tasks, 0);
/// assert_eq!(stats.worker_threads, 1);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuntimeStats {
    /// Tasks spawned and in no final state.
    pub active_tasks: u64,
    /// Tasks that are runnable now.
    pub queued_tasks: u64,
    /// Tasks that reached Completed.
    pub completed_tasks: u64,
    /// Configured worker threads.
    pub worker_threads: usize,
    /// Tasks that were cancelled.
    pub cancelled_tasks: u64,
    /// Tasks that panicked.
    pub failed_tasks: u64,
    /// Tasks spawned so far.
    pub spawned_tasks: u64,
    /// What each worker did; after the configured workers come the extra ones.
    pub workers: Vec<WorkerStats>,
    /// Entries in the global queue.
    pub global_queue_depth: usize,
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
    /// Coroutines: their stacks, and those that block a thread.
    pub coroutines: CoroutineStats,
    /// I/O sources and timers, per worker.
    pub io: Vec<ShardStats>,
    scheduler: SchedStats,
}

impl RuntimeStats {
    pub(crate) fn collect(handle: &qi_sched::Handle, driver: Option<&ReactorDriver>) -> Self {
        let scheduler = handle.stats();
        let io = driver.map(ReactorDriver::reactor).map_or_else(Vec::new, |reactor| {
            (0..reactor.shards()).map(|shard| reactor.stats(shard)).collect()
        });
        Self {
            active_tasks: scheduler.active_tasks,
            queued_tasks: scheduler.queued_tasks,
            completed_tasks: scheduler.completed_tasks,
            worker_threads: scheduler.worker_threads,
            cancelled_tasks: scheduler.cancelled_tasks,
            failed_tasks: scheduler.failed_tasks,
            spawned_tasks: scheduler.spawned_tasks,
            workers: scheduler.workers.clone(),
            global_queue_depth: scheduler.global_queue_depth,
            blocking_threads: scheduler.blocking_threads,
            idle_blocking_threads: scheduler.idle_blocking_threads,
            stalls: scheduler.stalls,
            extra_workers_started: scheduler.extra_workers_started,
            covered_blocks: scheduler.covered_blocks,
            memory_chunks: scheduler.memory_chunks,
            coroutines: Coroutines::of(handle).map(Coroutines::stats).unwrap_or_default(),
            io,
            scheduler,
        }
    }

    /// The live tasks as they are now, without polling any: state, lane, name, place of spawning,
    /// age, polls. It takes time in proportion to the memory of all tasks.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.scheduler.tasks()
    }

    /// Timers that are set now.
    #[must_use]
    pub fn timers(&self) -> u64 {
        self.io.iter().map(|shard| shard.timers).sum()
    }

    /// I/O sources that are registered now.
    #[must_use]
    pub fn io_sources(&self) -> usize {
        self.io.iter().map(|shard| shard.sources).sum()
    }
}
