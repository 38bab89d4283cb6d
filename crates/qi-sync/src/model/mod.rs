//! The protocols of this crate under loom: the production files, run through every interleaving
//! (and every stale value that the memory model allows) with at most so many pre-emptions.
//!
//! Each test explores a few small scenarios. A future that is never woken leaves its thread
//! waiting, which loom reports as a deadlock; a cell that two threads touch without an order
//! between them is reported too.

mod cancel;
mod mutex;
mod notify;
mod rwlock;
mod semaphore;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// The bound unless `LOOM_MAX_PREEMPTIONS` says another.
const PREEMPTIONS: usize = 3;

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
    }
}

/// Polls a future once, and drops it if it is pending.
fn poll_and_drop<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
