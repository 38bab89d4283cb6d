//! The protocols of this crate under loom: the production files, run through every interleaving
//! (and every stale value that the memory model allows) with at most so many pre-emptions.
//!
//! Each test explores a few small scenarios. A scenario stands for what surrounds the protocol in
//! production with as little as possible; what it asserts is what the invariants promise.

mod desk;
mod join;
mod lock;
mod monitor;
mod place;
mod seats;
mod shutdown;
mod sleep;
mod stackful;
mod task_state;
mod watched;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bound unless `LOOM_MAX_PREEMPTIONS` says another.
const PREEMPTIONS: usize = 3;

/// Explores the scenarios of one model one after the other, and says how much there was.
pub(crate) fn explore(name: &str, scenarios: &[fn()]) {
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
