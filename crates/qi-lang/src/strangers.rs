//! Threads that neither have called in nor belong to the runtime: they may call in at any time.
#![forbid(unsafe_code)]

use crate::{here, run};

/// Whether there are such threads.
pub(crate) fn are_there() -> bool {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return true };
    let others = tasks.flatten().filter(|task| {
        // One that has just ended is none.
        let name = std::fs::read_to_string(task.path().join("comm"));
        name.is_ok_and(|name| !name.starts_with(run::THREADS))
    });
    others.count() > here::threads().len()
}
