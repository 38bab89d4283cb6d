//! The blocking twins: a plain thread waits for what a task would await.
//!
//! A worker that blocks gives its seat to another thread first and runs the tasks pinned to it
//! meanwhile, as in any `block_on`, so that whoever is to release it can run. A thread that works
//! for no scheduler just sleeps.
#![forbid(unsafe_code)]

use qi_sched::Handle;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Runs `future` to its end on the calling thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    match Handle::try_current() {
        Ok(handle) => handle.block_on(future),
        Err(_) => block_thread(future),
    }
}

fn block_thread<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parked = Arc::new(ThreadWaker { woken: AtomicBool::new(true), thread: thread::current() });
    let waker = Waker::from(parked.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        // Acquire: pairs with the waker's release. The flag is kept apart from the thread's park
        // token, which the future's own code may use up.
        if parked.woken.swap(false, Acquire) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
        } else {
            thread::park();
        }
    }
}

struct ThreadWaker {
    woken: AtomicBool,
    thread: Thread,
}

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with the acquire in `block_thread`.
        self.woken.store(true, Release);
        self.thread.unpark();
    }
}
