//! What the tests share: a watchdog, schedulers, an event.
#![forbid(unsafe_code)]

use qi_sched::{Scheduler, TaskStatus};
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
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
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("the test hangs"),
        Err(RecvTimeoutError::Disconnected) => match watched.join() {
            Err(payload) => resume_unwind(payload),
            Ok(()) => panic!("the body returned, but gave no result"),
        },
    }
}

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

/// Waits, awake, for another thread to bring something about.
pub(crate) fn until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        thread::yield_now();
    }
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

/// An event that happens once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Event {
    pub(crate) fn set(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        let wakers = std::mem::take(&mut state.1);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn wait(&self) -> impl Future<Output = ()> + Send + use<> {
        let event = self.clone();
        poll_fn(move |cx| {
            let mut state = event.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.0 {
                return Poll::Ready(());
            }
            if !state.1.iter().any(|known| known.will_wake(cx.waker())) {
                state.1.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}
