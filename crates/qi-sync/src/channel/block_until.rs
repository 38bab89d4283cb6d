//! Blocking a thread on one poll function, with a deadline.
//!
//! A worker gives its seat to another thread first. What is polled must not spend the cooperative
//! budget: inside a task it would run dry, and nobody would fill it up.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Polls until it is ready or `timeout` has passed. A timeout too long for the clock is none.
///
/// It polls at least once, also with a timeout of zero.
pub(super) fn block_until<R>(
    timeout: Duration,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>,
) -> Option<R> {
    if let Poll::Ready(ready) = poll(&mut Context::from_waker(Waker::noop())) {
        return Some(ready);
    }
    let deadline = Instant::now().checked_add(timeout);
    qi_sched::block_in_place(|| {
        let woken = AtomicBool::new(true);
        let parked = Arc::new(Parked { woken, thread: thread::current() });
        let waker = Waker::from(parked.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            // Acquire: pairs with the waker's release.
            if parked.woken.swap(false, Acquire) {
                if let Poll::Ready(ready) = poll(&mut cx) {
                    return Some(ready);
                }
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return None,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
    })
}

struct Parked {
    woken: AtomicBool,
    thread: Thread,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the acquire in `block_until`.
        self.woken.store(true, Release);
        self.thread.unpark();
    }
}
