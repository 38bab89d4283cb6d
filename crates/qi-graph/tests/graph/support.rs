//! Runtimes, runs that may not hang, counts, gates.

use qi_graph::{Graph, Options, Report};
use qi_runtime::AsyncRuntime;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// After this long a test is considered hung. It only ever ends a failing test.
const HUNG: Duration = Duration::from_secs(120);

pub(crate) fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("a runtime starts")
}

/// Runs a test's body on one worker and on three, each on a thread of its own; ends the process if
/// it hangs.
pub(crate) fn on_few_and_many_workers(body: impl Fn(&AsyncRuntime) + Send + Sync + 'static) {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let body = Arc::new(body);
    for workers in [1, 3] {
        let body = body.clone();
        let (done, ended) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime(workers);
            body(&runtime);
            until(|| runtime.stats().active_tasks == 0);
            let _ = done.send(());
        });
        if ended.recv_timeout(HUNG) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{name} hangs with {workers} worker(s)");
            std::process::abort();
        }
        if let Err(payload) = thread.join() {
            std::panic::resume_unwind(payload);
        }
    }
}

/// Runs a graph that is right.
pub(crate) fn run(runtime: &AsyncRuntime, graph: Graph, options: Options) -> Report {
    runtime.block_on(graph.start_on(runtime.handle(), options).expect("the graph is right"))
}

/// Waits, awake, until something holds that other threads bring about.
pub(crate) fn until(holds: impl Fn() -> bool) {
    while !holds() {
        thread::yield_now();
    }
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

/// An event that happens once; nodes await it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let mut state = self.0.lock().expect("no panic under it");
        state.0 = true;
        let wakers = std::mem::take(&mut state.1);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().expect("no panic under it").1.len()
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().expect("no panic under it");
        if state.0 {
            return Poll::Ready(());
        }
        if !state.1.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.1.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Repeatable randomness; the seed is printed, so that a failure can be repeated.
#[derive(Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("QI_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(0x5149_4752_u64);
        println!("{test}: QI_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit` (Steele, Lea and Flood's `SplitMix64`).
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}
