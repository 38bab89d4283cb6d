//! What the tests of locks and of the other primitives share: schedulers under a watchdog.
#![forbid(unsafe_code)]

use qi_sched::Scheduler;
pub(crate) use qi_test_kit::watched;

/// Runs `body` on a scheduler with so many workers.
pub(crate) fn on(workers: usize, body: impl FnOnce(&Scheduler) + Send + 'static) {
    watched(move || {
        let scheduler = Scheduler::builder().worker_threads(workers).build().unwrap();
        body(&scheduler);
        scheduler.shutdown().unwrap();
    });
}

/// Runs `body` on one worker, and on two.
pub(crate) fn on_one_and_two(body: impl FnOnce(&Scheduler) + Clone + Send + 'static) {
    for workers in [1, 2] {
        on(workers, body.clone());
    }
}
