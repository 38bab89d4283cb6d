//! What the tests share: schedulers under a watchdog.
#![forbid(unsafe_code)]

use qi_sched::Scheduler;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Far more than any test needs on a machine that is busy with others.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `body` on a thread of its own; fails if it has not ended within [`LIMIT`].
pub(crate) fn watched<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = channel();
    let watched = thread::spawn(move || {
        let _ = done.send(body());
    });
    match result.recv_timeout(LIMIT) {
        Ok(result) => {
            watched.join().expect("the body has returned");
            result
        }
        Err(RecvTimeoutError::Timeout) => panic!("the test hangs"),
        Err(RecvTimeoutError::Disconnected) => match watched.join() {
            Err(payload) => resume_unwind(payload),
            Ok(()) => panic!("the body returned, but gave no result"),
        },
    }
}

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
