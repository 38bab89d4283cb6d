//! A watchdog, an event to wait for, and a way to keep a worker busy.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// After this long a test is considered hung. It only ever ends a failing test.
pub(crate) const HUNG: Duration = Duration::from_secs(60);

/// Runs a test's body on a thread of its own; ends the process if it hangs.
pub(crate) fn watched<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let (done, ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        let result = body();
        let _ = done.send(());
        result
    });
    if ended.recv_timeout(HUNG) == Err(mpsc::RecvTimeoutError::Timeout) {
        eprintln!("{name} hangs");
        std::process::abort();
    }
    match thread.join() {
        Ok(result) => result,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

/// An event that happens once; tasks await it, threads look at it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Event {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn set(&self) {
        let mut state = self.0.lock().expect("no user code runs under it");
        state.0 = true;
        let wakers = std::mem::take(&mut state.1);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().expect("no user code runs under it").0
    }

    /// How many wait for it.
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().expect("no user code runs under it").1.len()
    }

    /// Keeps the calling thread busy until it happens.
    pub(crate) fn spin(&self) {
        while !self.is_set() {
            thread::yield_now();
        }
    }
}

impl Future for Event {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().expect("no user code runs under it");
        if state.0 {
            return Poll::Ready(());
        }
        if !state.1.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.1.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Says whether it was dropped.
#[derive(Debug)]
pub(crate) struct Dropped(Arc<AtomicBool>);

impl Dropped {
    pub(crate) fn new() -> (Self, Arc<AtomicBool>) {
        let flag = Arc::new(AtomicBool::new(false));
        (Self(flag.clone()), flag)
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        assert!(!self.0.swap(true, SeqCst), "dropped once");
    }
}

/// Waits, awake, until something holds that another thread brings about.
pub(crate) fn until(holds: impl Fn() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}

/// Repeatable randomness; the seed is printed, so that a failure can be repeated.
#[derive(Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("QI_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(0x5149_2026_1122_u64);
        println!("{test}: QI_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit` (Steele, Lea and Flood's `SplitMix64`).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
