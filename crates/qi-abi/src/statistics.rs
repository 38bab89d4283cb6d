//! Figures of a runtime as C sees them, and its tasks as lines of text.

use std::fmt::Write;

use qi_runtime::{Handle, RuntimeStats, TaskPriority, TaskStatus};

use crate::code::Code;
use crate::structs::Versioned;

/// Figures of one moment. They are read one after the other while tasks go on, so sums may be off by
/// what happened meanwhile; when nothing runs they add up exactly.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct RuntimeFigures {
    /// `sizeof(qi_stats)`, to be set before the call.
    pub struct_size: u32,
    /// Configured worker threads.
    pub worker_threads: u32,
    /// Workers that `qi_runtime_worker_stats` knows: the configured ones, and extra ones after them.
    pub workers: u32,
    /// 0.
    pub reserved: u32,
    /// Tasks spawned and in no final state.
    pub active_tasks: u64,
    /// Tasks that are runnable now.
    pub queued_tasks: u64,
    /// Tasks that completed, those that answered an error of their own too.
    pub completed_tasks: u64,
    /// Tasks that were cancelled.
    pub cancelled_tasks: u64,
    /// Tasks that panicked.
    pub failed_tasks: u64,
    /// Tasks spawned so far.
    pub spawned_tasks: u64,
    /// Polls of tasks, by all workers together.
    pub polls: u64,
    /// Successful thefts.
    pub steals: u64,
    /// Times a worker went to sleep.
    pub parks: u64,
    /// Children run in place of their parent.
    pub run_in_place: u64,
    /// Tasks that did not fit a local queue.
    pub overflows: u64,
    /// Entries in the global queue.
    pub global_queue_depth: u64,
    /// Threads of the pool for blocking calls.
    pub blocking_threads: u64,
    /// Of these, how many wait for a call.
    pub idle_blocking_threads: u64,
    /// Polls that lasted longer than the stall threshold, 10 ms.
    pub stalls: u64,
    /// Extra workers started because all others were stuck.
    pub extra_workers_started: u64,
    /// Chunks of task memory held, 64 KiB each but for tasks above 16 KiB.
    pub memory_chunks: u64,
    /// Timers that are set now.
    pub timers: u64,
    /// Sockets and other sources of events that are registered now.
    pub io_sources: u64,
    /// Coroutine stacks in use.
    pub live_stacks: u64,
    /// Unused coroutine stacks that are kept in memory.
    pub hot_stacks: u64,
    /// The least memory that coroutine stacks keep resident, in bytes.
    pub stack_bytes: u64,
}

// SAFETY: `repr(C)`, begins with a u32, and has only numbers.
unsafe impl Versioned for RuntimeFigures {
    const FIRST: usize = size_of::<RuntimeFigures>();
}

/// What one worker did.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerFigures {
    /// `sizeof(qi_worker_stats)`, to be set before the call.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Polls of tasks of low priority.
    pub low_polls: u64,
    /// Polls of tasks of normal priority.
    pub normal_polls: u64,
    /// Polls of tasks of high priority.
    pub high_polls: u64,
    /// Polls of tasks of critical priority.
    pub critical_polls: u64,
    /// Successful thefts.
    pub steals: u64,
    /// Times it went to sleep.
    pub parks: u64,
    /// Children run in place of their parent.
    pub run_in_place: u64,
    /// Tasks that did not fit its queue.
    pub overflows: u64,
    /// Entries in its queues.
    pub queue_depth: u64,
    /// The longest poll, in nanoseconds: exact for long ones, an upper bound for those of microseconds.
    pub longest_poll_ns: u64,
}

// SAFETY: `repr(C)`, begins with a u32, and has only numbers.
unsafe impl Versioned for WorkerFigures {
    const FIRST: usize = size_of::<WorkerFigures>();
}

/// The figures of a runtime.
pub(crate) fn of_runtime(handle: &Handle) -> RuntimeFigures {
    let stats = handle.stats();
    let stacks = stats.coroutines.stacks.unwrap_or_default();
    let sum = |of: fn(&qi_runtime::WorkerStats) -> u64| stats.workers.iter().map(of).sum();
    RuntimeFigures {
        struct_size: 0,
        worker_threads: small(stats.worker_threads),
        workers: small(stats.workers.len()),
        reserved: 0,
        active_tasks: stats.active_tasks,
        queued_tasks: stats.queued_tasks,
        completed_tasks: stats.completed_tasks,
        cancelled_tasks: stats.cancelled_tasks,
        failed_tasks: stats.failed_tasks,
        spawned_tasks: stats.spawned_tasks,
        polls: sum(|worker| worker.polls.iter().sum()),
        steals: sum(|worker| worker.steals),
        parks: sum(|worker| worker.parks),
        run_in_place: sum(|worker| worker.run_in_place),
        overflows: sum(|worker| worker.overflows),
        global_queue_depth: wide(stats.global_queue_depth),
        blocking_threads: wide(stats.blocking_threads),
        idle_blocking_threads: wide(stats.idle_blocking_threads),
        stalls: stats.stalls,
        extra_workers_started: stats.extra_workers_started,
        memory_chunks: wide(stats.memory_chunks),
        timers: stats.timers(),
        io_sources: wide(stats.io_sources()),
        live_stacks: wide(stacks.live_stacks),
        hot_stacks: wide(stacks.hot_stacks),
        stack_bytes: wide(stacks.resident_bytes_at_least),
    }
}

