//! The protocols of the channels under loom: the production files, run through every interleaving
//! (and every stale value that the memory model allows) with at most so many pre-emptions.
//!
//! A scenario fails if a value is touched by two at once or without an order between them, is lost
//! or is there twice, or if somebody sleeps whom nobody will wake (loom calls that a deadlock).
#![forbid(unsafe_code)]

mod oneshot;
mod queue;
mod waiting;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// The bound unless `LOOM_MAX_PREEMPTIONS` says another.
const PREEMPTIONS: usize = 2;

/// Explores the scenarios of one model one after the other, and says how much there was.
fn explore(name: &str, scenarios: &[fn()]) {
    let mut bound = PREEMPTIONS;
    let executions = Arc::new(AtomicUsize::new(0));
    for &scenario in scenarios {
        let mut builder = loom::model::Builder::new();
        // `Builder::new` has read the environment.
        bound = *builder.preemption_bound.get_or_insert(PREEMPTIONS);
        let counted = executions.clone();
        builder.check(move || {
            // Relaxed: loom runs one execution after the other on this thread.
            counted.fetch_add(1, Relaxed);
            scenario();
        });
    }
    println!("loom: {name} executions={} preemption_bound={bound}", executions.load(Relaxed));
}

/// Wakes a thread of a model.
struct Unpark(loom::sync::Notify);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Runs a future on a thread of a model, which sleeps until it is woken.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark(loom::sync::Notify::new()));
    let waker = Waker::from(unpark.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        unpark.0.wait();
        // A future may wake itself until another thread has gone on.
        loom::thread::yield_now();
    }
}

/// Polls a future once, and drops it if it is pending.
fn poll_and_drop<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Values that count how many of them live.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

/// One of them.
struct Item(Arc<AtomicUsize>);

impl Counted {
    fn item(&self) -> Item {
        // Relaxed: loom runs one thread at a time, and all is joined before it is read.
        self.0.fetch_add(1, Relaxed);
        Item(self.0.clone())
    }

    /// Fails if an item lives, or was dropped twice.
    fn assert_none_left(&self) {
        assert_eq!(self.0.load(Relaxed), 0, "values were lost, or dropped twice");
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        // Relaxed: as for `item`.
        self.0.fetch_sub(1, Relaxed);
    }
}
