//! What the models of this crate share: exploring, and running futures on a model's threads.
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// Explores the scenarios of one model one after the other, with at most so many pre-emptions
/// unless `LOOM_MAX_PREEMPTIONS` says another, and says how much there was.
pub(crate) fn explore(name: &str, preemptions: usize, scenarios: &[fn()]) {
    let mut bound = preemptions;
    let executions = Arc::new(AtomicUsize::new(0));
    for &scenario in scenarios {
        let mut builder = loom::model::Builder::new();
        // `Builder::new` has read the environment.
        bound = *builder.preemption_bound.get_or_insert(preemptions);
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
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    block_on_and(future, || {})
}

/// As [`block_on`], and does something after each wake-up.
pub(crate) fn block_on_and<F: Future>(future: F, when_woken: impl Fn()) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark(loom::sync::Notify::new()));
    let waker = Waker::from(unpark.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        unpark.0.wait();
        when_woken();
    }
}

/// Polls a future once, and drops it if it is pending.
pub(crate) fn poll_and_drop<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
