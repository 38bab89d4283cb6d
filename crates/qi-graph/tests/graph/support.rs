//! Runtimes, runs that may not hang, counts, logs.

use qi_graph::{Graph, Options, Report};
use qi_runtime::AsyncRuntime;
pub(crate) use qi_test_kit::{Event as Gate, Seeded, until, watched};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

pub(crate) fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("a runtime starts")
}

/// Runs a test's body on one worker and on three, each under a watchdog.
pub(crate) fn on_few_and_many_workers(body: impl Fn(&AsyncRuntime) + Send + Sync + 'static) {
    let body = Arc::new(body);
    for workers in [1, 3] {
        let body = body.clone();
        watched(move || {
            let runtime = runtime(workers);
            body(&runtime);
            until(|| runtime.stats().active_tasks == 0);
        });
    }
}

/// Runs a graph that is right.
pub(crate) fn run(runtime: &AsyncRuntime, graph: Graph, options: Options) -> Report {
    runtime.block_on(graph.start_on(runtime.handle(), options).expect("the graph is right"))
}

/// A count that nodes raise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no panic under it").push(what.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic under it").clone()
    }
}
