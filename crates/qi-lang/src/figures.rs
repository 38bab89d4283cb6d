//! Figures of the runtime, for the language.
#![forbid(unsafe_code)]

use qi_runtime::TaskPriority;

use crate::{arena, crew, quiet, run};

/// A figure by its number; `None` if there is no such one.
pub(crate) fn figure(number: i64) -> Option<i64> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    match number {
        0 => return Some(quiet::live().0),
        9 => return Some(count(arena::bytes() as u64)),
        1..=8 => {}
        _ => return None,
    }
    let Some(runtime) = run::started() else { return Some(0) };
    let stats = runtime.stats();
    // Coroutines are no tasks of the runtime; their hands are, and nobody wants to know of these.
    let (live, ended) = quiet::live();
    let live = u64::try_from(live).unwrap_or(0);
    Some(count(match number {
        1 => (stats.active_tasks + live).saturating_sub(crew::hands() as u64),
        2 => stats.queued_tasks + crew::queued() as u64,
        3 => stats.completed_tasks + ended,
        4 => stats.spawned_tasks + ended + live,
        5 => stats.worker_threads as u64,
        6 => stats.stalls,
        7 => stats.timers(),
        _ => stats.io_sources() as u64,
    }))
}

/// A lane by its number: 0 is the lowest.
pub(crate) fn lane(number: i64) -> Option<TaskPriority> {
    let lanes =
        [TaskPriority::Low, TaskPriority::Normal, TaskPriority::High, TaskPriority::Critical];
    lanes.get(usize::try_from(number).ok()?).copied()
}
