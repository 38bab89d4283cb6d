//! What the tests share: schedulers under a watchdog, waiting inside tasks.
#![forbid(unsafe_code)]

use qi_sched::{Scheduler, TaskStatus};
pub(crate) use qi_test_kit::{Event, until, watched};
use std::future::Future;
use std::panic::resume_unwind;

/// Runs `body` on a scheduler with one worker, and on one with four.
pub(crate) fn on_one_and_four(body: impl FnOnce(&Scheduler) + Clone + Send + 'static) {
    for workers in [1, 4] {
        let body = body.clone();
        watched(move || {
            let scheduler = Scheduler::builder().worker_threads(workers).build().unwrap();
            body(&scheduler);
            scheduler.shutdown().unwrap();
            assert_eq!(scheduler.stats().active_tasks, 0);
        });
    }
}

/// Runs the future that `make` makes as a task, on one worker and on four.
pub(crate) fn in_a_task<F>(make: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_one_and_four(move |scheduler| {
        let task = scheduler.spawn(make());
        if let Err(error) = scheduler.block_on(task) {
            resume_unwind(error.into_panic());
        }
    });
}

/// Yields until something holds that other tasks bring about.
pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    while !holds() {
        qi_sched::coop::yield_now().await;
    }
}

/// Whether a task is in a final state.
pub(crate) fn is_over(status: TaskStatus) -> bool {
    matches!(status, TaskStatus::Completed | TaskStatus::Cancelled | TaskStatus::Failed)
}
