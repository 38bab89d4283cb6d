//! What the tests share: schedulers under a watchdog, futures polled by hand.
#![forbid(unsafe_code)]

use qi_sched::Scheduler;
use qi_test_kit::{WakeCount, poll_with};
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::Poll;
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

/// Waits for another thread to bring something about.
pub(crate) fn until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        thread::yield_now();
    }
}

/// A future polled by hand, as a task would: when it was woken.
pub(crate) struct Hand<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    pub(crate) wakes: WakeCount,
}

impl<'a, T> Hand<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Box::pin(future), wakes: WakeCount::new() }
    }

    /// One that waits after its first poll.
    pub(crate) fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut hand = Self::new(future);
        assert!(hand.poll().is_pending(), "it need not wait");
        hand
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        poll_with(self.future.as_mut(), &self.wakes.waker())
    }

    /// Polls as often as it is woken.
    #[track_caller]
    pub(crate) fn finish(mut self) -> T {
        loop {
            match self.poll() {
                Poll::Ready(output) => return output,
                Poll::Pending => assert!(self.wakes.take() > 0, "waits, and nobody woke it"),
            }
        }
    }
}