/// The figures of one worker.
///
/// # Errors
/// [`Code::ERR_INVALID`] if there is no such worker.
pub(crate) fn of_worker(handle: &Handle, index: u32) -> Result<WorkerFigures, Code> {
    let stats = handle.stats();
    let index = usize::try_from(index).map_err(|_| Code::ERR_INVALID)?;
    let worker = stats.workers.get(index).ok_or(Code::ERR_INVALID)?;
    let [low_polls, normal_polls, high_polls, critical_polls] = worker.polls;
    Ok(WorkerFigures {
        struct_size: 0,
        reserved: 0,
        low_polls,
        normal_polls,
        high_polls,
        critical_polls,
        steals: worker.steals,
        parks: worker.parks,
        run_in_place: worker.run_in_place,
        overflows: worker.overflows,
        queue_depth: wide(worker.queue_depth),
        longest_poll_ns: u64::try_from(worker.longest_poll.as_nanos()).unwrap_or(u64::MAX),
    })
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A line about the runtime and one about each live task, none of which is polled for it.
pub(crate) fn lines(handle: &Handle) -> Vec<String> {
    let stats = handle.stats();
    let mut lines = vec![summary(&stats)];
    let mut tasks = stats.tasks();
    tasks.sort_by_key(|task| task.id.as_u64());
    lines.extend(tasks.into_iter().map(|task| {
        let mut line = format!("task {}", task.id.as_u64());
        // Writing to a text does not fail.
        if let Some(name) = &task.name {
            let _ = write!(line, " `{name}`");
        }
        let (state, lane) = (state(task.status), word(task.lane));
        let _ = write!(line, ": {state}, {lane}");
        if task.lane != task.priority {
            let _ = write!(line, " (its own: {})", word(task.priority));
        }
        let _ = write!(line, ", {:.2} s old, polled {} times", task.age.as_secs_f64(), task.polls);
        let kinds =
            [(task.coroutine, "coroutine"), (task.blocking, "blocking"), (task.pinned, "pinned")];
        for (_, kind) in kinds.iter().filter(|(is, _)| *is) {
            let _ = write!(line, ", {kind}");
        }
        line
    }));
    lines
}

fn summary(stats: &RuntimeStats) -> String {
    format!(
        "{} tasks, {} of them queued; {} workers, {} threads for blocking calls; {} timers, {} sources of events",
        stats.active_tasks,
        stats.queued_tasks,
        stats.worker_threads,
        stats.blocking_threads,
        stats.timers(),
        stats.io_sources(),
    )
}

fn state(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Pending => "pending",
        TaskStatus::Running => "running",
        TaskStatus::Waiting => "waiting",
        TaskStatus::Completed => "completed",
        TaskStatus::Cancelled => "cancelled",
        TaskStatus::Failed => "failed",
    }
}

fn word(priority: TaskPriority) -> &'static str {
    match priority {
        TaskPriority::Low => "low",
        TaskPriority::Normal => "normal",
        TaskPriority::High => "high",
        TaskPriority::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[test]
    fn a_line_tells_what_a_task_is() {
        let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
        let builder = runtime.task().name("waits").priority(TaskPriority::High);
        let task = builder.spawn(pending::<()>());
        let lines = lines(runtime.handle());
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("1 tasks"), "{lines:?}");
        let begin = format!("task {} `waits`: ", task.id().as_u64());
        assert!(lines[1].starts_with(&begin) && lines[1].contains("high"), "{lines:?}");
    }

    #[test]
    fn worker_that_does_not_exist_is_an_error() {
        let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
        assert!(of_worker(runtime.handle(), 0).is_ok());
        assert_eq!(of_worker(runtime.handle(), u32::MAX).err(), Some(Code::ERR_INVALID));
        assert_eq!(of_runtime(runtime.handle()).worker_threads, 1);
    }
}
